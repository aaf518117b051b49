package scheduling

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/clusterstate"
	"github.com/trainyard/trainyard/internal/jobindex"
	"github.com/trainyard/trainyard/internal/podphase"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// settle clears what a job that has ended held.
func (s *Scheduler) settle(ctx context.Context, job *v1alpha1.TrainingJob) error {
	w := newWrite(job)
	w.clear()
	w.queued(false, v1alpha1.ReasonFinished, "the job has ended")
	w.admitted(false, v1alpha1.ReasonFinished, "the job has ended")
	return s.writeAndForget(ctx, w)
}

// suspend takes the place of a job that the user suspended.
func (s *Scheduler) suspend(ctx context.Context, job *v1alpha1.TrainingJob) error {
	w := newWrite(job)
	if job.Status.Placed() {
		w.evict(v1alpha1.ReasonSuspended, "")
		w.admitted(true, v1alpha1.ReasonSuspended, "the job is leaving its place, since it was suspended")
		return s.write(ctx, w)
	}
	s.forget(client.ObjectKeyFromObject(job))
	w.queued(false, v1alpha1.ReasonSuspended, "spec.suspend is true: set it to false to queue the job")
	w.admitted(false, v1alpha1.ReasonSuspended, "spec.suspend is true")
	return s.write(ctx, w)
}

// finishEviction frees the place once no pod of the job is left there.
func (s *Scheduler) finishEviction(ctx context.Context, job *v1alpha1.TrainingJob) (time.Duration, error) {
	left, err := s.podsLeft(ctx, job)
	if err != nil {
		return 0, err
	}
	if left > 0 {
		return evictionRecheck, s.leave(job)
	}
	w := newWrite(job)
	eviction := job.Status.Eviction
	w.clear()
	w.admitted(false, eviction.Reason, "the job gave its place up")
	if job.Suspended() {
		w.queued(false, v1alpha1.ReasonSuspended, "spec.suspend is true: set it to false to queue the job")
	} else {
		w.queued(true, eviction.Reason, evictedMessage(eviction))
	}
	return 0, s.writeAndForget(ctx, w)
}

func evictedMessage(e *v1alpha1.Eviction) string {
	if e.For != "" {
		return fmt.Sprintf("the job gave its place to %s", e.For)
	}
	return "the job gave its place up and waits for another"
}

// podsLeft counts the pods of a job that may still use their node. A pod on a
// node that is lost is not waited for: its room is of no use to anybody.
func (s *Scheduler) podsLeft(ctx context.Context, job *v1alpha1.TrainingJob) (int, error) {
	var pods corev1.PodList
	if err := s.client.List(ctx, &pods, client.InNamespace(job.Namespace),
		client.MatchingFields{jobindex.ByJob: string(job.UID)}, client.UnsafeDisableDeepCopy); err != nil {
		return 0, fmt.Errorf("listing the pods of TrainingJob %s: %w", client.ObjectKeyFromObject(job), err)
	}
	left := 0
	for i := range pods.Items {
		pod := &pods.Items[i]
		if !podphase.Ended(pod) && (pod.Spec.NodeName == "" || s.nodes.Node(pod.Spec.NodeName).Health < lifecycle.Lost) {
			left++
		}
	}
	return left, nil
}

// leave tells the tracker that a job is about to leave its place.
func (s *Scheduler) leave(job *v1alpha1.TrainingJob) error {
	g, err := s.placedGang(context.Background(), job)
	if err != nil {
		return err
	}
	g.Leaving, g.YieldsTo = true, job.Status.Eviction.For
	g.Assignments, _ = s.held(job)
	return s.ask(job, g)
}

// placedGang is the gang of a job that has its place.
func (s *Scheduler) placedGang(ctx context.Context, job *v1alpha1.TrainingJob) (clusterstate.Gang, error) {
	shapes, err := s.shapes.rendered(job)
	if err != nil {
		return clusterstate.Gang{}, err
	}
	g, err := s.gangOf(ctx, job, shapes)
	if unknownClass(job, err) {
		// The class was deleted under a job that runs: it keeps its place and
		// loses its rank.
		job = job.DeepCopy()
		job.Spec.PriorityClassName = ""
		return s.gangOf(ctx, job, shapes)
	}
	return g, err
}

// keepPlace tells the tracker what a job holds, and finds a place for the
// ranks of a recovering job that cannot stay where they were.
func (s *Scheduler) keepPlace(ctx context.Context, job *v1alpha1.TrainingJob) (time.Duration, error) {
	g, err := s.placedGang(ctx, job)
	if err != nil {
		return 0, err
	}
	kept, lost := s.held(job)
	g.Assignments = kept
	switch {
	case !recovering(job):
		// What is on a node that is lost stays the job's until it asks for
		// another attempt.
		g.Assignments = assignmentsOf(job)
	case job.Status.LastRecovery.Reason == v1alpha1.RecoveryPodRejected:
		return 0, s.release(ctx, job)
	case s.backoff(job) > 0:
		return s.backoff(job), s.ask(job, g)
	case !lost:
		return 0, s.restartInPlace(ctx, job)
	default:
		g.HoldUntil = job.Status.LastRecovery.Detected.Add(holdTime)
	}
	return 0, s.ask(job, g)
}

func assignmentsOf(job *v1alpha1.TrainingJob) []clusterstate.Assignment {
	out := make([]clusterstate.Assignment, len(job.Status.Admission.Assignments))
	for i := range out {
		a := &job.Status.Admission.Assignments[i]
		out[i] = clusterstate.Assignment{Set: a.Set, Node: a.Node, First: *a.First, Count: a.Count, Attempt: a.Attempt}
	}
	return out
}

// restartInPlace admits the next attempt on the nodes that the job has.
func (s *Scheduler) restartInPlace(ctx context.Context, job *v1alpha1.TrainingJob) error {
	layout := ranks.Of(job)
	slots, err := layout.Expand(job.Status.Admission.Assignments)
	if err != nil {
		return fmt.Errorf("the admission of TrainingJob %s: %w", client.ObjectKeyFromObject(job), err)
	}
	w := newWrite(job)
	w.admit(nextSlots(job, layout, slots))
	w.admitted(true, v1alpha1.ReasonAdmitted, fmt.Sprintf("attempt %d keeps the place", nextAttempt(job)))
	w.queued(false, v1alpha1.ReasonAdmitted, "the job has a place")
	return s.write(ctx, w)
}

// nextSlots marks the ranks whose pods the recovery replaces, and those that
// moved, with the next attempt.
func nextSlots(job *v1alpha1.TrainingJob, layout ranks.Layout, slots []ranks.Slot) []v1alpha1.Assignment {
	next := nextAttempt(job)
	rec := job.Status.LastRecovery
	if !recovering(job) {
		for i := range slots {
			slots[i].Attempt = next
		}
		return layout.Compact(slots)
	}
	for _, run := range rec.Replace {
		set, known := layout.Set(run.Set)
		if !known {
			continue
		}
		for k := range run.Count {
			slots[layout.Rank(set, *run.First+k)].Attempt = next
		}
	}
	return layout.Compact(slots)
}

// release takes the place of a job whose pods were refused: the whole gang is
// released, and placed again after its back-off.
func (s *Scheduler) release(ctx context.Context, job *v1alpha1.TrainingJob) error {
	w := newWrite(job)
	w.clear()
	message := job.Status.LastRecovery.Message
	w.admitted(false, v1alpha1.ReasonPodRejected, message)
	w.queued(true, v1alpha1.ReasonPodRejected, message)
	return s.writeAndForget(ctx, w)
}

// queue tells the tracker of a job that waits for a place.
func (s *Scheduler) queue(ctx context.Context, job *v1alpha1.TrainingJob) (time.Duration, error) {
	key := client.ObjectKeyFromObject(job)
	if wait := s.backoff(job); wait > 0 {
		s.forget(key)
		return wait, s.wait(ctx, job, v1alpha1.ReasonBackoff, fmt.Sprintf("attempt %d is held back: %s",
			nextAttempt(job), job.Status.LastRecovery.Message))
	}
	shapes, err := s.shapes.ask(ctx, job)
	if errors.Is(err, errRejected) {
		s.forget(key)
		return rejectedRetry, s.wait(ctx, job, v1alpha1.ReasonPodRejected, err.Error())
	}
	if err != nil {
		return 0, errors.Join(err, s.explainFailure(ctx, job, err))
	}
	g, err := s.gangOf(ctx, job, shapes)
	if unknownClass(job, err) {
		s.forget(key)
		return rejectedRetry, s.wait(ctx, job, v1alpha1.ReasonUnknownPriorityClass,
			fmt.Sprintf("%v: create it or correct the name", err))
	}
	if err != nil {
		return 0, err
	}
	return 0, s.ask(job, g)
}

// explainFailure writes that the API server fails on a job's pods, if it has for
// a while: one failure is nothing to tell.
func (s *Scheduler) explainFailure(ctx context.Context, job *v1alpha1.TrainingJob, err error) error {
	if s.shapes.failingFor(job.UID, s.clock.Now()) < failureTold {
		return nil
	}
	return s.wait(ctx, job, v1alpha1.ReasonPodRejected, "trying the job's pods: "+err.Error())
}

// wait writes why a job is not even asked about.
func (s *Scheduler) wait(ctx context.Context, job *v1alpha1.TrainingJob, reason, message string) error {
	w := newWrite(job)
	w.queued(true, reason, message)
	if meta.FindStatusCondition(job.Status.Conditions, v1alpha1.ConditionAdmitted) != nil {
		w.admitted(false, reason, message)
	}
	return s.write(ctx, w)
}
