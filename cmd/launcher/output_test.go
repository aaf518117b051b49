package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

func TestProgressIsServed(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvLogRules: `[{"name":"own","pattern":"lr=(?P<lr>\\S+)"}]`}},
		"be-print", "hello", `{"trainyard":{"step":3,"epoch":1,"metrics":{"loss":NaN}}}`, "2:at lr=0.1")
	status := r.until("both outputs' progress", func(s launchspec.Status) bool {
		return s.Progress != nil && s.Progress.Step != nil && s.Progress.Metrics["lr"] != 0
	})
	if *status.Progress.Step != 3 || *status.Progress.Epoch != 1 || len(status.Progress.NonFinite) != 1 || status.Progress.Metrics["lr"] != 0.1 || status.FirstStepAt == nil {
		t.Errorf("status %+v, progress %+v", status, status.Progress)
	}
	if got := r.out.String(); !strings.HasPrefix(got, "hello\n{\"trainyard\"") || r.err.String() != "at lr=0.1\n" {
		t.Errorf("passed on: %q and %q", got, r.err)
	}
	r.instruct(`{"attempt":2}`)
	r.until("the progress of attempt 2", func(s launchspec.Status) bool { return s.Attempt == 2 && s.Progress != nil })
}

func TestTheLastProgressIsLeft(t *testing.T) {
	t.Parallel()
	r := start(t, options{}, "sh", "-c", `echo '{"trainyard":{"step":9,"metrics":{"accuracy":0.78}}}'; exit 0`)
	if got := r.code(); got != 0 {
		t.Errorf("exit code %d", got)
	}
	message := r.termination()
	if message.Progress == nil || *message.Progress.Step != 9 || message.Progress.Metrics["accuracy"] != 0.78 {
		t.Errorf("termination message %+v", message)
	}
}

func TestOutputIsUnchanged(t *testing.T) {
	t.Parallel()
	sum := sha256.New()
	r := start(t, options{stdout: sum}, "be-noisy", "64")
	if got := r.code(); got != 0 {
		t.Errorf("exit code %d", got)
	}
	if got, want := r.err.String(), fmt.Sprintf("sum %x\n", sum.Sum(nil)); got != want {
		t.Errorf("the child wrote %q, %q came", got, want)
	}
}

// Output that nobody reads holds the child's writing up, as it would without a
// launcher, and nothing else.
func TestAStuckReaderHoldsNothingElseUp(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	r := start(t, options{stdout: write}, "sh", "-c", `echo '{"trainyard":{"step":1}}' >&2; "$0" be-noisy 8 '{"trainyard":{"step":2}}'`, self(t))
	_ = write.Close() // the launcher has its own
	r.until("step 1", func(s launchspec.Status) bool { return s.Progress != nil && *s.Progress.Step == 1 })
	if _, err := r.status(false); err != nil {
		t.Error(err)
	}
	n, err := io.Copy(io.Discard, read)
	if want := int64(8<<20 + len(`{"trainyard":{"step":2}}`) + 1); n != want || err != nil {
		t.Errorf("%d bytes came, want %d: %v", n, want, err)
	}
	if got := r.code(); got != 0 || *r.termination().Progress.Step != 2 {
		t.Errorf("exit code %d, message %+v", got, r.termination())
	}
}

func TestTheTrainingOutlivesItsReader(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = read.Close() // nobody will ever read
	r := start(t, options{stdout: write}, "be-print", "lost", `{"trainyard":{"step":2}}`, "2:still here")
	_ = write.Close() // the launcher has its own
	r.until("step 2", func(s launchspec.Status) bool { return s.Progress != nil && *s.Progress.Step == 2 })
	r.until("a message", func(s launchspec.Status) bool { return strings.Contains(s.Message, "output") })
	if s := r.untilPhase(launchspec.PhaseRunning, 1); s.Restarts != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestStatusUnderLoad(t *testing.T) {
	t.Parallel()
	r := start(t, options{stdout: io.Discard}, "sh", "-c", `while :; do echo '{"trainyard":{"step":1,"metrics":{"loss":0.5}}}'; done`)
	r.untilPhase(launchspec.PhaseRunning, 1)
	var failed atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 25 {
				if s, err := r.status(true); err != nil || s.Phase != launchspec.PhaseRunning {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := failed.Load(); n > 0 {
		t.Errorf("%d of 500 questions failed", n)
	}
}

func TestTheServerOnlyTells(t *testing.T) {
	t.Parallel()
	r := start(t, options{}, "be-idle")
	r.untilPhase(launchspec.PhaseRunning, 1)
	tests := []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, launchspec.PathHealth, 200},
		{http.MethodHead, launchspec.PathStatus, 200},
		{http.MethodPost, launchspec.PathStatus, 405},
		{http.MethodDelete, launchspec.PathStatus, 405},
		{http.MethodGet, launchspec.PathKey, 404},
		{http.MethodGet, "/", 404},
		{http.MethodGet, "/debug/pprof/", 404},
	}
	got := make([]int, len(tests))
	want := make([]int, len(tests))
	for i, tc := range tests {
		want[i] = tc.want
		req, err := http.NewRequestWithContext(context.Background(), tc.method, fmt.Sprintf("http://127.0.0.1:%d%s", r.port, tc.path), strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		got[i] = res.StatusCode
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// BenchmarkOutput writes 1 GiB through a launcher and through a plain pipe:
// the ratio is what a launcher costs.
func BenchmarkOutput(b *testing.B) {
	const mib = 1024
	for _, tc := range []struct {
		name string
		args []string
	}{{"pipe", nil}, {"launcher", []string{"run", "--"}}} {
		b.Run(tc.name, func(b *testing.B) {
			b.SetBytes(mib << 20)
			for b.Loop() {
				writeThrough(b, tc.args, mib)
			}
		})
	}
}

func writeThrough(b *testing.B, launcher []string, mib int) {
	b.Helper()
	path, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	args := []string{"be-flood", fmt.Sprint(mib)}
	if launcher != nil {
		args = append(append(launcher, path), args...)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), launchspec.EnvJobName+"=j", launchspec.EnvJobUID+"="+testUID, launchspec.EnvPort+"=36299")
	cmd.Stdout = struct{ io.Writer }{io.Discard} // read by this process
	if err := cmd.Run(); err != nil {
		b.Fatal(err)
	}
}
