// Command manager runs Trainyard's controllers and its placement loop. One
// replica leads; the others wait.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/controllers/scheduling"
	"github.com/trainyard/trainyard/controllers/trainingjob"
	"github.com/trainyard/trainyard/internal/jobindex"
	"github.com/trainyard/trainyard/internal/nodewatch"
	"github.com/trainyard/trainyard/internal/rankwatch"
	"github.com/trainyard/trainyard/internal/render"
	"github.com/trainyard/trainyard/internal/slim"
)

func main() {
	o := parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&o.log)))
	ctx := ctrl.SetupSignalHandler()
	go limitGarbage(ctx)
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o *options) error {
	mgr, err := newManager(o)
	if err != nil {
		return err
	}
	if err := jobindex.Add(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	if err := wire(ctx, mgr, o); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("caches", cachesSynced(ctx, mgr)); err != nil {
		return fmt.Errorf("adding the readiness check: %w", err)
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("running the manager: %w", err)
	}
	return nil
}

// cachesSynced makes a manager ready once it could lead.
func cachesSynced(ctx context.Context, mgr ctrl.Manager) healthz.Checker {
	synced := make(chan struct{})
	go func() {
		if mgr.GetCache().WaitForCacheSync(ctx) {
			close(synced)
		}
	}()
	return func(*http.Request) error {
		select {
		case <-synced:
			return nil
		default:
			return errors.New("the caches are still being filled")
		}
	}
}

func newManager(o *options) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("registering types: %w", err)
		}
	}
	held, err := slim.Caches()
	if err != nil {
		return nil, err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w; set --kubeconfig or run inside it", err)
	}
	config.QPS, config.Burst = float32(o.qps), o.burst
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme,
		Cache:  cache.Options{DefaultTransform: cache.TransformStripManagedFields(), ByObject: held},
		Client: client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: ptr.To(true)}},
		Metrics: metricsserver.Options{
			BindAddress: o.metricsAddress, SecureServing: true,
			FilterProvider: filters.WithAuthenticationAndAuthorization,
			TLSOpts:        []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }},
		},
		HealthProbeBindAddress:        o.probeAddress,
		PprofBindAddress:              o.pprofAddress,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              "manager.trainyard.dev",
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       ptr.To(20 * time.Second),
	})
	if err != nil {
		return nil, fmt.Errorf("creating the manager: %w", err)
	}
	return mgr, nil
}

// wire builds the controllers and what they share.
func wire(ctx context.Context, mgr ctrl.Manager, o *options) error {
	clk := clock.RealClock{}
	pods := render.Options{LauncherImage: o.launcherImage, ClusterDomain: o.clusterDomain}
	jobs := make(chan event.GenericEvent, 4096)
	rankWatch := rankwatch.New(rankwatch.Options{
		ProgressEvery: o.progressEvery, Clock: clk, Asker: rankwatch.NewHTTPAsker(),
		Changed: func(key types.NamespacedName) { send(ctx, jobs, key) },
	})
	var scheduler *scheduling.Scheduler
	nodes := nodewatch.New(mgr.GetCache(), rankWatch, clk, func(name string) {
		scheduler.NodeChanged(ctx, name)
		sendJobsOn(ctx, mgr.GetCache(), jobs, name)
	})
	scheduler = scheduling.New(mgr.GetClient(), clk, nodes, mgr.GetEventRecorder("trainyard-scheduling"), scheduling.Options{
		Pods: pods, TopologyLabels: o.topologyLabels, Workers: o.workers,
	})
	if err := scheduler.SetupWithManager(mgr); err != nil {
		return err
	}
	live, err := client.New(mgr.GetConfig(), client.Options{Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper()})
	if err != nil {
		return fmt.Errorf("creating a client without a cache: %w", err)
	}
	reconciler := &trainingjob.Reconciler{
		Client: mgr.GetClient(), Live: live, Clock: clk, Ranks: rankWatch, Nodes: nodes,
		Recorder: mgr.GetEventRecorder("trainyard"),
		Options:  trainingjob.Options{Pods: pods, BindTimeout: o.bindTimeout, Workers: o.workers},
	}
	if err := reconciler.SetupWithManager(mgr, jobs); err != nil {
		return err
	}
	for _, runnable := range []interface{ Start(context.Context) error }{rankWatch, nodes} {
		if err := mgr.Add(runnable); err != nil {
			return fmt.Errorf("adding %T: %w", runnable, err)
		}
	}
	return nil
}

// send asks for a job to be looked at.
func send(ctx context.Context, jobs chan<- event.GenericEvent, key types.NamespacedName) {
	job := &v1alpha1.TrainingJob{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	select {
	case jobs <- event.GenericEvent{Object: job}:
	case <-ctx.Done():
	}
}

// sendJobsOn asks for every job with a pod on a node to be looked at.
func sendJobsOn(ctx context.Context, reader client.Reader, jobs chan<- event.GenericEvent, node string) {
	var pods corev1.PodList
	if err := reader.List(ctx, &pods, client.MatchingFields{jobindex.ByNode: node}, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.Log.Error(err, "the jobs on a node are not told of its health", "node", node)
		return
	}
	seen := map[types.NamespacedName]bool{}
	for i := range pods.Items {
		key := types.NamespacedName{Namespace: pods.Items[i].Namespace, Name: jobindex.Job(&pods.Items[i]).Name}
		if !seen[key] {
			seen[key] = true
			send(ctx, jobs, key)
		}
	}
}
