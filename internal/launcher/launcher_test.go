package launcher

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	testingclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/internal/launcher/lifecycle"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

func TestAskInterval(t *testing.T) {
	tests := map[string]struct {
		members   int32
		orphan    time.Duration
		low, high time.Duration
	}{
		"few":                {2, 0, 4500 * time.Millisecond, 5100 * time.Millisecond},
		"thousands":          {4096, 0, 11 * time.Second, 14 * time.Second},
		"thousands, hurried": {4096, 30 * time.Second, 9 * time.Second, 10 * time.Second},
		"impatient":          {2, 3 * time.Second, 900 * time.Millisecond, time.Second},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := &Launcher{cfg: Config{First: launchspec.Instruction{Members: tc.members}, Policy: lifecycle.Policy{Orphan: tc.orphan}}}
			for range 100 {
				if got := l.askInterval(); got < tc.low || got > tc.high {
					t.Fatalf("%v, want %v to %v", got, tc.low, tc.high)
				}
			}
		})
	}
}

func TestResumePointThatIsGarbage(t *testing.T) {
	l := idle(t)
	if got := l.resumePoint(context.Background(), l.job(), launchspec.Instruction{ResumeFrom: "../../etc"}); got != "" {
		t.Errorf("%q", got)
	}
	if s := l.board.Status(); !strings.Contains(s.Message, "not an attempt's directory") {
		t.Errorf("message %q", s.Message)
	}
}

// A signal may come before it is known that the child could not be started.
func TestSignalForAChildThatNeverWas(t *testing.T) {
	l := idle(t)
	l.start(context.Background(), prepared{err: errors.New("no")})
	l.do(context.Background(), lifecycle.Todo{Do: lifecycle.Forward, Signal: syscall.SIGTERM})
	if exit := <-l.exits; exit.Code != launchspec.ExitLauncher {
		t.Errorf("%+v", exit)
	}
}

func TestWhatCannotBeKilledIsSaid(t *testing.T) {
	l := idle(t)
	c := l.clock.(*testingclock.FakeClock)
	stuck, swept := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(swept)
		l.sweep(context.Background(), 0, func(context.Context) error {
			<-stuck
			return nil
		})
	}()
	for l.board.Status().Message == "" {
		if c.HasWaiters() {
			c.Step(sweepTime)
		}
		runtime.Gosched()
	}
	if s := l.board.Status(); !strings.Contains(s.Message, "cannot be killed") {
		t.Errorf("message %q", s.Message)
	}
	close(stuck)
	<-swept
	if s := l.board.Status(); s.Message != "" {
		t.Errorf("message %q", s.Message)
	}
}

func idle(t *testing.T) *Launcher {
	t.Helper()
	l, err := New(Config{CheckpointRoot: t.TempDir(), Args: []string{"true"}}, testingclock.NewFakeClock(time.Unix(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}
