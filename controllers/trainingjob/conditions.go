package trainingjob

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// maxMessage is what the API allows in a condition's message, with room to spare.
const maxMessage = 1024

// setConditions sets every condition of this controller, the end last.
func (s *scope) setConditions(st *v1alpha1.TrainingJobStatus) {
	s.setRunning(st)
	s.setRecovering(st)
	s.setSuspended(st)
	s.setEnded(st)
}

func (s *scope) set(st *v1alpha1.TrainingJobStatus, kind string, status bool, reason, message string) {
	c := metav1.Condition{
		Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: truncate(message, maxMessage),
		ObservedGeneration: s.job.Generation, LastTransitionTime: metav1.Time{Time: s.observed.Now},
	}
	if status {
		c.Status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&st.Conditions, c)
}

// ended says whether the job has ended, now or before.
func (s *scope) ended() bool {
	return s.observed.Record.End != nil || s.decision.Verb == lifecycle.Finish
}

func (s *scope) setRunning(st *v1alpha1.TrainingJobStatus) {
	total := int(s.layout.Total())
	switch ready := s.decision.Ready(); {
	case s.observed.Record.End != nil:
	case s.decision.Verb == lifecycle.Finish:
		s.set(st, v1alpha1.ConditionRunning, false, v1alpha1.ReasonFinished, "the job has ended")
	case !s.observed.Record.Placement.Placed() || s.observed.Record.Evicting:
		s.set(st, v1alpha1.ConditionRunning, false, v1alpha1.ReasonNotPlaced, "the job has no place")
	case ready == total && s.decision.Verb != lifecycle.Recover:
		s.set(st, v1alpha1.ConditionRunning, true, v1alpha1.ReasonAllRanksRunning, fmt.Sprintf("%d of %d ranks run", ready, total))
	case s.decision.Waiting != "":
		s.set(st, v1alpha1.ConditionRunning, false, v1alpha1.ReasonWaitingForDependency, s.decision.Waiting)
	default:
		s.set(st, v1alpha1.ConditionRunning, false, v1alpha1.ReasonPodsStarting, s.startingMessage(ready, total))
	}
}

func (s *scope) startingMessage(ready, total int) string {
	message := fmt.Sprintf("%d of %d ranks run", ready, total)
	if s.decision.Blocked != "" {
		message += "; " + s.decision.Blocked
	}
	return message
}

// setRecovering is about the last recovery, or about a failure that may lead to
// one; a job that never had either does not have the condition.
func (s *scope) setRecovering(st *v1alpha1.TrainingJobStatus) {
	rec := st.LastRecovery
	switch {
	case s.observed.Record.End != nil:
	case s.decision.Holding != "":
		s.set(st, v1alpha1.ConditionRecovering, true, v1alpha1.RecoveryProcessFailed, s.decision.Holding)
	case rec == nil && meta.IsStatusConditionTrue(st.Conditions, v1alpha1.ConditionRecovering):
		s.set(st, v1alpha1.ConditionRecovering, false, v1alpha1.RecoveryCompleted, "the failure led to no restart")
	case rec == nil:
	case s.recovered(rec):
		s.set(st, v1alpha1.ConditionRecovering, false, v1alpha1.RecoveryCompleted,
			fmt.Sprintf("attempt %d was started for %s", rec.Attempt, rec.Reason))
	default:
		s.set(st, v1alpha1.ConditionRecovering, true, rec.Reason, rec.Message)
	}
}

// recovered says whether a recovery is over: its attempt ran, or the job has
// ended, or a later attempt took its place after a suspension or an eviction.
func (s *scope) recovered(rec *v1alpha1.Recovery) bool {
	return rec.Running != nil || s.decision.Verb == lifecycle.Finish || rec.Attempt < s.observed.Record.Placement.Attempt
}

func (s *scope) setSuspended(st *v1alpha1.TrainingJobStatus) {
	holds := s.observed.Record.Placement.Placed() || len(s.pods) > 0
	switch {
	case s.ended():
	case s.job.Suspended() && !holds:
		s.set(st, v1alpha1.ConditionSuspended, true, v1alpha1.ReasonSuspended, "spec.suspend is true: set it to false to go on")
	case s.job.Suspended():
		s.set(st, v1alpha1.ConditionSuspended, false, v1alpha1.ReasonSuspended, "the job's pods are being stopped")
	case meta.FindStatusCondition(st.Conditions, v1alpha1.ConditionSuspended) != nil:
		s.set(st, v1alpha1.ConditionSuspended, false, v1alpha1.ReasonResumed, "spec.suspend is false")
	}
}

func (s *scope) setEnded(st *v1alpha1.TrainingJobStatus) {
	end := s.decision.End
	if s.decision.Verb != lifecycle.Finish {
		return
	}
	message := end.Message
	if message == "" {
		message = "the job has ended well"
	}
	kind := v1alpha1.ConditionFailed
	if end.Succeeded {
		kind = v1alpha1.ConditionSucceeded
	}
	s.set(st, kind, true, end.Reason, message)
}

// state is the job's condition in one word, and why.
func (s *scope) state(st *v1alpha1.TrainingJobStatus) (v1alpha1.TrainingJobState, string) {
	if c := meta.FindStatusCondition(st.Conditions, v1alpha1.ConditionSucceeded); c != nil {
		return v1alpha1.StateSucceeded, c.Reason
	}
	if c := meta.FindStatusCondition(st.Conditions, v1alpha1.ConditionFailed); c != nil {
		return v1alpha1.StateFailed, c.Reason
	}
	if meta.IsStatusConditionTrue(st.Conditions, v1alpha1.ConditionSuspended) {
		return v1alpha1.StateSuspended, v1alpha1.ReasonSuspended
	}
	if e := s.job.Status.Eviction; e != nil {
		return evictedState(e)
	}
	if !s.observed.Record.Placement.Placed() {
		return v1alpha1.StateQueued, s.queuedReason()
	}
	if c := meta.FindStatusCondition(st.Conditions, v1alpha1.ConditionRecovering); c != nil && c.Status == metav1.ConditionTrue {
		return v1alpha1.StateRecovering, c.Reason
	}
	running := meta.FindStatusCondition(st.Conditions, v1alpha1.ConditionRunning)
	switch {
	case running != nil && running.Status == metav1.ConditionTrue:
		return v1alpha1.StateRunning, running.Reason
	default:
		return v1alpha1.StateStarting, running.Reason
	}
}

func evictedState(e *v1alpha1.Eviction) (v1alpha1.TrainingJobState, string) {
	if e.Reason == v1alpha1.ReasonSuspended {
		return v1alpha1.StateSuspending, e.Reason
	}
	return v1alpha1.StatePreempting, e.Reason
}

// queuedReason is the scheduling loop's word on why the job waits.
func (s *scope) queuedReason() string {
	if c := meta.FindStatusCondition(s.job.Status.Conditions, v1alpha1.ConditionQueued); c != nil {
		return c.Reason
	}
	return v1alpha1.ReasonNotPlaced
}
