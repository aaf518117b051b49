package rankwatch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

var (
	start  = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	resnet = types.NamespacedName{Namespace: "vision", Name: "resnet"}
)

// launchers answer by address.
type launchers struct {
	mu      sync.Mutex
	answers map[string]launchspec.Status
	asked   map[string]int
}

var errSilent = errors.New("nobody answers")

func (l *launchers) Ask(_ context.Context, address string) (launchspec.Status, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[address]++
	s, ok := l.answers[address]
	if !ok {
		return launchspec.Status{}, errSilent
	}
	return s, nil
}

func (l *launchers) set(address string, change func(*launchspec.Status)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, known := l.answers[address]
	if !known {
		s = launchspec.Status{JobUID: "job", Attempt: 1, Phase: launchspec.PhaseRunning}
	}
	change(&s)
	l.answers[address] = s
}

func (l *launchers) silence(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.answers, address)
}

// bench is a Watcher that is driven by hand, without a goroutine.
type bench struct {
	*Watcher
	*launchers
	clock   *clocktesting.FakeClock
	changed map[types.NamespacedName]int
}

func newBench(change ...func(*Options)) *bench {
	b := &bench{
		launchers: &launchers{answers: map[string]launchspec.Status{}, asked: map[string]int{}},
		clock:     clocktesting.NewFakeClock(start), changed: map[types.NamespacedName]int{},
	}
	opts := Options{Clock: b.clock, Asker: b.launchers, Changed: func(job types.NamespacedName) { b.changed[job]++ }}
	for _, c := range change {
		c(&opts)
	}
	b.Watcher = New(opts)
	return b
}

// pass lets time pass and asks all that is due on the way.
func (b *bench) pass(d time.Duration) {
	end := b.clock.Now().Add(d)
	for {
		e, wait := b.pop()
		switch {
		case e != nil:
			s, err := b.Ask(context.Background(), e.target.Address)
			if b.answered(e, s, err) {
				b.opts.Changed(e.job)
			}
		case b.clock.Now().Add(wait).After(end):
			b.clock.SetTime(end)
			return
		default:
			b.clock.Step(wait)
		}
	}
}

// told returns how often the user was told of a job since it was last asked.
func (b *bench) told() int {
	n := b.changed[resnet]
	b.changed[resnet] = 0
	return n
}

func (b *bench) total() int {
	n := 0
	for _, k := range b.asked {
		n += k
	}
	return n
}

func target(i int) Target {
	return Target{Pod: types.UID(fmt.Sprint("pod", i)), Address: fmt.Sprintf("10.0.0.%d:1", i), Node: fmt.Sprint("n", i)}
}

func targets(n int) []Target {
	out := make([]Target, n)
	for i := range out {
		out[i] = target(i)
	}
	return out
}

// watched is a bench with launchers that answer.
func watched(n int, change ...func(*Options)) *bench {
	b := newBench(change...)
	for i := range n {
		b.set(target(i).Address, func(*launchspec.Status) {})
	}
	b.Watch(resnet, "job", targets(n))
	return b
}

func TestFewAreAskedOnceASecond(t *testing.T) {
	b := watched(2)
	b.pass(10*time.Second - 1)
	if b.asked[target(0).Address] != 10 || b.asked[target(1).Address] != 10 {
		t.Errorf("asked %v in ten seconds", b.asked)
	}
}

// TestManyAreAskedWithinTheBudget: no second sees more questions than the budget
// allows, none goes to waste, and every launcher has its turn.
func TestManyAreAskedWithinTheBudget(t *testing.T) {
	const n, budget = 1000, 100
	b := watched(n, func(o *Options) { o.Budget = budget })
	b.pass(time.Second)
	for range 5 * n / budget {
		before := b.total()
		b.pass(time.Second)
		if asked := b.total() - before; asked > budget || asked < budget*9/10 {
			t.Errorf("%d questions in a second, with a budget of %d", asked, budget)
		}
	}
	for i := range n {
		if k := b.asked[target(i).Address]; k < 4 || k > 6 {
			t.Fatalf("launcher %d was asked %d times, the others 5 times", i, k)
		}
	}
}

func TestFirstAnswerIsTold(t *testing.T) {
	b := newBench()
	b.Watch(resnet, "job", targets(1))
	b.pass(5 * time.Second)
	if _, known := b.Report("pod0"); known || b.told() != 0 {
		t.Error("a launcher that never answered is reported on")
	}
	if since := b.Since("pod0"); !since.Equal(start) {
		t.Errorf("asked since %s, want %s", since, start)
	}
	b.set(target(0).Address, func(*launchspec.Status) {})
	b.pass(time.Second)
	r, known := b.Report("pod0")
	if !known || r.Silent || r.Status.Attempt != 1 || b.told() != 1 {
		t.Errorf("after its first answer: %+v, %v", r, known)
	}
	if !r.Contact.After(start.Add(5 * time.Second)) {
		t.Errorf("contact at %s", r.Contact)
	}
}

func TestSilence(t *testing.T) {
	b := watched(2)
	b.pass(0)
	b.told()
	b.silence(target(0).Address)
	b.pass(time.Second)
	if r, _ := b.Report("pod0"); r.Silent || b.told() != 0 {
		t.Error("one failure counts as silence: it may be a lost packet")
	}
	b.pass(time.Second)
	r, _ := b.Report("pod0")
	if !r.Silent || !r.Contact.Equal(start) || b.told() != 1 {
		t.Errorf("after two failures: %+v", r)
	}
	b.pass(10 * time.Second)
	if b.told() != 0 {
		t.Error("a silence is told again and again")
	}
	b.set(target(0).Address, func(*launchspec.Status) {})
	b.pass(time.Second)
	if r, _ := b.Report("pod0"); r.Silent || b.told() != 1 {
		t.Errorf("after it answered again: %+v", r)
	}
}

// TestChangesAreTold: what calls for a decision is told at once.
func TestChangesAreTold(t *testing.T) {
	at := start
	changes := map[string]func(*launchspec.Status){
		"attempt":    func(s *launchspec.Status) { s.Attempt = 2 },
		"phase":      func(s *launchspec.Status) { s.Phase = launchspec.PhaseExited },
		"first step": func(s *launchspec.Status) { s.FirstStepAt = &at },
		"checkpoint": func(s *launchspec.Status) { s.Checkpoint = &launchspec.Checkpoint{Attempt: 1, Name: "step-1", Step: 1} },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			b := watched(1)
			b.pass(0)
			b.told()
			b.pass(3 * time.Second)
			if b.told() != 0 {
				t.Error("an answer like the last one was told")
			}
			b.set(target(0).Address, change)
			b.pass(time.Second)
			if b.told() != 1 {
				t.Error("not told")
			}
		})
	}
}

// TestProgressIsToldInTime: progress of all ranks together is told no more often
// than asked for.
func TestProgressIsToldInTime(t *testing.T) {
	b := watched(3)
	b.pass(0)
	b.told()
	for i := range 30 {
		for k := range 3 {
			b.set(target(k).Address, func(s *launchspec.Status) {
				s.Progress = &progress.Snapshot{Time: start.Add(time.Duration(i) * time.Second)}
			})
		}
		b.pass(time.Second)
	}
	if n := b.told(); n != 3 {
		t.Errorf("told %d times in 30 s, want 3", n)
	}
}

// TestAnswersOfAnotherJob: an address that went to another pod speaks for none.
func TestAnswersOfAnotherJob(t *testing.T) {
	b := watched(1)
	b.pass(0)
	b.told()
	b.set(target(0).Address, func(s *launchspec.Status) { s.JobUID, s.Attempt = "other", 9 })
	b.pass(2 * time.Second)
	if r, _ := b.Report("pod0"); !r.Silent || r.Status.Attempt != 1 || b.told() != 1 {
		t.Errorf("%+v", r)
	}
}

func TestHurry(t *testing.T) {
	b := watched(3, func(o *Options) { o.Interval = time.Hour })
	b.pass(0)
	b.Hurry(resnet)
	b.Hurry(types.NamespacedName{Name: "unknown"})
	b.pass(0)
	for i := range 3 {
		if n := b.asked[target(i).Address]; n != 2 {
			t.Errorf("launcher %d was asked %d times, want 2", i, n)
		}
	}
}

// TestTargetsChange: what is known of a pod stays while its address does.
func TestTargetsChange(t *testing.T) {
	b := watched(3)
	b.pass(0)
	moved := target(1)
	moved.Address = "10.0.0.99:1"
	b.Watch(resnet, "job", []Target{target(0), moved})
	if _, known := b.Report("pod0"); !known {
		t.Error("what was known of pod0 is forgotten")
	}
	if _, known := b.Report("pod1"); known {
		t.Error("what pod1 said from another address is kept")
	}
	if _, known := b.Report("pod2"); known || !b.Since("pod2").IsZero() {
		t.Error("pod2 is still watched")
	}
	asked := b.asked[target(2).Address]
	b.pass(5 * time.Second)
	if b.asked[target(2).Address] != asked || b.asked[target(1).Address] != 1 || b.asked[moved.Address] != 6 {
		t.Errorf("asked %v", b.asked)
	}
	b.Watch(resnet, "again", []Target{target(0)})
	if _, known := b.Report("pod0"); known {
		t.Error("a job of the same name inherits what its predecessor's pod said")
	}
	b.Watch(resnet, "again", nil)
	if b.jobs[resnet] != nil || len(b.entries) != 0 {
		t.Error("a job without targets is remembered")
	}
	b.pass(time.Minute)
	if len(b.queue) != 0 {
		t.Errorf("%d entries are left in the queue", len(b.queue))
	}
}

// TestDroppedWhileAsked: an answer that arrives after its target was dropped is
// dropped too.
func TestDroppedWhileAsked(t *testing.T) {
	b := watched(1)
	e, _ := b.pop()
	b.Watch(resnet, "job", nil)
	if b.answered(e, launchspec.Status{JobUID: "job"}, nil) {
		t.Error("told of a target that was dropped")
	}
	if len(b.queue) != 0 {
		t.Error("it is asked again")
	}
}

func TestNodes(t *testing.T) {
	b := newBench()
	same := targets(4)
	same[1].Node = "n0"
	for _, i := range []int{0, 1, 2} {
		b.set(same[i].Address, func(*launchspec.Status) {})
	}
	b.Watch(resnet, "job", same)
	b.pass(0)
	b.silence(same[0].Address)
	b.silence(same[2].Address)
	b.pass(2 * time.Second)
	got := b.Nodes()
	want := map[string]NodeContact{
		"n0": {Last: start.Add(2 * time.Second)}, // one of two still answers
		"n2": {Last: start, Silent: true},
	}
	if len(got) != len(want) || got["n0"] != want["n0"] || got["n2"] != want["n2"] {
		t.Errorf("%v, want %v; n3 never answered and says nothing", got, want)
	}
}

// TestStart runs the real thing under the race detector: many jobs come, change
// and go while they are asked, and every launcher that stays is heard.
func TestStart(t *testing.T) {
	clock := clocktesting.NewFakeClock(start)
	l := &launchers{answers: map[string]launchspec.Status{}, asked: map[string]int{}}
	var told atomic.Int64
	w := New(Options{Clock: clock, Asker: l, Workers: 4, Changed: func(types.NamespacedName) { told.Add(1) }})
	for i := range 20 {
		l.set(target(i).Address, func(s *launchspec.Status) { s.JobUID = fmt.Sprint("uid", i%5) })
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- w.Start(ctx) }()
	var users sync.WaitGroup
	for j := range 5 {
		users.Go(func() {
			job := types.NamespacedName{Name: fmt.Sprint("job", j)}
			for round := range 50 {
				var mine []Target
				for i := j; i < 20; i += 5 {
					if round == 49 || (i+round)%3 > 0 {
						mine = append(mine, target(i))
					}
				}
				w.Watch(job, types.UID(fmt.Sprint("uid", j)), mine)
				w.Hurry(job)
				w.Nodes()
			}
		})
	}
	users.Wait()
	heard := func() int {
		n := 0
		for i := range 20 {
			if _, ok := w.Report(target(i).Pod); ok {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(20 * time.Second); heard() < 20 && time.Now().Before(deadline); {
		clock.Step(100 * time.Millisecond)
	}
	if n := heard(); n != 20 || told.Load() < 20 {
		t.Errorf("%d of 20 launchers were heard, %d changes told", n, told.Load())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
