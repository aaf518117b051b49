package checkpoint

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/clock"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

func newJob(t *testing.T) (Job, string) {
	t.Helper()
	job := JobIn(t.TempDir(), "elec", "12345678-9abc")
	if err := job.Make(1); err != nil {
		t.Fatal(err)
	}
	return job, job.Dir(1)
}

func commit(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestDir(t *testing.T) {
	if got := JobIn("/ckpt", "elec", "12345678-9abc").Dir(2); got != "/ckpt/elec-12345678/attempt-0002" {
		t.Error(got)
	}
}

func TestMakeTwice(t *testing.T) {
	job, _ := newJob(t)
	if err := job.Make(1); err != nil {
		t.Error(err)
	}
}

func TestNewest(t *testing.T) {
	tests := map[string]struct {
		names []string
		want  string
	}{
		"nothing":                   {nil, ""},
		"the highest, not the last": {[]string{"step-3", "step-20", "step-100", "step-0099"}, "step-100"},
		"what is no commit":         {[]string{".tmp-step-5", "step-", "step-5.tmp", "latest", "step-4"}, "step-4"},
		"none that is one":          {[]string{".tmp-1", "notes"}, ""},
		"step 0":                    {[]string{"step-0"}, "step-0"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			job, dir := newJob(t)
			for _, n := range tc.names {
				commit(t, dir, n)
			}
			got, ok, err := job.Newest(1)
			if err != nil || ok != (tc.want != "") || got.Name != tc.want {
				t.Errorf("%+v, %v, %v", got, ok, err)
			}
		})
	}
}

func TestFilesAreCommitsAndLinksAreNot(t *testing.T) {
	job, dir := newJob(t)
	if err := os.WriteFile(filepath.Join(dir, "step-1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "step-2")); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := job.Newest(1); err != nil || !ok || got.Step != 1 {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	if _, ok := job.Look(1, "step-2"); ok {
		t.Error("a link is taken for a commit")
	}
}

func TestNewestOfNoDirectory(t *testing.T) {
	if _, ok, err := JobIn(t.TempDir(), "j", "u").Newest(1); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestFind(t *testing.T) {
	job, dir := newJob(t)
	commit(t, dir, "step-1")
	if err := os.Symlink("step-1", filepath.Join(dir, "step-2")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, job.Dir(2)); err != nil {
		t.Fatal(err)
	}
	find := func(s string) (string, error) {
		ref, err := launchspec.ParseCheckpointRef(s)
		if err != nil {
			t.Fatal(err)
		}
		return job.Find(ref)
	}
	if got, err := find("attempt-0001/step-1"); err != nil || got != filepath.Join(dir, "step-1") {
		t.Errorf("%q, %v", got, err)
	}
	for _, s := range []string{"attempt-0001/step-2", "attempt-0002/step-1"} {
		if _, err := find(s); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"attempt-0001/step-9", "attempt-0009/step-1"} {
		if _, err := find(s); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestWatch(t *testing.T) {
	job, dir := newJob(t)
	commit(t, dir, "step-5") // before a launcher began
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := make(chan int64, 16)
	go job.Watch(ctx, clock.RealClock{}, 1, func(c launchspec.Checkpoint) { seen <- c.Step })
	if got := <-seen; got != 5 {
		t.Fatalf("saw %d", got)
	}
	for _, name := range []string{"step-4", ".tmp-6", "step-7"} {
		commit(t, dir, name)
	}
	if got := <-seen; got != 7 {
		t.Errorf("saw %d: an older one is no news", got)
	}
}

// What another machine commits is seen without an event, and a directory that
// has not changed is not listed again.
func TestLook(t *testing.T) {
	job, dir := newJob(t)
	var seen []int64
	w := watcher{job: job, attempt: 1, step: -1, newest: func(c launchspec.Checkpoint) { seen = append(seen, c.Step) }}
	w.see("")
	commit(t, dir, "step-1")
	old := time.Unix(1, 0)
	if err := os.Chtimes(dir, old, old); err != nil {
		t.Fatal(err)
	}
	w.see("")
	commit(t, dir, "step-2")
	if err := os.Chtimes(dir, old, old); err != nil {
		t.Fatal(err)
	}
	w.see("") // as it was
	if len(seen) != 1 || seen[0] != 1 {
		t.Errorf("saw %v", seen)
	}
	w.see("step-2")
	if len(seen) != 2 {
		t.Errorf("saw %v", seen)
	}
}

func TestWatchWithoutEvents(t *testing.T) {
	job := JobIn(t.TempDir(), "j", "u") // not there yet: nothing to watch
	c := testingclock.NewFakeClock(time.Unix(0, 0))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := make(chan int64, 1)
	go job.Watch(ctx, c, 1, func(c launchspec.Checkpoint) { seen <- c.Step })
	for !c.HasWaiters() {
		runtime.Gosched() // until the watch has begun
	}
	if err := job.Make(1); err != nil {
		t.Fatal(err)
	}
	commit(t, job.Dir(1), "step-3")
	for {
		select {
		case got := <-seen:
			if got != 3 {
				t.Errorf("saw %d", got)
			}
			return
		default:
			c.Step(every)
		}
	}
}
