package lifecycle

import (
	"fmt"
	"time"
)

// recheck is how soon a held decision is looked at again without a new event.
const recheck = time.Second

// Decide says what to do next about a job. Every observation has exactly one
// decision; the controller carries it out, and looks again.
func Decide(o *Observation) Decision {
	d := Decision{Sets: make([]SetCount, len(o.Job.Sets))}
	if o.Record.End == nil && o.misjudged() {
		o, d.Reclassified = o.withoutLastRestart(), true
	}
	switch {
	case o.Record.End != nil:
		o.decideEnded(&d)
	case !o.Record.Placement.Placed() || o.Record.Evicting:
		o.decideUnplaced(&d)
	case o.overdue(&d):
	case o.Record.Recovery != nil && o.Record.Recovery.Attempt > o.Record.Placement.Attempt:
		o.decideRecovering(&d)
	default:
		o.decidePlaced(&d)
	}
	return d
}

// decideEnded cleans up after a job that has ended, and removes it in time.
func (o *Observation) decideEnded(d *Decision) {
	if ttl := o.Job.Limits.TTL; ttl >= 0 {
		due := o.Record.EndedAt.Add(ttl)
		if !o.Now.Before(due) {
			d.Verb = Remove
			return
		}
		d.WakeAt(due)
	}
	for i := range o.Pods {
		p := &o.Pods[i]
		ended := p.Phase >= Succeeded
		if o.Job.Clean == CleanAll || (o.Job.Clean == CleanRunning && !ended) {
			o.delete(d, p)
		}
	}
	d.stopIfAny()
}

// decideUnplaced stops what still runs of a job that holds no place.
func (o *Observation) decideUnplaced(d *Decision) {
	if o.Record.Evicting && o.hadSucceeded(d) {
		d.finish(true, o.successReason(), "")
		return
	}
	if limit := o.Job.Limits.Queue; limit > 0 && !o.Record.QueuedSince.IsZero() {
		due := o.Record.QueuedSince.Add(limit)
		if !o.Now.Before(due) {
			d.finish(false, ReasonQueueTimeout, fmt.Sprintf("the job waited for a place for %s", limit))
			return
		}
		d.WakeAt(due)
	}
	for i := range o.Pods {
		o.delete(d, &o.Pods[i])
	}
	d.stopIfAny()
}

// hadSucceeded says whether a job had succeeded before it was told to leave its
// place.
func (o *Observation) hadSucceeded(d *Decision) bool {
	if !o.Record.Placement.Placed() {
		return false
	}
	ranks := o.ranks()
	if !o.succeeded(ranks) {
		return false
	}
	o.count(d, ranks)
	return true
}

// decideRecovering frees what the next attempt does not keep.
func (o *Observation) decideRecovering(d *Decision) {
	replace := o.Record.Recovery.Replace
	next := 0
	gone := make([]bool, len(o.Record.Placement.Slots))
	for i := range gone {
		if replace == nil {
			gone[i] = true
		} else if next < len(replace) && replace[next] == i {
			gone[i] = true
			next++
		}
	}
	for i := range o.Pods {
		p := &o.Pods[i]
		if p.Rank >= len(gone) || gone[p.Rank] || p.Attempt != o.Record.Placement.Slots[p.Rank].Attempt {
			o.delete(d, p)
		} else if p.Phase <= Running {
			set, _ := o.Job.SetOf(p.Rank)
			d.Sets[set].Active++
		}
	}
	if at := o.Record.Recovery.NotBefore; at.After(o.Now) {
		d.WakeAt(at)
	}
	d.stopIfAny()
}

// overdue ends a job that has been placed for longer than it may.
func (o *Observation) overdue(d *Decision) bool {
	limit := o.Job.Limits.Active
	if limit == 0 || o.Record.ActiveSince.IsZero() {
		return false
	}
	due := o.Record.ActiveSince.Add(limit - o.Record.Active)
	if o.Now.Before(due) {
		d.WakeAt(due)
		return false
	}
	d.finish(false, ReasonDeadlineExceeded, fmt.Sprintf("the job ran for %s, its activeDeadlineSeconds", limit))
	return true
}

// decidePlaced drives an attempt that has its place.
func (o *Observation) decidePlaced(d *Decision) {
	ranks := o.ranks()
	o.count(d, ranks)
	o.awaitBinding(d, ranks)
	switch {
	case o.succeeded(ranks):
		d.finish(true, o.successReason(), "")
	case o.decideFailure(d, ranks):
	case o.decideStartup(d, ranks):
	default:
		o.decideRun(d, ranks)
	}
}

func (o *Observation) succeeded(ranks []rank) bool {
	if o.Job.Success == SuccessFirst {
		return ranks[0].state == rankSucceeded
	}
	for i := range ranks {
		if ranks[i].state != rankSucceeded {
			return false
		}
	}
	return true
}

func (o *Observation) successReason() string {
	if o.Job.Success == SuccessFirst {
		return ReasonFirstSucceeded
	}
	return ReasonAllSucceeded
}

// decideFailure acts on failed ranks, or says why it does not yet.
func (o *Observation) decideFailure(d *Decision, ranks []rank) bool {
	v := o.assess(ranks)
	if v == nil {
		return false
	}
	switch {
	case v.action == FailJob:
		d.finish(false, ReasonFailureRule, fmt.Sprintf("rule %q: %s", v.rule, v.fault.message))
	case (o.keepsPods(v) || !v.fault.infra) && o.unheard(ranks), !v.fault.infra && o.unasked(ranks, v.fault.at):
		d.hold(o.Now, v.fault.message+"; asking the other ranks first")
		d.Hurry = true
	case !v.fault.infra && o.suspicious(v.fault.at):
		d.hold(o.Now, v.fault.message+"; a node of the job may be dead, waiting for a second sign")
	case v.counted && !o.budgetLeft() && o.attributionOpen(v.fault.at):
		d.hold(o.Now, v.fault.message+"; no restart is left, waiting whether a node turns out to be the cause")
	case v.counted && !o.budgetLeft():
		d.finish(false, ReasonMaxRestarts, fmt.Sprintf("%s, and all %d restarts are used up",
			v.fault.message, o.Job.Failure.MaxRestarts))
	default:
		d.Verb, d.Recovery = Recover, o.recovery(ranks, v)
	}
	return true
}

// Rejected is the recovery after the API server refused a pod: the whole gang
// is released, and placed again after a while.
func Rejected(o *Observation, message string) *Recovery {
	r := o.nextRecovery(ReasonPodRejected, message)
	r.Streak = max(r.Streak, 2)
	r.NotBefore = o.Now.Add(backoff(r.Streak))
	return r
}

func (d *Decision) finish(succeeded bool, reason, message string) {
	d.Verb = Finish
	d.End = &End{Succeeded: succeeded, Reason: reason, Message: message}
}

func (d *Decision) hold(now time.Time, why string) {
	d.Verb, d.Holding = Wait, why
	d.WakeAt(now.Add(recheck))
}

func (d *Decision) stopIfAny() {
	if len(d.Delete) > 0 {
		d.Verb = Stop
	}
}

// delete asks for a pod's deletion, unless that has been asked for already and
// nothing new is to be said.
func (o *Observation) delete(d *Decision, p *Pod) {
	health := o.Nodes[p.Node].Health
	force := p.Bound && p.Phase <= Running &&
		(health == Removed || (health == Lost && o.Job.Failure.ForceUnreachable))
	if p.Deleting && !force {
		return
	}
	d.Delete = append(d.Delete, Deletion{Name: p.Name, UID: p.UID, Force: force})
}
