package trainingjob

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/rankwatch"
	"github.com/trainyard/trainyard/internal/render"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// Owner is the name under which this controller applies its part of the status.
const Owner = "trainyard-job"

// writeEvery is the least time between two writes of a job's status, but for
// those that record a decision. Counts that change nothing else wait longer.
const (
	writeEvery    = time.Second
	countsWait    = 2 * time.Second
	countsMaxWait = 10 * time.Second
)

// RankWatch knows what the launchers say.
type RankWatch interface {
	Watch(job types.NamespacedName, uid types.UID, targets []rankwatch.Target)
	Report(pod types.UID) (rankwatch.Report, bool)
	Since(pod types.UID) time.Time
	Hurry(job types.NamespacedName)
}

// NodeWatch knows which nodes live.
type NodeWatch interface {
	Node(name string) lifecycle.Node
}

// Options are the settings of the controller.
type Options struct {
	Pods render.Options
	// BindTimeout is how long a pod may stay unbound before its node is
	// excluded and the attempt given up.
	BindTimeout time.Duration
	// Workers is the number of jobs reconciled at once.
	Workers int
}

// Reconciler drives TrainingJobs that have a place, and cleans up after those
// that have none.
type Reconciler struct {
	Client client.Client
	// Live goes past the cache, where a cached answer would not do, and
	// deletes collections, which the cache's client does not.
	Live     client.Client
	Clock    clock.Clock
	Ranks    RankWatch
	Nodes    NodeWatch
	Recorder events.EventRecorder
	Options  Options

	paces paces
}

// +kubebuilder:rbac:groups=trainyard.dev,resources=trainingjobs,verbs=get;list;watch;delete
// +kubebuilder:rbac:groups=trainyard.dev,resources=trainingjobs/status,verbs=get;patch
// +kubebuilder:rbac:groups=trainyard.dev,resources=trainingjobs/finalizers,verbs=update
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;create;patch;delete;deletecollection
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch;create
// +kubebuilder:rbac:groups="",resources=nodes,verbs=get;list;watch
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=get;list;watch
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices/restricted,verbs=create
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile brings one job a step further.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	begun := r.Clock.Now()
	s, err := r.gather(ctx, req.NamespacedName)
	if err != nil {
		return ctrl.Result{}, err
	}
	if s == nil {
		r.Ranks.Watch(req.NamespacedName, "", nil)
		r.paces.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	s.decision = lifecycle.Decide(&s.observed)
	r.paces.looked(s.key, r.Clock.Now().Sub(begun))
	actErr := r.carryOut(ctx, s)
	later, statusErr := r.writeStatus(ctx, s)
	if err := errors.Join(actErr, statusErr); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: s.requeueAfter(later)}, nil
}

// requeueAfter is the earlier of the decision's own time and a write that was
// put off.
func (s *scope) requeueAfter(later time.Duration) time.Duration {
	if s.decision.Wake.IsZero() {
		return later
	}
	wake := max(s.observed.Now.Sub(s.decision.Wake)*-1, time.Millisecond)
	if later == 0 {
		return wake
	}
	return min(later, wake)
}

// SetupWithManager registers the controller. jobs carries jobs to be looked at
// for reasons that are no object's change: launchers and nodes.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, jobs <-chan event.GenericEvent) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("trainingjob").
		For(&v1alpha1.TrainingJob{}).
		Watches(&corev1.Pod{}, r.podEvents()).
		Owns(&corev1.Service{}).
		Owns(&discoveryv1.EndpointSlice{}).
		WatchesRawSource(source.Channel(jobs, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: r.Options.Workers}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of TrainingJobs: %w", err)
	}
	return nil
}
