package lifecycle

import (
	"fmt"
	"slices"
	"time"
)

// rankState is what is known of one rank in the current attempt.
type rankState int

const (
	rankAbsent  rankState = iota // its pod has not been created
	rankPending                  // its pod exists; its process does not run in this attempt
	rankRunning
	rankSucceeded
	rankFailed
)

// rank is one rank with its pod and, where it failed, why.
type rank struct {
	state rankState
	pod   *Pod
	fault fault
}

// fault is one rank's failure.
type fault struct {
	reason   string
	message  string
	infra    bool // not the program's fault
	exclude  bool // keep away from the node
	exitCode int32
	at       time.Time
}

// ranks judges every rank of the placement.
func (o *Observation) ranks() []rank {
	out := make([]rank, len(o.Record.Placement.Slots))
	for i := range o.Pods {
		p := &o.Pods[i]
		if p.Rank < len(out) && p.Attempt == o.Record.Placement.Slots[p.Rank].Attempt {
			out[p.Rank].pod = p
		}
	}
	for i := range out {
		o.judge(i, &out[i])
		o.settle(&out[i].fault)
	}
	return out
}

// judge fills in one rank's state. What ends an attempt for reasons of the
// infrastructure is looked at before the program's own exit: the second is
// often only the echo of the first.
func (o *Observation) judge(i int, r *rank) {
	slot := o.Record.Placement.Slots[i]
	switch {
	case r.pod == nil:
		o.judgeMissing(i, r)
	case r.pod.Phase >= Succeeded && o.endedBefore(r.pod):
		r.fail(fault{reason: ReasonPodLost, infra: true, at: o.Now,
			message: fmt.Sprintf("pod %s ended in attempt %d, before it learned of attempt %d",
				r.pod.Name, r.pod.Launcher.Attempt, o.Record.Placement.Attempt)})
	case r.pod.Phase == Succeeded && r.pod.obeyed():
		r.fail(fault{reason: ReasonPodLost, infra: true, at: o.Now,
			message: fmt.Sprintf("pod %s was told to stop by somebody else, and did", r.pod.Name)})
	case r.pod.Phase == Succeeded:
		r.state = rankSucceeded
	case o.Nodes[slot.Node].Health >= Lost:
		r.fail(fault{reason: ReasonNodeLost, infra: true, exclude: true, at: o.Now,
			message: fmt.Sprintf("node %s is lost: %s", slot.Node, o.Nodes[slot.Node].Witness)})
	case r.pod.Phase == Failed:
		r.fail(podFault(r.pod))
	case r.pod.Deleting:
		r.fail(fault{reason: ReasonPodLost, infra: true, at: o.Now,
			message: fmt.Sprintf("pod %s is being deleted by somebody else", r.pod.Name)})
	case o.bindTimedOut(r.pod):
		r.fail(fault{reason: ReasonBindTimeout, infra: true, exclude: true, at: o.Now,
			message: fmt.Sprintf("pod %s was not bound to node %s within %s%s",
				r.pod.Name, slot.Node, o.Job.Limits.Bind, because(r.pod.Unscheduled))})
	case o.Job.Launcher && r.pod.Launcher != nil:
		o.judgeLauncher(r)
	case r.pod.Ready && !o.unsure(r.pod):
		r.state = rankRunning
	default:
		r.state = rankPending
	}
}

// unsure says whether a pod that was kept may not have learned of the attempt:
// its launcher has not been heard, and the attempt has not run before.
func (o *Observation) unsure(p *Pod) bool {
	return o.Job.Launcher && p.Attempt < o.Record.Placement.Attempt && o.Record.Ran < o.Record.Placement.Attempt
}

// because appends a reason that somebody else gave, if there is one.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func (r *rank) fail(f fault) { r.state, r.fault = rankFailed, f }

// settle dates a failure that a node's clock puts into the future to when it
// was first noticed.
func (o *Observation) settle(f *fault) {
	switch {
	case !f.at.After(o.Now):
	case o.Record.RecoveringSince.IsZero():
		f.at = o.Now
	default:
		f.at = o.Record.RecoveringSince
	}
}

// judgeMissing tells a pod that is still to be created from one that was lost.
func (o *Observation) judgeMissing(i int, r *rank) {
	if slices.Contains(o.Record.Succeeded, i) {
		r.state = rankSucceeded
		return
	}
	set, index := o.Job.SetOf(i)
	slot := o.Record.Placement.Slots[i]
	created := set < len(o.Record.Created) && o.Record.Created[set] >= slot.Attempt
	if !created && slot.Attempt == o.Record.Placement.Attempt {
		r.state = rankAbsent
		return
	}
	f := fault{reason: ReasonPodLost, infra: true, at: o.Now,
		message: fmt.Sprintf("the pod of %s-%d is gone", o.Job.Sets[set].Name, index)}
	if n := o.Nodes[slot.Node]; n.Health >= Lost {
		f.reason, f.exclude = ReasonNodeLost, true
		f.message = fmt.Sprintf("node %s is lost: %s", slot.Node, n.Witness)
	}
	r.fail(f)
}

// endedBefore says whether a pod that was kept ended while it still worked for
// an older attempt. How it ended says nothing about the current one.
func (o *Observation) endedBefore(p *Pod) bool {
	return p.Launcher != nil && p.Launcher.Attempt < o.Record.Placement.Attempt
}

// obeyed says whether a pod ended since it was told to: that it ended well then
// means that it stopped cleanly, not that its work was done.
func (p *Pod) obeyed() bool { return p.Deleting && !p.EndedAt.Before(p.AskedToGo) }

func (o *Observation) judgeLauncher(r *rank) {
	l := r.pod.Launcher
	switch {
	case l.Attempt != o.Record.Placement.Attempt:
		r.state = rankPending
	case l.Phase == LauncherRunning:
		r.state = rankRunning
	case l.Phase == LauncherFenced:
		r.fail(fault{reason: ReasonRankOrphaned, infra: true, at: o.Now,
			message: fmt.Sprintf("the launcher of pod %s ended its process, since nobody could reach it", r.pod.Name)})
	case l.Phase == LauncherExited && l.ExitCode != 0:
		r.fail(fault{reason: ReasonProcessFailed, exitCode: l.ExitCode, at: l.ExitedAt,
			message: fmt.Sprintf("the process of pod %s ended with code %d", r.pod.Name, l.ExitCode)})
	default:
		r.state = rankPending
	}
}

// podFault says whose fault a failed pod is.
func podFault(p *Pod) fault {
	switch p.Cause {
	case CauseRefused:
		return fault{reason: ReasonPodRefused, infra: true, exclude: true, at: p.EndedAt,
			message: fmt.Sprintf("node %s refused pod %s: %s", p.Node, p.Name, p.Reason)}
	case CauseDisrupted:
		return fault{reason: ReasonPodLost, infra: true, at: p.EndedAt,
			message: fmt.Sprintf("pod %s was ended from outside: %s", p.Name, p.Reason)}
	default:
		return fault{reason: ReasonProcessFailed, exitCode: p.ExitCode, at: p.EndedAt,
			message: fmt.Sprintf("the process of pod %s ended with code %d", p.Name, p.ExitCode)}
	}
}

// bindTimedOut says whether a pod has waited for its node for too long. Time
// in which an older pod of the job still leaves that node does not count.
func (o *Observation) bindTimedOut(p *Pod) bool {
	if p.Bound || o.Now.Sub(p.Created) < o.Job.Limits.Bind {
		return false
	}
	node := o.Record.Placement.Slots[p.Rank].Node
	for i := range o.Pods {
		q := &o.Pods[i]
		if q.Bound && q.Node == node && q.Attempt < p.Attempt && q.Phase <= Running {
			return false
		}
	}
	return true
}

// usable says whether a rank's pod can carry the next attempt.
func (r *rank) usable() bool {
	return r.pod != nil && r.pod.Bound && !r.pod.Deleting && r.pod.Phase == Running &&
		r.pod.Launcher != nil && (r.state != rankFailed || r.fault.reason == ReasonProcessFailed ||
		r.fault.reason == ReasonRankOrphaned)
}
