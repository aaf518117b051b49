package lifecycle

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// story is a machine's life told by events, each with what it makes the
// launcher do.
type story struct {
	t   *testing.T
	m   *Machine
	now time.Time
}

var standard = Policy{Hold: 60 * time.Second, Orphan: 100 * time.Second, Grace: 10 * time.Second}

func begin(t *testing.T, p Policy) *story {
	s := &story{t: t, m: New(p, launchspec.Instruction{Attempt: 1}), now: time.Unix(1000, 0)}
	s.want("begin", s.m.Begin(), Todo{Do: Prepare})
	return s
}

func running1(t *testing.T, p Policy) *story {
	s := begin(t, p)
	s.want("prepared", s.m.Prepared(s.now), Todo{Do: Start})
	return s
}

func (s *story) want(what string, got, want Todo) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

func (s *story) phase(want launchspec.Phase, attempt int32) {
	s.t.Helper()
	if got := s.m.Phase(); got != want || s.m.Current().Attempt != attempt {
		s.t.Errorf("%s in attempt %d, want %s in %d", got, s.m.Current().Attempt, want, attempt)
	}
}

// pass lets time pass up to the next tick, which must be due after exactly d.
func (s *story) pass(d time.Duration) Todo {
	s.t.Helper()
	at, ok := s.m.Next()
	if !ok || at.Sub(s.now) != d {
		s.t.Errorf("the next tick is due after %v (%v), want %v", at.Sub(s.now), ok, d)
	}
	s.want("a tick too early", s.m.Tick(at.Add(-1)), Todo{})
	s.now = at
	return s.m.Tick(s.now)
}

func (s *story) nothingDue() {
	s.t.Helper()
	if at, ok := s.m.Next(); ok {
		s.t.Errorf("a tick is due at %v", at)
	}
}

func attempt(n int32) launchspec.Instruction { return launchspec.Instruction{Attempt: n} }

var (
	terminate = Todo{Do: Forward, Signal: syscall.SIGTERM}
	kill      = Todo{Do: Forward, Signal: syscall.SIGKILL}
	exit      = func(code int) Todo { return Todo{Do: Exit, Code: code} }
)

func TestSuccessEndsAtOnce(t *testing.T) {
	s := running1(t, standard)
	s.phase(launchspec.PhaseRunning, 1)
	s.want("exited", s.m.Exited(0, s.now), exit(0))
}

func TestFailureIsHeldForANewAttempt(t *testing.T) {
	s := running1(t, standard)
	s.want("exited", s.m.Exited(3, s.now), Todo{})
	s.phase(launchspec.PhaseExited, 1)
	s.want("instructed", s.m.Instruct(attempt(2), s.now), Todo{Do: Prepare})
	s.phase(launchspec.PhaseStarting, 2)
	s.nothingDue()
	s.want("prepared", s.m.Prepared(s.now), Todo{Do: Start})
}

func TestHoldEnds(t *testing.T) {
	s := running1(t, standard)
	s.want("exited", s.m.Exited(137, s.now), Todo{})
	s.want("hold over", s.pass(60*time.Second), exit(137))
}

func TestNoHold(t *testing.T) {
	s := running1(t, Policy{})
	s.want("exited", s.m.Exited(3, s.now), exit(3))
}

func TestANewAttemptReplacesARunningChild(t *testing.T) {
	s := running1(t, standard)
	s.want("instructed", s.m.Instruct(attempt(3), s.now), terminate)
	s.phase(launchspec.PhaseRunning, 1)
	if got := s.m.Reason(); got != "stopping for attempt 3" {
		t.Error(got)
	}
	s.want("again", s.m.Instruct(attempt(3), s.now), Todo{})
	s.want("an older one", s.m.Instruct(attempt(2), s.now), Todo{})
	s.want("grace over", s.pass(10*time.Second), kill)
	s.want("still there", s.pass(11*time.Second), kill)
	s.want("a later one", s.m.Instruct(attempt(4), s.now), Todo{})
	s.want("gone", s.m.Exited(137, s.now), Todo{Do: Prepare})
	s.phase(launchspec.PhaseStarting, 4)
}

func TestAChildThatSucceedsWhileItIsReplacedIsReplaced(t *testing.T) {
	s := running1(t, standard)
	s.m.Instruct(attempt(2), s.now)
	s.want("gone", s.m.Exited(0, s.now), Todo{Do: Prepare})
}

func TestOldInstructionsAreIgnored(t *testing.T) {
	s := running1(t, standard)
	for _, n := range []int32{0, 1, -5} {
		s.want("instructed", s.m.Instruct(attempt(n), s.now), Todo{})
	}
	s.phase(launchspec.PhaseRunning, 1)
}

func TestPreparingBeginsAnew(t *testing.T) {
	s := begin(t, standard)
	s.nothingDue()
	s.want("instructed", s.m.Instruct(attempt(2), s.now), Todo{Do: Prepare})
	s.phase(launchspec.PhaseStarting, 2)
}

func TestSignals(t *testing.T) {
	tests := map[string]struct {
		at     func(*testing.T) *story
		signal syscall.Signal
		want   Todo
	}{
		"running":            {func(t *testing.T) *story { return running1(t, standard) }, syscall.SIGTERM, terminate},
		"running, USR1":      {func(t *testing.T) *story { return running1(t, standard) }, syscall.SIGUSR1, Todo{Do: Forward, Signal: syscall.SIGUSR1}},
		"preparing":          {func(t *testing.T) *story { return begin(t, standard) }, syscall.SIGTERM, exit(143)},
		"preparing, INT":     {func(t *testing.T) *story { return begin(t, standard) }, syscall.SIGINT, exit(130)},
		"preparing, USR1":    {func(t *testing.T) *story { return begin(t, standard) }, syscall.SIGUSR1, Todo{}},
		"holding":            {holding, syscall.SIGTERM, exit(7)},
		"holding, HUP":       {holding, syscall.SIGHUP, Todo{}},
		"fenced":             {fencedStory, syscall.SIGTERM, exit(143)},
		"stopping, to fence": {func(t *testing.T) *story { s := running1(t, standard); s.m.Superseded(2, s.now); return s }, syscall.SIGTERM, terminate},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := tc.at(t)
			s.want("signal", s.m.Signal(tc.signal), tc.want)
		})
	}
}

func holding(t *testing.T) *story {
	s := running1(t, standard)
	s.m.Exited(7, s.now)
	return s
}

func fencedStory(t *testing.T) *story {
	s := running1(t, standard)
	s.want("silence", s.pass(100*time.Second), terminate)
	s.want("gone", s.m.Exited(143, s.now), Todo{})
	s.phase(launchspec.PhaseFenced, 1)
	return s
}

func TestTerminationIsTheEnd(t *testing.T) {
	s := running1(t, standard)
	s.m.Signal(syscall.SIGTERM)
	s.want("instructed", s.m.Instruct(attempt(2), s.now), Todo{})
	s.nothingDue() // the kubelet keeps the time
	s.want("gone", s.m.Exited(143, s.now), exit(143))
}

func TestTerminationOverridesANewAttempt(t *testing.T) {
	s := running1(t, standard)
	s.m.Instruct(attempt(2), s.now)
	s.m.Signal(syscall.SIGTERM)
	s.want("gone", s.m.Exited(0, s.now), exit(0))
}

func TestOrphanIsFenced(t *testing.T) {
	s := fencedStory(t)
	if got := s.m.Reason(); got != "no contact to the manager or a peer for 1m40s" {
		t.Error(got)
	}
	s.nothingDue()
	s.want("the same attempt", s.m.Instruct(attempt(1), s.now), Todo{})
	s.phase(launchspec.PhaseFenced, 1)
	s.want("a higher one", s.m.Instruct(attempt(2), s.now), Todo{Do: Prepare})
	s.want("prepared", s.m.Prepared(s.now), Todo{Do: Start})
	if got := s.m.Reason(); got != "" {
		t.Error(got)
	}
}

func TestContactPutsFencingOff(t *testing.T) {
	s := running1(t, standard)
	s.now = s.now.Add(99 * time.Second)
	s.m.Contact(s.now)
	s.want("silence", s.pass(100*time.Second), terminate)
}

func TestContactDoesNotSaveWhatIsBeingFenced(t *testing.T) {
	s := running1(t, standard)
	s.pass(100 * time.Second)
	s.m.Contact(s.now)
	s.m.Exited(143, s.now)
	s.phase(launchspec.PhaseFenced, 1)
}

func TestWhoIsNeverFenced(t *testing.T) {
	tests := map[string]struct {
		policy Policy
		first  launchspec.Instruction
		fenced bool
	}{
		"without a limit":           {Policy{Grace: 1}, launchspec.Instruction{Attempt: 1}, false},
		"alone":                     {Policy{Orphan: 1, Alone: true}, launchspec.Instruction{Attempt: 1}, false},
		"alone by instruction":      {Policy{Orphan: 1}, launchspec.Instruction{Attempt: 1, Members: 1}, false},
		"no longer alone":           {Policy{Orphan: 1, Alone: true}, launchspec.Instruction{Attempt: 1, Members: 2}, true},
		"with peers that it counts": {Policy{Orphan: 1}, launchspec.Instruction{Attempt: 1, Members: 2}, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m := New(tc.policy, tc.first)
			m.Begin()
			m.Prepared(time.Unix(0, 0))
			if _, due := m.Next(); due != tc.fenced {
				t.Errorf("a tick is due: %v, want %v", due, tc.fenced)
			}
		})
	}
}

func TestSuperseded(t *testing.T) {
	s := running1(t, standard)
	s.want("the same attempt", s.m.Superseded(1, s.now), Todo{})
	s.want("a later one", s.m.Superseded(2, s.now), terminate)
	s.want("again", s.m.Superseded(2, s.now), Todo{})
	s.want("grace over", s.pass(10*time.Second), kill)
	s.want("instructed meanwhile", s.m.Instruct(attempt(2), s.now), Todo{})
	s.want("gone", s.m.Exited(137, s.now), Todo{Do: Prepare})
	s.phase(launchspec.PhaseStarting, 2)
}

func TestMembersAreKeptUnlessInstructed(t *testing.T) {
	m := New(standard, launchspec.Instruction{Attempt: 1, Members: 4})
	m.Begin()
	m.Instruct(attempt(2), time.Time{})
	m.Instruct(launchspec.Instruction{Attempt: 3, Members: 2}, time.Time{})
	m.Instruct(attempt(4), time.Time{})
	if got := m.Current().Members; got != 2 {
		t.Errorf("members %d", got)
	}
}

// Whatever happens in whatever order: at most one child, attempts only grow, no
// child of an attempt that is not current, and nothing after the exit.
func TestRandomLives(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := world{m: New(standard, attempt(1)), now: time.Unix(0, 0)}
		w.carryOut(w.m.Begin())
		for range 60 {
			if w.over {
				break
			}
			w.carryOut(w.event(r))
		}
		if diff := cmp.Diff([]string(nil), w.wrong); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

// world is the least that a launcher around a machine does.
type world struct {
	m                        *Machine
	now                      time.Time
	child, over, terminating bool
	attempt                  int32
	wrong                    []string
}

func (w *world) event(r *rand.Rand) Todo {
	w.now = w.now.Add(time.Duration(r.IntN(30)) * time.Second)
	switch r.IntN(7) {
	case 0:
		return w.m.Instruct(attempt(r.Int32N(8)), w.now)
	case 1:
		if w.child {
			w.child = false
			return w.m.Exited(r.IntN(3), w.now)
		}
		return w.m.Prepared(w.now)
	case 2:
		w.m.Contact(w.now)
		return Todo{}
	case 3:
		return w.m.Superseded(r.Int32N(8), w.now)
	case 4:
		if r.IntN(10) == 0 {
			w.terminating = true
			return w.m.Signal(syscall.SIGTERM)
		}
		return w.m.Signal(syscall.SIGUSR1)
	case 5:
		return w.m.Prepared(w.now)
	default:
		return w.m.Tick(w.now)
	}
}

func (w *world) carryOut(todo Todo) {
	w.check(w.m.Current().Attempt >= w.attempt, "the attempt went back")
	w.attempt = w.m.Current().Attempt
	switch todo.Do {
	case Start:
		w.check(!w.child, "a second child")
		w.check(!w.terminating, "a child after the end")
		w.child = true
	case Prepare:
		w.check(!w.child, "preparing beside a child")
	case Forward:
		w.check(w.child, "a signal for nobody")
	case Exit:
		w.check(!w.child, "an exit beside a child")
		w.over = true
	}
	w.check(w.child == (w.m.Phase() == launchspec.PhaseRunning), "a phase that is not so")
}

func (w *world) check(ok bool, what string) {
	if !ok {
		w.wrong = append(w.wrong, fmt.Sprintf("%s in attempt %d at %v", what, w.attempt, w.now.Unix()))
	}
}
