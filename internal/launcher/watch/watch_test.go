package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/utils/clock"
	testingclock "k8s.io/utils/clock/testing"
)

const (
	patient = 20 * time.Second
	never   = 24 * time.Hour
)

func next(t *testing.T, names <-chan string) string {
	t.Helper()
	select {
	case name := <-names:
		return name
	case <-time.After(patient):
		t.Fatal("nothing was told")
		return ""
	}
}

func TestTellsAtOnce(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	names := Dir(ctx, clock.RealClock{}, dir, never)
	steps := []struct {
		name string
		do   func(path string) error
	}{
		{"made", func(path string) error { return os.Mkdir(path, 0o755) }},
		{"linked", func(path string) error { return os.Symlink("x", path) }},
		{"renamed", func(path string) error { return os.Rename(filepath.Join(dir, "made"), path) }},
	}
	for _, step := range steps {
		if err := step.do(filepath.Join(dir, step.name)); err != nil {
			t.Fatal(err)
		}
		if got := next(t, names); got != step.name {
			t.Errorf("told %q, want %q", got, step.name)
		}
	}
}

// Writing into a checkpoint is no news; only its beginning and its end are.
func TestWritingIsNoNews(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	names := Dir(ctx, clock.RealClock{}, dir, never)
	f, err := os.Create(filepath.Join(dir, "big"))
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if _, err := f.WriteString("x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "end"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"big", "big", "end"} { // created, closed
		if got := next(t, names); got != want {
			t.Fatalf("told %q, want %q", got, want)
		}
	}
}

func TestLooksFromTimeToTime(t *testing.T) {
	for _, dir := range []string{t.TempDir(), "/no/such/directory"} {
		ctx, cancel := context.WithCancel(context.Background())
		c := testingclock.NewFakeClock(time.Unix(0, 0))
		names := Dir(ctx, c, dir, time.Minute)
		for range 3 {
			c.Step(time.Minute)
			if got := next(t, names); got != Look {
				t.Errorf("told %q", got)
			}
		}
		cancel()
	}
}
