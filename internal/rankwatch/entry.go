package rankwatch

import (
	"container/heap"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// silentAfter is the number of failures in a row that count as silence: one
// may be a lost packet.
const silentAfter = 2

// idle is how long the dispatcher sleeps when nothing is due; a new target
// wakes it.
const idle = time.Minute

// leftover is the stretch of unused budget that may be used at once.
const leftover = 50 * time.Millisecond

// entry is one target with what is known of it.
type entry struct {
	target   Target
	job      types.NamespacedName
	jobUID   string
	report   Report
	failures int
	since    time.Time
	due      time.Time
	gone     bool
}

// dueQueue is a heap of entries, the one that is due first on top.
type dueQueue []*entry

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q dueQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)        { *q = append(*q, x.(*entry)) }
func (q *dueQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return last
}

// push queues an entry and wakes the dispatcher. The lock is held.
func (w *Watcher) push(e *entry) {
	heap.Push(&w.queue, e)
	w.wakeUp()
}

func (w *Watcher) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// pop returns the next entry that is due, or how long to wait for one.
func (w *Watcher) pop() (*entry, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) > 0 {
		e := w.queue[0]
		if !e.gone {
			if wait := e.due.Sub(w.opts.Clock.Now()); wait > 0 {
				return nil, wait
			}
		}
		if e.gone {
			heap.Pop(&w.queue)
			continue
		}
		if wait := w.pace(); wait > 0 {
			return nil, wait
		}
		heap.Pop(&w.queue)
		return e, 0
	}
	return nil, idle
}

// pace takes one question off the budget, or says how long to wait for it. What
// is left over of the budget is kept for a moment, so that not every question
// needs a timer of its own.
func (w *Watcher) pace() time.Duration {
	now := w.opts.Clock.Now()
	if oldest := now.Add(-leftover); w.paced.Before(oldest) {
		w.paced = oldest
	}
	next := w.paced.Add(time.Second / time.Duration(w.opts.Budget))
	if next.After(now) {
		return next.Sub(now)
	}
	w.paced = next
	return 0
}

// answered takes an answer in, and says whether the job's user must know.
func (w *Watcher) answered(e *entry, s launchspec.Status, err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.gone {
		return false
	}
	now := w.opts.Clock.Now()
	e.due = now.Add(w.interval())
	defer w.push(e)
	if err != nil || s.JobUID != e.jobUID {
		return e.fail()
	}
	old := e.report
	e.failures = 0
	e.report = Report{Status: s, Contact: now}
	if old.Contact.IsZero() || old.Silent || differs(&old.Status, &s) {
		return true
	}
	state := w.jobs[e.job]
	if state == nil || !progressed(&old.Status, &s) || now.Sub(state.told) < w.opts.ProgressEvery {
		return false
	}
	state.told = now
	return true
}

// fail counts a failure. A launcher that never answered is not silent: its
// container may still be starting.
func (e *entry) fail() bool {
	e.failures++
	if e.report.Contact.IsZero() || e.report.Silent || e.failures < silentAfter {
		return false
	}
	e.report.Silent = true
	return true
}

// interval keeps all questions together within the budget.
func (w *Watcher) interval() time.Duration {
	shared := time.Duration(len(w.entries)) * time.Second / time.Duration(w.opts.Budget)
	return max(w.opts.Interval, shared)
}

// differs says whether an answer calls for a decision.
func differs(a, b *launchspec.Status) bool {
	return a.Attempt != b.Attempt || a.Phase != b.Phase ||
		(a.FirstStepAt == nil) != (b.FirstStepAt == nil) || checkpointOf(a) != checkpointOf(b)
}

func checkpointOf(s *launchspec.Status) launchspec.CheckpointRef {
	if s.Checkpoint == nil {
		return launchspec.CheckpointRef{}
	}
	return s.Checkpoint.Ref()
}

// progressed says whether the training reported anything new.
func progressed(a, b *launchspec.Status) bool {
	if b.Progress == nil {
		return false
	}
	return a.Progress == nil || b.Progress.Time.After(a.Progress.Time)
}
