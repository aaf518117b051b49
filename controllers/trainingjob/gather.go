package trainingjob

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/jobindex"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// scope is one reconcile's view of a job.
type scope struct {
	key      types.NamespacedName
	job      *v1alpha1.TrainingJob
	layout   ranks.Layout
	pace     *pace
	pods     []corev1.Pod // the cache's own, not to be changed; parallel to observed.Pods
	final    []*launchspec.Termination
	live     []*launchspec.Status
	observed lifecycle.Observation
	decision lifecycle.Decision
}

// gather reads everything that a decision about a job looks at; nil if there
// is nothing to decide.
func (r *Reconciler) gather(ctx context.Context, key types.NamespacedName) (*scope, error) {
	job := &v1alpha1.TrainingJob{}
	if err := r.Client.Get(ctx, key, job); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("reading TrainingJob %s: %w", key, err)
	}
	if !job.DeletionTimestamp.IsZero() || !job.Managed() {
		return nil, nil
	}
	s := &scope{key: key, job: job, layout: ranks.Of(job), pace: r.paces.of(key, job.UID)}
	var list corev1.PodList
	if err := r.Client.List(ctx, &list, client.InNamespace(key.Namespace),
		client.MatchingFields{jobindex.ByJob: string(job.UID)}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the pods of TrainingJob %s: %w", key, err)
	}
	s.pods = list.Items
	record, err := s.record()
	if err != nil {
		return nil, err
	}
	s.observed = lifecycle.Observation{
		Now: r.Clock.Now(), Job: lifecycleJob(job, r.Options.BindTimeout), Record: record,
		Nodes: map[string]lifecycle.Node{},
	}
	r.observePods(s)
	r.observeNodes(s)
	return s, nil
}

// observePods turns pods, and what their launchers say, into plain values.
func (r *Reconciler) observePods(s *scope) {
	s.final = make([]*launchspec.Termination, len(s.pods))
	s.live = make([]*launchspec.Status, len(s.pods))
	s.observed.Pods = make([]lifecycle.Pod, len(s.pods))
	for i := range s.pods {
		pod := &s.pods[i]
		p := observePod(pod)
		p.Rank = s.rankOf(pod)
		if t, ok := launchspec.ParseTermination(terminationMessage(pod)); ok {
			s.final[i] = &t
			p.Launcher = &lifecycle.Launcher{Attempt: t.Attempt, Phase: lifecycle.LauncherExited, Contact: p.EndedAt}
		} else if report, ok := r.Ranks.Report(pod.UID); ok {
			s.live[i] = &report.Status
			p.Launcher = observeLauncher(&report.Status)
			p.Launcher.Contact = report.Contact
		}
		p.WatchedSince = r.Ranks.Since(pod.UID)
		s.observed.Pods[i] = p
	}
}

// rankOf is the pod's rank in the job; beyond the last one if it has none.
func (s *scope) rankOf(pod *corev1.Pod) int {
	index, err := strconv.ParseInt(pod.Labels[v1alpha1.LabelIndex], 10, 32)
	if err != nil {
		return int(s.layout.Total())
	}
	return rankOf(s.layout, pod.Labels[v1alpha1.LabelSet], int32(index))
}

func (r *Reconciler) observeNodes(s *scope) {
	for _, slot := range s.observed.Record.Placement.Slots {
		s.observeNode(r, slot.Node)
	}
	for i := range s.observed.Pods {
		s.observeNode(r, s.observed.Pods[i].Node)
	}
}

func (s *scope) observeNode(r *Reconciler, name string) {
	if name == "" {
		return
	}
	if _, seen := s.observed.Nodes[name]; !seen {
		s.observed.Nodes[name] = r.Nodes.Node(name)
	}
}

// record reads back what the status says.
func (s *scope) record() (lifecycle.Record, error) {
	st := &s.job.Status
	rec := lifecycle.Record{
		Created:   make([]int32, len(s.job.Spec.ReplicaSpecs)),
		Ran:       st.LastRunAttempt,
		Evicting:  st.Eviction != nil,
		Restarts:  valueOf(st.Restarts),
		Counted:   valueOf(st.RestartsCountTowardsMax),
		Active:    seconds(valueOf(st.ActiveSeconds)),
		EndedAt:   timeOf(st.CompletionTime),
		Recovery:  recoveryFrom(st.LastRecovery, s.layout),
		End:       endFrom(st.Conditions),
		CountedAt: timesOf(st.CountedRestarts),
	}
	rec.ActiveSince = timeOf(st.ActiveSince)
	for i := range s.job.Spec.ReplicaSpecs {
		for k := range st.ReplicaStatuses {
			if st.ReplicaStatuses[k].Name == s.job.Spec.ReplicaSpecs[i].Name {
				rec.Created[i] = st.ReplicaStatuses[k].Attempt
			}
		}
	}
	if st.Progress != nil {
		rec.Checkpoint = st.Progress.LastCheckpoint
	}
	rec.Succeeded = s.succeeded()
	rec.QueuedSince = conditionSince(st.Conditions, v1alpha1.ConditionQueued)
	rec.RecoveringSince = conditionSince(st.Conditions, v1alpha1.ConditionRecovering)
	var err error
	if rec.Placement, err = s.placement(); err != nil {
		return rec, fmt.Errorf("the admission of TrainingJob %s: %w", s.key, err)
	}
	return rec, nil
}

// succeeded are the ranks that are known to have succeeded in the current
// attempt.
func (s *scope) succeeded() []int {
	a := s.job.Status.Admission
	var out []int
	for i := range s.job.Status.ReplicaStatuses {
		rs := &s.job.Status.ReplicaStatuses[i]
		set, known := s.layout.Set(rs.Name)
		if !known || a == nil || rs.Attempt != a.Attempt {
			continue
		}
		for _, index := range indexesOf(rs.Succeeded) {
			if index < int(s.layout.Replicas(set)) {
				out = append(out, int(s.layout.Rank(set, int32(index))))
			}
		}
	}
	return out
}

func (s *scope) placement() (lifecycle.Placement, error) {
	a := s.job.Status.Admission
	if a == nil {
		return lifecycle.Placement{}, nil
	}
	p := lifecycle.Placement{Attempt: a.Attempt}
	if len(a.Assignments) == 0 {
		return p, nil
	}
	slots, err := s.layout.Expand(a.Assignments)
	if err != nil {
		return p, err
	}
	p.Slots = make([]lifecycle.Slot, len(slots))
	for i, slot := range slots {
		p.Slots[i] = lifecycle.Slot{Node: slot.Node, Attempt: slot.Attempt}
	}
	p.Since = conditionSince(s.job.Status.Conditions, v1alpha1.ConditionAdmitted)
	if rec := s.job.Status.LastRecovery; rec != nil && rec.Attempt == a.Attempt && rec.Placed != nil {
		p.Since = rec.Placed.Time
	}
	return p, nil
}

// endFrom reads the end back from the conditions.
func endFrom(conditions []metav1.Condition) *lifecycle.End {
	for i := range conditions {
		c := &conditions[i]
		if c.Status == metav1.ConditionTrue && (c.Type == v1alpha1.ConditionSucceeded || c.Type == v1alpha1.ConditionFailed) {
			return &lifecycle.End{Succeeded: c.Type == v1alpha1.ConditionSucceeded, Reason: c.Reason, Message: c.Message}
		}
	}
	return nil
}
