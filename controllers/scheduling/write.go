package scheduling

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/statusapply"
)

// maxMessage is what a condition's message holds, with room to spare.
const maxMessage = 2048

// ownedStatus is the part of a job's status that this loop writes.
type ownedStatus struct {
	Conditions []metav1.Condition  `json:"conditions,omitempty"`
	Admission  *v1alpha1.Admission `json:"admission,omitempty"`
	Eviction   *v1alpha1.Eviction  `json:"eviction,omitempty"`
}

// write is a change of that part, as it is put together.
type write struct {
	job  *v1alpha1.TrainingJob
	next ownedStatus
}

func newWrite(job *v1alpha1.TrainingJob) *write {
	return &write{job: job, next: *ownedOf(job).deepCopy()}
}

func ownedOf(job *v1alpha1.TrainingJob) *ownedStatus {
	o := &ownedStatus{Admission: job.Status.Admission, Eviction: job.Status.Eviction}
	for i := range job.Status.Conditions {
		switch c := job.Status.Conditions[i]; c.Type {
		case v1alpha1.ConditionQueued, v1alpha1.ConditionAdmitted:
			o.Conditions = append(o.Conditions, c)
		}
	}
	return o
}

func (o *ownedStatus) deepCopy() *ownedStatus {
	out := &ownedStatus{Admission: o.Admission.DeepCopy(), Eviction: o.Eviction.DeepCopy()}
	out.Conditions = append(out.Conditions, o.Conditions...)
	return out
}

// admit gives the job a place for its next attempt.
func (w *write) admit(assignments []v1alpha1.Assignment) {
	w.next.Admission = &v1alpha1.Admission{Attempt: nextAttempt(w.job), Assignments: assignments}
	w.next.Eviction = nil
}

// clear takes the place; the number of the attempt stays, since it must not
// be given twice.
func (w *write) clear() {
	if w.next.Admission != nil {
		w.next.Admission = &v1alpha1.Admission{Attempt: w.next.Admission.Attempt}
	}
	w.next.Eviction = nil
}

// evict asks the job's controller to stop the job's pods.
func (w *write) evict(reason, beneficiary string) {
	w.next.Eviction = &v1alpha1.Eviction{Reason: reason, For: beneficiary, Attempt: w.next.Admission.Attempt}
}

func (w *write) queued(status bool, reason, message string) {
	w.set(v1alpha1.ConditionQueued, status, reason, message)
}

func (w *write) admitted(status bool, reason, message string) {
	w.set(v1alpha1.ConditionAdmitted, status, reason, message)
}

func (w *write) set(kind string, status bool, reason, message string) {
	c := metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason,
		Message: message[:min(len(message), maxMessage)], ObservedGeneration: w.job.Generation}
	if status {
		c.Status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&w.next.Conditions, c)
}

// write applies a change, if it is one. It fails with a conflict if the job
// has changed since it was read: what was planned for an older spec must not
// be written.
func (s *Scheduler) write(ctx context.Context, w *write) error {
	if equality.Semantic.DeepEqual(ownedOf(w.job), &w.next) {
		return nil
	}
	for i := range w.next.Conditions {
		s.stamp(&w.next.Conditions[i], w.job.Status.Conditions)
	}
	gvk := v1alpha1.GroupVersion.WithKind("TrainingJob")
	if err := statusapply.WriteIfUnchanged(ctx, s.client, gvk, w.job, Owner, &w.next); err != nil {
		return fmt.Errorf("writing the admission of TrainingJob %s: %w", client.ObjectKeyFromObject(w.job), err)
	}
	return nil
}

// writeAndForget takes a job's place away: first in the status, then in the
// tracker, so that nobody else is given it while it is still the job's.
func (s *Scheduler) writeAndForget(ctx context.Context, w *write) error {
	if err := s.write(ctx, w); err != nil {
		return err
	}
	s.forget(client.ObjectKeyFromObject(w.job))
	return nil
}

// stamp gives a condition that changed the time of the loop's own clock.
func (s *Scheduler) stamp(c *metav1.Condition, last []metav1.Condition) {
	before := meta.FindStatusCondition(last, c.Type)
	if before == nil || before.Status != c.Status {
		c.LastTransitionTime = metav1.Time{Time: s.clock.Now()}
	}
}
