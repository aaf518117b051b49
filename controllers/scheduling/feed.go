package scheduling

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

var (
	planSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "trainyard_plan_seconds",
		Help:    "Time that one plan over all waiting TrainingJobs took.",
		Buckets: prometheus.ExponentialBuckets(.0001, 4, 9),
	})
	queueSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "trainyard_queue_seconds",
		Help:    "Time from the creation of a TrainingJob to its first admission.",
		Buckets: []float64{.1, .5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600},
	})
	jobsKnown = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "trainyard_jobs",
		Help: "TrainingJobs that the planner knows, by whether they hold a place (placed) or wait for one (waiting).",
	}, []string{"state"})
)

func init() { metrics.Registry.MustRegister(planSeconds, queueSeconds, jobsKnown) }

// count brings the gauge of jobs up to date. The lock is held.
func (s *Scheduler) count() {
	placed := 0
	for _, g := range s.gangs {
		if len(g.ask.Assignments) > 0 {
			placed++
		}
	}
	jobsKnown.WithLabelValues("placed").Set(float64(placed))
	jobsKnown.WithLabelValues("waiting").Set(float64(len(s.gangs) - placed))
}

// feed keeps the tracker up to date with nodes and pods. It returns when the
// tracker has heard of all that there are now.
func (s *Scheduler) feed(ctx context.Context, c cache.Cache) error {
	handlers := []struct {
		object  client.Object
		handler toolscache.ResourceEventHandler
	}{
		{&corev1.Node{}, s.nodeHandler()},
		{&corev1.Pod{}, s.podHandler()},
	}
	for _, h := range handlers {
		informer, err := c.GetInformer(ctx, h.object)
		if err != nil {
			return fmt.Errorf("watching %T: %w", h.object, err)
		}
		registration, err := informer.AddEventHandler(h.handler)
		if err != nil {
			return fmt.Errorf("watching %T: %w", h.object, err)
		}
		if !toolscache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
			return fmt.Errorf("watching %T: %w", h.object, ctx.Err())
		}
	}
	return nil
}

func (s *Scheduler) nodeHandler() toolscache.ResourceEventHandler {
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { s.NodeSeen(obj.(*corev1.Node)) },
		UpdateFunc: func(_, obj any) { s.NodeSeen(obj.(*corev1.Node)) },
		DeleteFunc: func(obj any) {
			if node, ok := last(obj).(*corev1.Node); ok {
				s.NodeGone(node)
			}
		},
	}
}

func (s *Scheduler) podHandler() toolscache.ResourceEventHandler {
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { s.PodSeen(obj.(*corev1.Pod)) },
		UpdateFunc: func(_, obj any) { s.PodSeen(obj.(*corev1.Pod)) },
		DeleteFunc: func(obj any) {
			if pod, ok := last(obj).(*corev1.Pod); ok {
				s.PodGone(pod)
			}
		},
	}
}

// NodeSeen takes note of a node's state.
func (s *Scheduler) NodeSeen(node *corev1.Node) {
	s.tracker.UpsertNode(s.inDoubt(node))
	s.replan()
}

// NodeGone takes note that a node is gone.
func (s *Scheduler) NodeGone(node *corev1.Node) {
	s.tracker.DeleteNode(node.Name, node.UID)
	s.replan()
}

// PodSeen takes note of a pod's state.
func (s *Scheduler) PodSeen(pod *corev1.Pod) {
	s.tracker.UpsertPod(pod)
	s.replan()
}

// PodGone takes note that a pod is gone.
func (s *Scheduler) PodGone(pod *corev1.Pod) {
	s.tracker.DeletePod(client.ObjectKeyFromObject(pod), pod.UID)
	s.replan()
}

// last is the last known state of an object that was deleted.
func last(obj any) any {
	if tombstone, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
		return tombstone.Obj
	}
	return obj
}

// NodeChanged tells the planner that the judgement on a node has changed.
func (s *Scheduler) NodeChanged(ctx context.Context, name string) {
	node := &corev1.Node{}
	if err := s.client.Get(ctx, types.NamespacedName{Name: name}, node); err != nil {
		return // gone: its deletion is an event of its own
	}
	s.NodeSeen(node)
}

// inDoubt shows a node whose life is in doubt to the planner as not ready,
// before the control plane has come to say so. Without a resource version, the
// planner takes it for the newest state.
func (s *Scheduler) inDoubt(node *corev1.Node) *corev1.Node {
	node = node.DeepCopy()
	node.ResourceVersion = ""
	if s.nodes.Node(node.Name).Health == lifecycle.Alive {
		return node
	}
	for i := range node.Status.Conditions {
		if node.Status.Conditions[i].Type == corev1.NodeReady {
			node.Status.Conditions[i].Status = corev1.ConditionUnknown
		}
	}
	return node
}

// waitingJobs are the jobs to look at again when a PriorityClass changes.
func (s *Scheduler) waitingJobs(ctx context.Context, class client.Object) []reconcile.Request {
	var jobs v1alpha1.TrainingJobList
	if err := s.client.List(ctx, &jobs, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	isDefault := class.(*schedulingv1.PriorityClass).GlobalDefault
	var out []reconcile.Request
	for i := range jobs.Items {
		name := jobs.Items[i].Spec.PriorityClassName
		if name == class.GetName() || (name == "" && isDefault) {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&jobs.Items[i])})
		}
	}
	return out
}
