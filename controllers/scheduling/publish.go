package scheduling

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/clusterstate"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/pkg/placement"
)

// publish writes what was planned for a job; done says that the job need not
// be looked at further now.
func (s *Scheduler) publish(ctx context.Context, job *v1alpha1.TrainingJob) (done bool, err error) {
	key := client.ObjectKeyFromObject(job)
	o := s.planned(job)
	if o == nil {
		return false, nil
	}
	w, err := s.compose(job, o)
	if err != nil {
		s.dismiss(job)
		return false, err
	}
	if err := s.write(ctx, w); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.gangs[key]; g != nil && g.outcome == o {
		g.outcome = nil
		g.say(o, s.clock.Now())
	}
	s.announce(job, o)
	return acts(o.verb), nil
}

// planned is what is still to be written for a job; what was planned for an
// older state of it is dismissed.
func (s *Scheduler) planned(job *v1alpha1.TrainingJob) *outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gangs[client.ObjectKeyFromObject(job)]
	if g == nil || g.outcome == nil {
		return nil
	}
	if !g.isAbout(job) {
		g.outcome = nil
	}
	return g.outcome
}

// dismiss drops what was planned for a job; the next reconcile tells the
// tracker what really holds.
func (s *Scheduler) dismiss(job *v1alpha1.TrainingJob) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.gangs[client.ObjectKeyFromObject(job)]; g != nil {
		g.outcome = nil
	}
}

// compose turns what was planned into a change of the status.
func (s *Scheduler) compose(job *v1alpha1.TrainingJob, o *outcome) (*write, error) {
	w := newWrite(job)
	switch o.verb {
	case placement.Admit, placement.Replace:
		assignments, err := s.place(job, o)
		if err != nil {
			return nil, err
		}
		reason := v1alpha1.ReasonAdmitted
		if o.verb == placement.Replace {
			reason = v1alpha1.ReasonReplaced
		}
		w.admit(assignments)
		w.admitted(true, reason, o.message)
		w.queued(false, reason, "the job has a place")
	case placement.Preempt:
		w.evict(v1alpha1.ReasonPreempted, o.beneficiary)
		w.admitted(true, v1alpha1.ReasonPreempted, o.message)
	case placement.Release:
		w.evict(v1alpha1.ReasonUnplaceable, o.beneficiary)
		w.admitted(true, v1alpha1.ReasonUnplaceable, o.message)
	default:
		w.queued(true, waitReason(o), o.message)
		if meta.FindStatusCondition(job.Status.Conditions, v1alpha1.ConditionAdmitted) != nil && !job.Status.Placed() {
			w.admitted(false, waitReason(o), o.message)
		}
	}
	return w, nil
}

// waitReason is the API's word for why a job waits.
func waitReason(o *outcome) string {
	switch {
	case o.verb == placement.Impossible:
		return v1alpha1.ReasonImpossible
	case o.verb == placement.Reserve:
		return v1alpha1.ReasonAwaitingPreemption
	case o.reason == placement.Behind:
		return v1alpha1.ReasonAwaitingTurn
	case o.reason == placement.NoEligibleNode:
		return v1alpha1.ReasonNoEligibleNode
	default:
		return v1alpha1.ReasonInsufficientCapacity
	}
}

// place puts new places and kept ones together.
func (s *Scheduler) place(job *v1alpha1.TrainingJob, o *outcome) ([]v1alpha1.Assignment, error) {
	layout := ranks.Of(job)
	if o.verb == placement.Admit {
		slots := make([]ranks.Slot, layout.Total())
		if err := fill(layout, slots, o.assignments, nextAttempt(job)); err != nil {
			return nil, err
		}
		return layout.Compact(slots), nil
	}
	slots, err := layout.Expand(job.Status.Admission.Assignments)
	if err != nil {
		return nil, fmt.Errorf("the admission of TrainingJob %s: %w", client.ObjectKeyFromObject(job), err)
	}
	if err := fill(layout, slots, o.assignments, nextAttempt(job)); err != nil {
		return nil, err
	}
	return nextSlots(job, layout, slots), nil
}

// fill sets the slots that assignments name.
func fill(layout ranks.Layout, slots []ranks.Slot, assignments []clusterstate.Assignment, attempt int32) error {
	for i := range assignments {
		a := &assignments[i]
		set, known := layout.Set(a.Set)
		if !known || a.First < 0 || a.First+a.Count > layout.Replicas(set) {
			return fmt.Errorf("the plan places %d of set %q, which the job no longer has", a.Count, a.Set)
		}
		for k := range a.Count {
			slots[layout.Rank(set, a.First+k)] = ranks.Slot{Node: a.Node, Attempt: attempt}
		}
	}
	return nil
}

// announce tells people of what was just written.
func (s *Scheduler) announce(job *v1alpha1.TrainingJob, o *outcome) {
	switch o.verb {
	case placement.Admit, placement.Replace:
		s.recorder.Eventf(job, nil, corev1.EventTypeNormal, "Admitted", "Place", "attempt %d: %s", nextAttempt(job), o.message)
		if job.Status.Admission == nil {
			queueSeconds.Observe(s.clock.Now().Sub(job.CreationTimestamp.Time).Seconds())
		}
	case placement.Preempt, placement.Release:
		s.recorder.Eventf(job, nil, corev1.EventTypeWarning, "Evicted", "Evict", "%s", o.message)
	default:
	}
}
