package scheduling

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/clusterstate"
	"github.com/trainyard/trainyard/internal/jobindex"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// rankOf recognises the pods of TrainingJobs.
func rankOf(pod *corev1.Pod) (clusterstate.Rank, bool) {
	owner := jobindex.Job(pod)
	if owner == nil {
		return clusterstate.Rank{}, false
	}
	index, err1 := strconv.ParseInt(pod.Labels[v1alpha1.LabelIndex], 10, 32)
	attempt, err2 := strconv.ParseInt(pod.Labels[v1alpha1.LabelAttempt], 10, 32)
	return clusterstate.Rank{
		Gang: pod.Namespace + "/" + owner.Name, Set: pod.Labels[v1alpha1.LabelSet],
		Index: int32(index), Attempt: int32(attempt),
	}, err1 == nil && err2 == nil
}

// gangOf is what a job asks for. shapes are its sets' pods.
func (s *Scheduler) gangOf(ctx context.Context, job *v1alpha1.TrainingJob, shapes []*corev1.PodSpec) (clusterstate.Gang, error) {
	priority, err := s.priority(ctx, job)
	if err != nil {
		return clusterstate.Gang{}, err
	}
	g := clusterstate.Gang{
		ID: client.ObjectKeyFromObject(job).String(), UID: job.UID, Priority: priority,
		Arrived: job.CreationTimestamp.Time, Preemptible: job.CanBePreempted(),
		Exclude: s.excluded(job), Sets: make([]clusterstate.Set, len(shapes)),
		Takes: expected(job),
	}
	if since := placedSince(job); g.Takes > 0 && !since.IsZero() {
		g.EndsBy = since.Add(g.Takes)
	}
	layout := ranks.Of(job)
	for i := range shapes {
		g.Sets[i] = clusterstate.Set{Name: layout.Name(i), Count: layout.Replicas(i), Spec: shapes[i]}
	}
	return g, nil
}

// expected is how long the job is expected to hold a place from when it got its
// last one, or gets its next: what the user estimates, or at most allows, less
// what it used before. Zero is unknown, which a job is too that has used it up.
func expected(job *v1alpha1.TrainingJob) time.Duration {
	policy := job.Spec.RunPolicy
	if policy == nil {
		return 0
	}
	total := policy.EstimatedDurationSeconds
	if total == 0 {
		total = policy.ActiveDeadlineSeconds
	}
	if used := job.Status.ActiveSeconds; used != nil {
		total -= *used
	}
	return time.Duration(max(total, 0)) * time.Second
}

// placedSince is when the job got the place that it holds; zero: it has none.
func placedSince(job *v1alpha1.TrainingJob) time.Time {
	admitted := meta.FindStatusCondition(job.Status.Conditions, v1alpha1.ConditionAdmitted)
	switch {
	case !job.Status.Placed():
		return time.Time{}
	case job.Status.ActiveSince != nil:
		return job.Status.ActiveSince.Time
	case admitted != nil:
		return admitted.LastTransitionTime.Time
	default:
		return time.Time{}
	}
}

// priority is the value of the job's PriorityClass, or of the cluster's default.
func (s *Scheduler) priority(ctx context.Context, job *v1alpha1.TrainingJob) (int32, error) {
	if name := job.Spec.PriorityClassName; name != "" {
		class := &schedulingv1.PriorityClass{}
		if err := s.client.Get(ctx, types.NamespacedName{Name: name}, class); err != nil {
			return 0, fmt.Errorf("spec.priorityClassName %q: %w", name, err)
		}
		return class.Value, nil
	}
	var classes schedulingv1.PriorityClassList
	if err := s.client.List(ctx, &classes, client.UnsafeDisableDeepCopy); err != nil {
		return 0, fmt.Errorf("listing PriorityClasses: %w", err)
	}
	for i := range classes.Items {
		if classes.Items[i].GlobalDefault {
			return classes.Items[i].Value, nil
		}
	}
	return 0, nil
}

// unknownClass says whether an error is about a PriorityClass that is not there.
func unknownClass(job *v1alpha1.TrainingJob, err error) bool {
	return job.Spec.PriorityClassName != "" && apierrors.IsNotFound(err)
}

// excluded are the nodes that the job is to keep away from for now.
func (s *Scheduler) excluded(job *v1alpha1.TrainingJob) []string {
	rec := job.Status.LastRecovery
	if rec == nil {
		return nil
	}
	now := s.clock.Now()
	var out []string
	for i := range rec.Excluded {
		if e := &rec.Excluded[i]; e.Until != nil && e.Until.After(now) {
			out = append(out, e.Name)
		}
	}
	return out
}

// recovering says whether a job that has a place asks for the next attempt.
func recovering(job *v1alpha1.TrainingJob) bool {
	rec := job.Status.LastRecovery
	return rec != nil && job.Status.Admission != nil && rec.Attempt > job.Status.Admission.Attempt
}

// nextAttempt is the number that the job's next admission gets.
func nextAttempt(job *v1alpha1.TrainingJob) int32 {
	a := job.Status.Admission
	switch {
	case a == nil:
		return 1
	case recovering(job):
		return job.Status.LastRecovery.Attempt
	default:
		return a.Attempt + 1
	}
}

func baseAttempt(job *v1alpha1.TrainingJob) int32 {
	if job.Status.Admission == nil {
		return 0
	}
	return job.Status.Admission.Attempt
}

// backoff is how long the job's next attempt is still held back.
func (s *Scheduler) backoff(job *v1alpha1.TrainingJob) time.Duration {
	if rec := job.Status.LastRecovery; recovering(job) && rec.NotBefore != nil {
		return max(rec.NotBefore.Sub(s.clock.Now()), 0)
	}
	return 0
}

// held are the assignments of a job but for those on nodes that it has to
// leave, and whether there are any such.
func (s *Scheduler) held(job *v1alpha1.TrainingJob) (kept []clusterstate.Assignment, lost bool) {
	excluded := s.excluded(job)
	for i := range job.Status.Admission.Assignments {
		a := &job.Status.Admission.Assignments[i]
		if slices.Contains(excluded, a.Node) || s.nodes.Node(a.Node).Health >= lifecycle.Lost {
			lost = true
			continue
		}
		kept = append(kept, clusterstate.Assignment{
			Set: a.Set, Node: a.Node, First: *a.First, Count: a.Count, Attempt: a.Attempt,
		})
	}
	return kept, lost
}
