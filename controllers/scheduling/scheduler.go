package scheduling

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/clusterstate"
	"github.com/trainyard/trainyard/internal/podphase"
	"github.com/trainyard/trainyard/internal/render"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// Owner is the name under which this loop applies its part of the status.
const Owner = "trainyard-scheduling"

// holdTime is how long a job that lost ranks keeps the places of the others
// while no place is found for the lost ones.
const holdTime = 30 * time.Second

// rejectedRetry is how soon a job whose pods the API server refuses is asked
// about again.
const rejectedRetry = 30 * time.Second

// failureTold is how long the API server may fail on a job's pods before its
// user is told.
const failureTold = 5 * time.Second

// evictionRecheck is how soon a job that is leaving its place is looked at
// again though none of its pods has ended: their node may be lost.
const evictionRecheck = 5 * time.Second

// conflictRetry is how soon a write is tried again that met a change.
const conflictRetry = 10 * time.Millisecond

// NodeWatch knows which nodes live.
type NodeWatch interface {
	Node(name string) lifecycle.Node
}

// Options are the settings of the loop.
type Options struct {
	Pods render.Options
	// TopologyLabels are the node labels that name topology domains, the
	// widest first.
	TopologyLabels []string
	// Workers is the number of jobs reconciled at once.
	Workers int
}

// Scheduler is the loop around the planner.
type Scheduler struct {
	client   client.Client
	clock    clock.WithTicker
	nodes    NodeWatch
	recorder events.EventRecorder
	options  Options

	tracker *clusterstate.Tracker
	shapes  *shapeCache
	jobs    chan event.GenericEvent
	dirty   chan struct{}
	primed  chan struct{} // closed when the tracker knows all nodes and jobs

	// mu orders planning against what reconciles tell the tracker: a place
	// that was planned and not yet written must not be forgotten in between.
	mu    sync.Mutex
	gangs map[types.NamespacedName]*gang
	// restates limits how often jobs that wait are told the figures anew.
	restates *rate.Limiter
	// told counts what the tracker was told of gangs; it orders that, since
	// one state of a job can lead to several.
	told int64
}

// gang is what the loop knows of a job that the tracker has.
type gang struct {
	ask clusterstate.Gang
	// base is the attempt of the job's admission when it was asked for, and
	// generation its spec's.
	base       int32
	generation int64
	// outcome is what was planned and is not in the status yet.
	outcome *outcome
	// said is what the status says of its waiting, since when, and for how long
	// that will do.
	said    outcome
	saidAt  time.Time
	restate time.Duration
}

// New returns a Scheduler. Run it with SetupWithManager.
func New(c client.Client, clk clock.WithTicker, nodes NodeWatch, recorder events.EventRecorder, options Options) *Scheduler {
	return &Scheduler{
		client: c, clock: clk, nodes: nodes, recorder: recorder, options: options,
		tracker: clusterstate.New(clusterstate.Options{RankOf: rankOf, TopologyLabels: options.TopologyLabels}),
		shapes:  newShapeCache(c, options.Pods),
		jobs:    make(chan event.GenericEvent, 1024),
		dirty:   make(chan struct{}, 1),
		primed:  make(chan struct{}),
		gangs:   map[types.NamespacedName]*gang{},

		restates: rate.NewLimiter(restatesPerSecond, restatesPerSecond),
	}
}

// +kubebuilder:rbac:groups=trainyard.dev,resources=trainingjobs,verbs=get;list;watch
// +kubebuilder:rbac:groups=trainyard.dev,resources=trainingjobs/status,verbs=get;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;create
// +kubebuilder:rbac:groups="",resources=nodes,verbs=get;list;watch
// +kubebuilder:rbac:groups=scheduling.k8s.io,resources=priorityclasses,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// SetupWithManager registers the controller, the loop and its informers.
func (s *Scheduler) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("scheduling").
		For(&v1alpha1.TrainingJob{}).
		Owns(&corev1.Pod{}, builder.WithPredicates(left())).
		Watches(&schedulingv1.PriorityClass{}, handler.EnqueueRequestsFromMapFunc(s.waitingJobs)).
		WatchesRawSource(source.Channel(s.jobs, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: s.options.Workers}).
		Complete(s)
	if err != nil {
		return fmt.Errorf("setting up the scheduling of TrainingJobs: %w", err)
	}
	if err := mgr.Add(&loop{Scheduler: s, cache: mgr.GetCache()}); err != nil {
		return fmt.Errorf("adding the planning loop: %w", err)
	}
	return nil
}

// left passes on what a job that leaves its place waits for: pods that have
// ended, or are gone. The tracker hears of the others by itself.
func left() predicate.Predicate {
	ended := func(obj client.Object) bool { return podphase.Ended(obj.(*corev1.Pod)) }
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(e event.UpdateEvent) bool { return ended(e.ObjectNew) && !ended(e.ObjectOld) },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// Reconcile tells the tracker what a job asks for and holds, and writes what
// was planned for it.
func (s *Scheduler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	select {
	case <-s.primed:
	case <-ctx.Done():
		return ctrl.Result{}, fmt.Errorf("waiting for the first look at the cluster: %w", ctx.Err())
	}
	job := &v1alpha1.TrainingJob{}
	if err := s.client.Get(ctx, req.NamespacedName, job); err != nil {
		if apierrors.IsNotFound(err) {
			s.forget(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading TrainingJob %s: %w", req, err)
	}
	if !job.Managed() || !job.DeletionTimestamp.IsZero() {
		s.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	wait, err := s.schedule(ctx, job)
	switch {
	case apierrors.IsNotFound(err): // deleted in the meantime
		return ctrl.Result{}, nil
	case apierrors.IsConflict(err): // changed in the meantime
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	return ctrl.Result{RequeueAfter: wait}, err
}

// schedule brings one job's admission a step further, and says when to look
// again if nothing changes.
func (s *Scheduler) schedule(ctx context.Context, job *v1alpha1.TrainingJob) (time.Duration, error) {
	switch {
	case job.Status.Finished():
		return 0, s.settle(ctx, job)
	case job.Status.Eviction != nil:
		return s.finishEviction(ctx, job)
	case job.Suspended():
		return 0, s.suspend(ctx, job)
	}
	if done, err := s.publish(ctx, job); done || err != nil {
		return 0, err
	}
	if job.Status.Placed() {
		return s.keepPlace(ctx, job)
	}
	return s.queue(ctx, job)
}

// forget takes a job out of the tracker.
func (s *Scheduler) forget(key types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.gangs[key]; g != nil {
		delete(s.gangs, key)
		s.tracker.DeleteGang(key.String(), g.ask.UID, s.revision())
		s.shapes.forget(g.ask.UID)
		s.replan()
	}
}

// revision numbers what the tracker is told next. The lock is held.
func (s *Scheduler) revision() string {
	s.told++
	return strconv.FormatInt(s.told, 10)
}

// replan wakes the loop.
func (s *Scheduler) replan() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// ask tells the tracker what a job asks for and holds, unless something was
// planned for it in the meantime that is not written yet.
func (s *Scheduler) ask(job *v1alpha1.TrainingJob, ask clusterstate.Gang) error {
	key := client.ObjectKeyFromObject(job)
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gangs[key]
	if g == nil || g.ask.UID != ask.UID {
		g = &gang{}
	}
	if g.outcome != nil && g.isAbout(job) {
		s.enqueue(key)
		return nil
	}
	ask.ResourceVersion = s.revision()
	if err := s.tracker.UpsertGang(ask); err != nil {
		return fmt.Errorf("planning TrainingJob %s: %w", key, err)
	}
	g.ask, g.base, g.generation, g.outcome = ask, baseAttempt(job), job.Generation, nil
	s.gangs[key] = g
	s.replan()
	return nil
}

// isAbout says whether a gang is what this state of a job asks for.
func (g *gang) isAbout(job *v1alpha1.TrainingJob) bool {
	return g.ask.UID == job.UID && g.base == baseAttempt(job) && g.generation == job.Generation
}

// enqueue asks for a job's reconcile. It does not block: a job that does not
// fit into the channel (false) is enqueued by the next plan.
func (s *Scheduler) enqueue(key types.NamespacedName) bool {
	job := &v1alpha1.TrainingJob{}
	job.Namespace, job.Name = key.Namespace, key.Name
	select {
	case s.jobs <- event.GenericEvent{Object: job}:
		return true
	default:
		s.replan()
		return false
	}
}
