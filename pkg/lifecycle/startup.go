package lifecycle

import (
	"fmt"
	"time"
)

// decideStartup gives up an attempt that never got every rank running.
func (o *Observation) decideStartup(d *Decision, ranks []rank) bool {
	limit := o.Job.Limits.Startup
	if limit == 0 || o.Record.Ran >= o.Record.Placement.Attempt {
		return false
	}
	for set := range o.Job.Sets {
		since := o.startsAt(ranks, set)
		if since.IsZero() || o.setReached(ranks, set, false) {
			continue
		}
		due := since.Add(limit)
		if !o.Now.Before(due) {
			o.giveUpStart(d, len(ranks))
			return true
		}
		d.WakeAt(due)
	}
	return false
}

// startsAt is when the ranks of a set could start: when the job was placed, or
// when the set that they wait for had succeeded; zero while it has not.
func (o *Observation) startsAt(ranks []rank, set int) time.Time {
	since, dependent := o.Record.Placement.Since, set
	for range o.Job.Sets { // no chain is longer
		s := &o.Job.Sets[set]
		switch {
		case !o.depends(set):
			return since
		case !s.AfterSuccess:
			set = s.After
		case !o.setReached(ranks, s.After, true):
			return time.Time{}
		default:
			since = later(since, lastEnd(o.ranksOf(ranks, s.After)))
			return later(since, firstCreation(o.ranksOf(ranks, dependent)))
		}
	}
	return since
}

// lastEnd is when the last of some ranks ended.
func lastEnd(ranks []rank) time.Time {
	var last time.Time
	for i := range ranks {
		if p := ranks[i].pod; p != nil {
			last = later(last, p.EndedAt)
		}
	}
	return last
}

// firstCreation is when the first pod of some ranks was created: the pods that
// these waited for may be gone.
func firstCreation(ranks []rank) time.Time {
	var first time.Time
	for i := range ranks {
		if p := ranks[i].pod; p != nil && (first.IsZero() || p.Created.Before(first)) {
			first = p.Created
		}
	}
	return first
}

func (o *Observation) giveUpStart(d *Decision, total int) {
	message := fmt.Sprintf("%d of %d ranks ran within %s", d.Ready(), total, o.Job.Limits.Startup)
	if !o.budgetLeft() {
		d.finish(false, ReasonMaxRestarts, fmt.Sprintf("%s, and all %d restarts are used up",
			message, o.Job.Failure.MaxRestarts))
		return
	}
	r := o.nextRecovery(ReasonStartupTimeout, message)
	r.Counted = true
	d.Verb, d.Recovery = Recover, r
}

// awaitBinding looks again when a pod that is not bound has waited for too
// long: nothing else would tell.
func (o *Observation) awaitBinding(d *Decision, ranks []rank) {
	for i := range ranks {
		p := ranks[i].pod
		if p == nil || p.Bound {
			continue
		}
		if due := p.Created.Add(o.Job.Limits.Bind); due.After(o.Now) {
			d.WakeAt(due)
		}
	}
}
