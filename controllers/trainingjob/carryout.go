package trainingjob

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/jobindex"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/rankwatch"
	"github.com/trainyard/trainyard/internal/render"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// parallel is the number of requests of one job under way at once.
const parallel = 32

// carryOut does what the decision says. Recover and Finish do nothing here:
// they are records, and the status is written after this.
func (r *Reconciler) carryOut(ctx context.Context, s *scope) error {
	r.watchRanks(s)
	if s.decision.Hurry {
		r.Ranks.Hurry(s.key)
	}
	if s.nameless() {
		if err := r.disconnect(ctx, s); err != nil {
			return err
		}
	}
	switch s.decision.Verb {
	case lifecycle.Remove:
		return r.removeJob(ctx, s)
	case lifecycle.Stop:
		return r.deletePods(ctx, s)
	case lifecycle.Run:
		return r.run(ctx, s)
	case lifecycle.Wait:
		if s.observed.Record.Placement.Placed() && s.observed.Record.End == nil {
			return r.connect(ctx, s)
		}
	case lifecycle.Recover, lifecycle.Finish:
	}
	return nil
}

// run creates, deletes and instructs pods. Pods whose names would lead nowhere
// are not created.
func (r *Reconciler) run(ctx context.Context, s *scope) error {
	connected := r.connect(ctx, s)
	if rejected(connected) && len(s.decision.Create) > 0 {
		s.giveUp(connected)
		return nil
	}
	return errors.Join(connected, r.deletePods(ctx, s), r.createPods(ctx, s), r.instruct(ctx, s))
}

// giveUp turns the decision into a recovery: the gang is released whole.
func (s *scope) giveUp(err error) {
	s.decision.Verb = lifecycle.Recover
	s.decision.Recovery = lifecycle.Rejected(&s.observed, err.Error())
}

// watchRanks tells the rank watch which launchers to ask.
func (r *Reconciler) watchRanks(s *scope) {
	var targets []rankwatch.Target
	if s.observed.Record.End == nil {
		for i := range s.pods {
			if t, ok := targetOf(&s.pods[i], &s.observed.Pods[i]); ok {
				targets = append(targets, t)
			}
		}
	}
	r.Ranks.Watch(s.key, s.job.UID, targets)
}

func targetOf(pod *corev1.Pod, p *lifecycle.Pod) (rankwatch.Target, bool) {
	port, launched := render.LauncherPort(pod)
	if !launched || pod.Status.PodIP == "" || p.Phase != lifecycle.Running {
		return rankwatch.Target{}, false
	}
	address := net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(int(port)))
	return rankwatch.Target{Pod: pod.UID, Address: address, Node: pod.Spec.NodeName}, true
}

func (r *Reconciler) removeJob(ctx context.Context, s *scope) error {
	err := r.Client.Delete(ctx, s.job, client.Preconditions{UID: &s.job.UID},
		client.PropagationPolicy("Background"))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting TrainingJob %s after its time to live: %w", s.key, err)
	}
	return nil
}

// createPods creates the pods that are missing. If the API server refuses one,
// or fails for as long as a pod may stay unbound, the whole gang is released.
func (r *Reconciler) createPods(ctx context.Context, s *scope) error {
	create := s.decision.Create
	if len(create) == 0 {
		return nil
	}
	opts := r.Options.Pods
	opts.ResumeFrom = s.observed.Record.Checkpoint
	pods, err := render.New(s.job, opts)
	if err != nil {
		return fmt.Errorf("rendering the pods of TrainingJob %s: %w", s.key, err)
	}
	errs := make([]error, len(create))
	inParallel(len(create), func(i int) { errs[i] = r.createPod(ctx, s, pods, create[i]) })
	if i := slices.IndexFunc(errs, rejected); i >= 0 {
		s.giveUp(errs[i])
		return nil
	}
	if err := errors.Join(errs...); err != nil {
		return r.retryCreation(s, err)
	}
	s.pace.failing = time.Time{}
	s.noteCreated()
	return nil
}

// retryCreation looks again soon, or gives up a gang that has been half-made
// for too long: it holds its place for nothing.
func (r *Reconciler) retryCreation(s *scope, err error) error {
	since := s.pace.failingSince(s.observed.Record.Placement.Attempt, s.observed.Now)
	if s.observed.Now.Sub(since) >= r.Options.BindTimeout {
		s.giveUp(err)
		return nil
	}
	s.decision.Postpone(s.observed.Now, err.Error())
	if errors.Is(err, errLeaving) {
		return nil
	}
	return err
}

// noteCreated counts the pods that were just created: every set that was not
// held back is complete now.
func (s *scope) noteCreated() {
	made := make([]int, len(s.decision.Sets))
	for _, rank := range s.decision.Create {
		set, _ := s.layout.At(int32(rank))
		made[set]++
	}
	for set, n := range made {
		if n > 0 {
			s.decision.Sets[set].Active += n
			s.decision.Sets[set].Created = true
		}
	}
}

// rejected says whether the API server refused an object for what it is, so
// that asking again at once would not help.
func rejected(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) ||
		errors.Is(err, errNameTaken)
}

var (
	errNameTaken = errors.New("an object of that name exists and is not this job's")
	errLeaving   = errors.New("a pod of that name, of an earlier job of this name, is not gone yet")
)

func (r *Reconciler) createPod(ctx context.Context, s *scope, pods *render.Renderer, rank int) error {
	set, index := s.layout.At(int32(rank))
	slot := s.observed.Record.Placement.Slots[rank]
	pod, err := pods.Pod(set, index, ranks.Slot{Node: slot.Node, Attempt: slot.Attempt})
	if err != nil {
		return fmt.Errorf("rendering rank %d of TrainingJob %s: %w", rank, s.key, err)
	}
	err = r.Client.Create(ctx, pod)
	if apierrors.IsAlreadyExists(err) {
		return r.adopt(ctx, s, pod)
	}
	if err != nil {
		return fmt.Errorf("creating pod %s: %w", pod.Name, err)
	}
	return nil
}

// adopt accepts a pod that exists already, if it is the one that was to be
// created: an earlier call took effect, and its answer was lost.
func (r *Reconciler) adopt(ctx context.Context, s *scope, want *corev1.Pod) error {
	have := &corev1.Pod{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(want), have); err != nil {
		return fmt.Errorf("reading pod %s, which exists already: %w", want.Name, err)
	}
	owner := jobindex.Job(have)
	if owner != nil && owner.UID != s.job.UID && owner.Name == s.job.Name {
		return fmt.Errorf("creating pod %s: %w", want.Name, errLeaving)
	}
	if owner == nil || owner.UID != s.job.UID || have.Labels[v1alpha1.LabelAttempt] != want.Labels[v1alpha1.LabelAttempt] {
		return fmt.Errorf("creating pod %s: %w; delete it or rename the job", want.Name, errNameTaken)
	}
	return nil
}

// deletePods deletes pods, with one call where a whole attempt goes.
func (r *Reconciler) deletePods(ctx context.Context, s *scope) error {
	s.decision.Delete = s.newDeletions()
	if attempts, whole := s.wholeAttempts(); whole {
		return r.deleteAttempts(ctx, s, attempts)
	}
	deletions := s.decision.Delete
	errs := make([]error, len(deletions))
	inParallel(len(deletions), func(i int) { errs[i] = r.deletePod(ctx, s, deletions[i]) })
	return errors.Join(errs...)
}

func (r *Reconciler) deletePod(ctx context.Context, s *scope, d lifecycle.Deletion) error {
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = s.key.Namespace, d.Name
	opts := []client.DeleteOption{client.Preconditions{UID: ptr.To(types.UID(d.UID))}}
	if d.Force {
		opts = append(opts, client.GracePeriodSeconds(0))
	}
	err := r.Client.Delete(ctx, pod, opts...)
	if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("deleting pod %s: %w", d.Name, err)
	}
	return nil
}

// inParallel calls do for 0 to n-1, a bounded number at once.
func inParallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	wg.Wait()
}

// instruct tells launchers that go on of the current attempt.
func (r *Reconciler) instruct(ctx context.Context, s *scope) error {
	names := s.decision.Instruct
	if len(names) == 0 {
		return nil
	}
	value, err := launchspec.Instruction{
		Attempt:    s.observed.Record.Placement.Attempt,
		ResumeFrom: s.observed.Record.Checkpoint,
		Members:    s.layout.Total(),
	}.Encode()
	if err != nil {
		return fmt.Errorf("instructing the launchers of TrainingJob %s: %w", s.key, err)
	}
	patch, err := annotationPatch(v1alpha1.AnnotationInstruction, value)
	if err != nil {
		return err
	}
	errs := make([]error, len(names))
	inParallel(len(names), func(i int) {
		pod := &corev1.Pod{}
		pod.Namespace, pod.Name = s.key.Namespace, names[i]
		if err := r.Client.Patch(ctx, pod, patch); client.IgnoreNotFound(err) != nil {
			errs[i] = fmt.Errorf("instructing the launcher of pod %s: %w", names[i], err)
		}
	})
	return errors.Join(errs...)
}
