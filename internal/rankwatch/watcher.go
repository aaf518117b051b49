package rankwatch

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// Target is one launcher to ask.
type Target struct {
	Pod     types.UID
	Address string // host:port
	Node    string
}

// Report is what is known of a launcher.
type Report struct {
	Status launchspec.Status
	// Contact is when it last answered.
	Contact time.Time
	// Silent says that it has failed to answer at least twice in a row since.
	Silent bool
}

// Options set the pace.
type Options struct {
	// Interval is the time between two questions to one launcher, where the
	// budget allows. Default 1 s.
	Interval time.Duration
	// Budget is the number of questions a second, over all launchers. Default 400.
	Budget int
	// ProgressEvery is how often at most a job's user is told of progress
	// alone. Default 10 s.
	ProgressEvery time.Duration
	// Workers is the number of questions under way at once. Default 32.
	Workers int
	// Changed is called, without a lock held, when a job must be looked at.
	Changed func(job types.NamespacedName)
	Clock   clock.WithTicker
	Asker   Asker
}

// Watcher asks launchers. Create it with New, run it with Start.
type Watcher struct {
	opts Options
	wake chan struct{}
	work chan *entry

	mu      sync.Mutex
	jobs    map[types.NamespacedName]*jobState
	entries map[types.UID]*entry
	queue   dueQueue
	paced   time.Time // up to when the budget is used
}

type jobState struct {
	uid     types.UID
	targets map[types.UID]*entry
	told    time.Time // when its user was last told of progress
}

// New returns a Watcher that watches nothing yet.
func New(opts Options) *Watcher {
	setDefault(&opts.Interval, time.Second)
	setDefault(&opts.Budget, 400)
	setDefault(&opts.ProgressEvery, 10*time.Second)
	setDefault(&opts.Workers, 32)
	return &Watcher{
		opts: opts, wake: make(chan struct{}, 1), work: make(chan *entry),
		jobs: map[types.NamespacedName]*jobState{}, entries: map[types.UID]*entry{},
	}
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Watch replaces the targets of a job. What was known of a target that stays
// is kept; no target at all forgets the job.
func (w *Watcher) Watch(job types.NamespacedName, uid types.UID, targets []Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	state := w.jobs[job]
	if state == nil || state.uid != uid {
		w.forget(state)
		state = &jobState{uid: uid, targets: map[types.UID]*entry{}}
	}
	keep := make(map[types.UID]*entry, len(targets))
	for _, t := range targets {
		e := state.targets[t.Pod]
		if e == nil || e.target.Address != t.Address {
			w.drop(e)
			e = w.add(job, uid, t)
		}
		keep[t.Pod] = e
	}
	for pod, e := range state.targets {
		if keep[pod] != e {
			w.drop(e)
		}
	}
	state.targets = keep
	if len(keep) == 0 {
		delete(w.jobs, job)
		return
	}
	w.jobs[job] = state
}

func (w *Watcher) forget(state *jobState) {
	if state == nil {
		return
	}
	for _, e := range state.targets {
		w.drop(e)
	}
}

func (w *Watcher) add(job types.NamespacedName, uid types.UID, t Target) *entry {
	now := w.opts.Clock.Now()
	e := &entry{target: t, job: job, jobUID: string(uid), since: now, due: now}
	w.entries[t.Pod] = e
	w.push(e)
	return e
}

// drop takes an entry out; one that is being asked is dropped when it returns.
func (w *Watcher) drop(e *entry) {
	if e == nil {
		return
	}
	e.gone = true
	if w.entries[e.target.Pod] == e {
		delete(w.entries, e.target.Pod)
	}
}

// Report returns what is known of a pod's launcher; false: it never answered.
func (w *Watcher) Report(pod types.UID) (Report, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.entries[pod]
	if e == nil || e.report.Contact.IsZero() {
		return Report{}, false
	}
	return e.report, true
}

// Since is when a pod's launcher was first to be asked; zero: it is not.
func (w *Watcher) Since(pod types.UID) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.entries[pod]; e != nil {
		return e.since
	}
	return time.Time{}
}

// Hurry asks the launchers of a job as soon as possible.
func (w *Watcher) Hurry(job types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	state := w.jobs[job]
	if state == nil {
		return
	}
	now := w.opts.Clock.Now()
	for _, e := range state.targets {
		if e.due.After(now) {
			e.due = now
		}
	}
	heap.Init(&w.queue)
	w.wakeUp()
}

// NodeContact is what the launchers of one node say together.
type NodeContact struct {
	// Last is when one of them last answered.
	Last time.Time
	// Silent says that every one of them is silent.
	Silent bool
}

// Nodes returns the contact with every node that has a launcher which has
// answered before.
func (w *Watcher) Nodes() map[string]NodeContact {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]NodeContact{}
	for _, e := range w.entries {
		if e.report.Contact.IsZero() {
			continue
		}
		c, seen := out[e.target.Node]
		c.Silent = e.report.Silent && (!seen || c.Silent)
		if e.report.Contact.After(c.Last) {
			c.Last = e.report.Contact
		}
		out[e.target.Node] = c
	}
	return out
}

// Start asks until the context ends. It implements manager.Runnable.
func (w *Watcher) Start(ctx context.Context) error {
	var workers sync.WaitGroup
	for range w.opts.Workers {
		workers.Go(func() { w.ask(ctx) })
	}
	w.dispatch(ctx)
	workers.Wait()
	return nil
}

// dispatch hands every entry to a worker when it is due.
func (w *Watcher) dispatch(ctx context.Context) {
	for {
		next, wait := w.pop()
		if next == nil {
			timer := w.opts.Clock.NewTimer(wait)
			select {
			case <-ctx.Done():
			case <-timer.C():
			case <-w.wake:
			}
			timer.Stop()
		} else {
			select {
			case <-ctx.Done():
			case w.work <- next:
			}
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func (w *Watcher) ask(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-w.work:
			status, err := w.opts.Asker.Ask(ctx, e.target.Address)
			if w.answered(e, status, err) {
				w.opts.Changed(e.job)
			}
		}
	}
}
