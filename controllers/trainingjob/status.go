package trainingjob

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/statusapply"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// maxCountedRestarts bounds the record of times; the budget of a window is smaller.
const maxCountedRestarts = 33

// conflictRetry is how soon a write is tried again that met a change.
const conflictRetry = 10 * time.Millisecond

// writeStatus writes this controller's part of the status, if it changed. A
// change that records no decision waits its turn: then the time that is left
// is returned.
func (r *Reconciler) writeStatus(ctx context.Context, s *scope) (time.Duration, error) {
	if s.decision.Verb == lifecycle.Remove {
		return 0, nil
	}
	last := owned(&s.job.Status)
	next := s.nextStatus(last.DeepCopy())
	if equality.Semantic.DeepEqual(last, next) {
		return 0, nil
	}
	if wait := s.mustWait(last, next); wait > 0 {
		return wait, nil
	}
	// A manager that was paused while another took over, or a request that was
	// held up on its way, must not take back what has been written since.
	err := statusapply.WriteIfUnchanged(ctx, r.Client, v1alpha1.GroupVersion.WithKind("TrainingJob"), s.job, Owner, next)
	switch {
	case apierrors.IsNotFound(err): // deleted in the meantime
		return 0, nil
	case apierrors.IsConflict(err): // changed in the meantime
		return conflictRetry, nil
	case err != nil:
		return 0, fmt.Errorf("writing the status of TrainingJob %s: %w", s.key, err)
	}
	s.pace.status = s.observed.Now
	r.report(s, last, next)
	return 0, nil
}

// mustWait is how long a write has to wait to keep the pace.
func (s *scope) mustWait(last, next *v1alpha1.TrainingJobStatus) time.Duration {
	decides := s.decision.Verb == lifecycle.Recover || s.decision.Verb == lifecycle.Finish || s.decision.Reclassified
	if decides || s.pace.status.IsZero() {
		return 0
	}
	wait := writeEvery
	if onlyCounts(last, next) {
		wait = patience(s.observed.Record.Placement.Since, s.pace.status, countsWait, countsMaxWait)
	}
	return wait - s.observed.Now.Sub(s.pace.status)
}

// onlyCounts says whether nothing but the number of ranks has changed.
func onlyCounts(last, next *v1alpha1.TrainingJobStatus) bool {
	changed := next.DeepCopy()
	changed.Ready = last.Ready
	if len(last.ReplicaStatuses) != len(next.ReplicaStatuses) {
		return false
	}
	for i := range changed.ReplicaStatuses {
		was := &last.ReplicaStatuses[i]
		is := &changed.ReplicaStatuses[i]
		is.Active, is.Ready, is.Failed, is.Succeeded = was.Active, was.Ready, was.Failed, was.Succeeded
	}
	for i := range changed.Conditions {
		if was := meta.FindStatusCondition(last.Conditions, changed.Conditions[i].Type); was != nil && was.Reason == changed.Conditions[i].Reason {
			changed.Conditions[i].Message = was.Message
		}
	}
	return equality.Semantic.DeepEqual(last, changed)
}

// owned is the part of the status that this controller writes.
func owned(st *v1alpha1.TrainingJobStatus) *v1alpha1.TrainingJobStatus {
	out := st.DeepCopy()
	out.Admission, out.Eviction = nil, nil
	out.Conditions = nil
	for i := range st.Conditions {
		switch st.Conditions[i].Type {
		case v1alpha1.ConditionQueued, v1alpha1.ConditionAdmitted:
		default:
			out.Conditions = append(out.Conditions, st.Conditions[i])
		}
	}
	return out
}

// nextStatus brings the status up to what was observed and decided.
func (s *scope) nextStatus(st *v1alpha1.TrainingJobStatus) *v1alpha1.TrainingJobStatus {
	st.ObservedGeneration = s.job.Generation
	if a := s.job.Status.Admission; a != nil {
		st.Attempt = a.Attempt
	}
	s.setActive(st)
	s.setReplicas(st)
	s.setProgress(st)
	s.setRecovery(st)
	s.setEnd(st)
	s.setConditions(st)
	st.State, st.Reason = s.state(st)
	if s.observed.Record.End == nil {
		st.Ready = strconv.Itoa(s.decision.Ready()) + "/" + strconv.Itoa(int(s.layout.Total()))
	}
	return st
}

// setActive keeps the time for which the job has held a place.
func (s *scope) setActive(st *v1alpha1.TrainingJobStatus) {
	placed := s.observed.Record.Placement.Placed() && !s.observed.Record.Evicting &&
		s.observed.Record.End == nil && s.decision.Verb != lifecycle.Finish
	switch {
	case placed && st.ActiveSince == nil:
		st.ActiveSince = &metav1.Time{Time: s.observed.Now}
	case !placed && st.ActiveSince != nil:
		total := valueOf(st.ActiveSeconds) + int64(s.observed.Now.Sub(st.ActiveSince.Time).Seconds())
		st.ActiveSeconds, st.ActiveSince = &total, nil
	}
}

// setReplicas counts the pods of each set. What a job that has ended left
// behind is not counted again: its last counts stay.
func (s *scope) setReplicas(st *v1alpha1.TrainingJobStatus) {
	if s.observed.Record.End != nil {
		return
	}
	counts := make([]v1alpha1.ReplicaStatus, len(s.job.Spec.ReplicaSpecs))
	for i := range counts {
		c := &s.decision.Sets[i]
		active, ready, failed := int32(c.Active), int32(c.Ready), int32(c.Failed)
		counts[i] = v1alpha1.ReplicaStatus{
			Name: s.job.Spec.ReplicaSpecs[i].Name, Attempt: s.observed.Record.Created[i],
			Active: &active, Ready: &ready, Failed: &failed, Succeeded: indexRuns(c.Succeeded),
		}
		if c.Created && s.observed.Record.Placement.Placed() {
			counts[i].Attempt = s.observed.Record.Placement.Attempt
		}
	}
	st.ReplicaStatuses = counts
}

// setRecovery records a restart, and the times of its parts as they are reached.
func (s *scope) setRecovery(st *v1alpha1.TrainingJobStatus) {
	if s.decision.Reclassified {
		takeBack(st)
	}
	if s.decision.Verb == lifecycle.Recover {
		s.countRestart(st)
		st.LastRecovery = recoveryTo(s.decision.Recovery, s.layout)
		return
	}
	placement := &s.observed.Record.Placement
	up := placement.Placed() && s.decision.Ready() == int(s.layout.Total()) && s.observed.Record.End == nil
	if up {
		st.LastRunAttempt = placement.Attempt
		if st.StartTime == nil {
			st.StartTime = &metav1.Time{Time: s.observed.Now}
		}
	}
	rec := st.LastRecovery
	if rec == nil || rec.Attempt != placement.Attempt || !placement.Placed() {
		return
	}
	if rec.Placed == nil {
		rec.Placed = microTime(s.observed.Now)
	}
	if up && rec.Running == nil {
		rec.Running = microTime(s.observed.Now)
	}
	if rec.FirstStep == nil && rec.Running != nil {
		rec.FirstStep = microTime(s.firstStep(rec.Running.Time))
	}
}

// takeBack takes the last restart off the budget again: it turned out not to be
// the program's fault.
func takeBack(st *v1alpha1.TrainingJobStatus) {
	counted, no := max(valueOf(st.RestartsCountTowardsMax)-1, 0), false
	st.RestartsCountTowardsMax = &counted
	if n := len(st.CountedRestarts); n > 0 {
		st.CountedRestarts = st.CountedRestarts[:n-1]
	}
	if st.LastRecovery != nil {
		st.LastRecovery.Counted = &no
	}
}

// countRestart counts a restart.
func (s *scope) countRestart(st *v1alpha1.TrainingJobStatus) {
	restarts := valueOf(st.Restarts) + 1
	counted := valueOf(st.RestartsCountTowardsMax)
	if s.decision.Recovery.Counted {
		counted++
		st.CountedRestarts = append(st.CountedRestarts, metav1.Time{Time: s.observed.Now})
		st.CountedRestarts = st.CountedRestarts[max(0, len(st.CountedRestarts)-maxCountedRestarts):]
	}
	st.Restarts, st.RestartsCountTowardsMax = &restarts, &counted
}

// setEnd records the end of the job.
func (s *scope) setEnd(st *v1alpha1.TrainingJobStatus) {
	if s.decision.Verb != lifecycle.Finish {
		return
	}
	st.CompletionTime = &metav1.Time{Time: s.observed.Now}
	if st.StartTime == nil && s.observed.Record.Placement.Placed() {
		st.StartTime = st.CompletionTime
	}
}
