package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/test/bench/benchlab"
)

// patience is how long a training may take to start, and to recover.
const patience = 5 * time.Minute

// parts are those of a recovery, in their order.
var parts = []string{"detected", "placed", "sandbox", "container", "ready", "first_step"}

// trial is one fault under one training.
type trial struct {
	*bench
	contender *contender
	fault, id string

	broken string // the node that was
	hit    time.Time
	before map[types.UID]bool // the pods that there were
	at     map[string]time.Time
}

func (t *trial) run(ctx context.Context) error {
	for _, object := range t.contender.objects(&t.example, t.id) {
		if err := t.lab.Client.Create(ctx, object); err != nil {
			return fmt.Errorf("creating %T: %w", object, err)
		}
	}
	benchlab.Say("%s: starts", t.id)
	begun := time.Now()
	pods, err := t.pods(ctx)
	for ; err == nil && !t.joined(ctx, pods, begun); pods, err = t.pods(ctx) {
		if time.Since(begun) > patience {
			return fmt.Errorf("the training does not start within %s", patience)
		}
		if err := nap(ctx); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	benchlab.Say("%s: trains after %.1f s", t.id, time.Since(begun).Seconds())
	if err := anyMoment(ctx); err != nil {
		return err
	}
	return t.strike(ctx, pods)
}

// strike lets the fault happen and follows the recovery.
func (t *trial) strike(ctx context.Context, pods []corev1.Pod) error {
	victim, err := t.victim(ctx, pods)
	if err != nil {
		return err
	}
	t.before = map[types.UID]bool{}
	for i := range pods {
		t.before[pods[i].UID] = true
	}
	watch, err := t.watch(ctx)
	if err != nil {
		return err
	}
	defer func() { watch.Stop() }()
	if t.hit, err = t.inject(ctx, victim); err != nil {
		return err
	}
	delete(t.at, "ready")
	delete(t.at, "first_step")
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for time.Since(t.hit) < patience {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, open := <-watch.ResultChan():
			if pod, ok := event.Object.(*corev1.Pod); ok {
				t.see(pod)
			}
			if !open {
				if watch, err = t.watch(ctx); err != nil {
					return err
				}
			}
		case <-ticker.C:
			if pods, err = t.pods(ctx); err != nil {
				return err
			}
			if t.joined(ctx, pods, t.hit) {
				return t.readRecord(ctx)
			}
		}
	}
	benchlab.Say("%s: no recovery within %s", t.id, patience)
	return nil
}

func (t *trial) watch(ctx context.Context) (apiwatch.Interface, error) {
	w, err := t.lab.Client.Watch(ctx, &corev1.PodList{}, client.InNamespace(namespace), client.MatchingLabels{label: t.id})
	if err != nil {
		return nil, fmt.Errorf("watching pods: %w", err)
	}
	return w, nil
}

// pods are those that can go on: not on the broken node, not told to go.
func (t *trial) pods(ctx context.Context) ([]corev1.Pod, error) {
	var list corev1.PodList
	if err := t.lab.Client.List(ctx, &list, client.InNamespace(namespace), client.MatchingLabels{label: t.id}); err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	var out []corev1.Pod
	for i := range list.Items {
		if pod := &list.Items[i]; pod.DeletionTimestamp == nil && (t.broken == "" || pod.Spec.NodeName != t.broken) {
			out = append(out, *pod)
		}
	}
	return out, nil
}

// joined says whether all ranks have met and one has made a step since.
func (t *trial) joined(ctx context.Context, pods []corev1.Pod, since time.Time) bool {
	if len(pods) != ranks {
		return false
	}
	var ready, step time.Time
	for i := range pods {
		s := t.logs.read(ctx, pods[i].Name, since)
		if s.met.IsZero() {
			return false
		}
		if s.met.After(ready) {
			ready = s.met
		}
		if !s.step.IsZero() && (step.IsZero() || s.step.Before(step)) {
			step = s.step
		}
	}
	if step.IsZero() {
		return false
	}
	t.at["ready"], t.at["first_step"] = ready, step
	return true
}

// see notes what an event says of the replacement, and of the Job's lost pod.
func (t *trial) see(pod *corev1.Pod) {
	if t.before[pod.UID] {
		if pod.DeletionTimestamp != nil && pod.Spec.NodeName == t.broken {
			t.reach("detected")
		}
		return
	}
	if pod.Spec.NodeName != "" {
		t.reach("placed")
	}
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodReadyToStartContainers && c.Status == corev1.ConditionTrue {
			t.reach("sandbox")
		}
	}
	for i := range pod.Status.ContainerStatuses {
		if c := &pod.Status.ContainerStatuses[i]; c.Name == container && c.State.Running != nil {
			t.reach("container")
		}
	}
}

func (t *trial) reach(part string) {
	if t.at[part].IsZero() {
		t.at[part] = time.Now()
	}
}

// readRecord takes over what a TrainingJob's status tells of its recovery.
func (t *trial) readRecord(ctx context.Context) error {
	if t.contender != trainingJob {
		return nil
	}
	job := &v1alpha1.TrainingJob{}
	if err := t.lab.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: t.id}, job); err != nil {
		return fmt.Errorf("reading the TrainingJob: %w", err)
	}
	r := job.Status.LastRecovery
	if r == nil || r.Detected == nil || r.Placed == nil {
		return fmt.Errorf("the TrainingJob's status tells of no recovery")
	}
	t.at["detected"] = r.Detected.Time
	if bound, seen := t.at["placed"]; !seen || r.Placed.Time.Before(bound) { // the record may be written after the fact
		t.at["placed"] = r.Placed.Time
	}
	return nil
}

// after is how long after the fault a part was reached.
func (t *trial) after(part string) (float64, bool) {
	at, reached := t.at[part]
	return at.Sub(t.hit).Seconds(), reached && !t.hit.IsZero()
}

// String lists the parts.
func (t *trial) String() string {
	var words []string
	for _, part := range parts {
		if seconds, reached := t.after(part); reached {
			words = append(words, fmt.Sprintf("%s %.1f s", part, seconds))
		}
	}
	return strings.Join(words, ", ")
}

// cleanUp heals the node, removes the training and waits until all is as before.
func (t *trial) cleanUp(ctx context.Context) error {
	for _, object := range t.contender.objects(&t.example, t.id) {
		err := t.lab.Client.Delete(ctx, object, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting %T: %w", object, err)
		}
	}
	if t.broken != "" {
		if _, err := t.lab.Break(ctx, "heal", t.broken); err != nil {
			return err
		}
	}
	return benchlab.Wait(ctx, "as before: nodes and pods", patience, func(ctx context.Context) (bool, error) {
		var pods corev1.PodList
		if err := t.lab.Client.List(ctx, &pods, client.InNamespace(namespace), client.MatchingLabels{label: t.id}); err != nil {
			return false, err
		}
		var nodes corev1.NodeList
		if err := t.lab.Client.List(ctx, &nodes); err != nil {
			return false, err
		}
		return len(pods.Items) == 0 && allReady(nodes.Items), nil
	})
}

func allReady(nodes []corev1.Node) bool {
	ready := 0
	for i := range nodes {
		for _, c := range nodes[i].Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue && len(nodes[i].Spec.Taints) == 0 {
				ready++
			}
		}
	}
	return ready == len(nodes)
}

func nap(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second):
		return nil
	}
}
