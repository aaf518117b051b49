package controllers

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/controllers/scheduling"
	"github.com/trainyard/trainyard/controllers/trainingjob"
	"github.com/trainyard/trainyard/internal/render"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// world is one namespace with its own nodes, kubelets and manager.
type world struct {
	t     testing.TB
	ns    string
	clock *clocktesting.FakeClock
	calls *calls
	reads *reads // the test's own
	cache *reads // the manager's
	jobs  []string
	// noisy says that the manager hears of everything twice, and late.
	noisy bool
	// late says that conflicts are to be expected.
	late bool
	// interrupted ends the life that is being played.
	interrupted bool

	nodes    map[string]*node
	kubelets *kubelets
	events   []string

	// What dies with the manager.
	scheduler  *scheduling.Scheduler
	reconciler *trainingjob.Reconciler
	ranks      *rankWatch
	fed        map[types.UID]*corev1.Pod
	failures   int
}

// node is a node of the world; the API server need not know it.
type node struct {
	object *corev1.Node
	health lifecycle.Health
	// silent says that its kubelet does nothing, refuses that it admits no pod.
	silent, refuses bool
}

var worlds atomic.Int64

func newWorld(t testing.TB, nodes int) *world {
	t.Helper()
	w := &world{
		t: t, ns: fmt.Sprint("world-", worlds.Add(1)), clock: clocktesting.NewFakeClock(time.Now().Truncate(time.Second)),
		calls: &calls{seen: map[string]int{}}, nodes: map[string]*node{},
	}
	w.reads, w.cache = &reads{namespace: w.ns}, cached(w.ns)
	w.must(admin.Create(w.ctx(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.ns}}))
	for i := range nodes {
		w.addNode(fmt.Sprint("n", i), "4")
	}
	w.kubelets = newKubelets(w)
	w.start()
	return w
}

func (w *world) ctx() context.Context { return context.Background() }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) addNode(name, cpus string) {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpus), corev1.ResourceMemory: resource.MustParse("64Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	w.nodes[name] = &node{object: &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), ResourceVersion: "1", Labels: map[string]string{corev1.LabelHostname: name}},
		Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: capacity,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}}
}

// Node is what the manager is told of a node.
func (w *world) Node(name string) lifecycle.Node {
	n := w.nodes[name]
	if n == nil {
		return lifecycle.Node{Health: lifecycle.Removed, Witness: "its object is gone"}
	}
	out := lifecycle.Node{Health: n.health}
	if n.health == lifecycle.Alive {
		out.Proven = w.clock.Now()
	} else {
		out.Witness = "the test says so"
	}
	return out
}

// judge changes what the manager thinks of a node, and tells it.
func (w *world) judge(name string, h lifecycle.Health) {
	w.nodes[name].health = h
	w.nodes[name].silent = h >= lifecycle.Lost
	w.scheduler.NodeSeen(w.nodes[name].object)
}

// cordon keeps new pods from a node, and tells the manager.
func (w *world) cordon(name string, on bool) {
	w.nodes[name].object.Spec.Unschedulable = on
	w.scheduler.NodeSeen(w.nodes[name].object)
}

// removeNode deletes a node, and tells the manager.
func (w *world) removeNode(name string) {
	gone := w.nodes[name].object
	delete(w.nodes, name)
	w.scheduler.NodeGone(gone)
}

// Eventf records an event, as an events.EventRecorder.
func (w *world) Eventf(regarding runtime.Object, _ runtime.Object, _, reason, _, note string, args ...any) {
	w.events = append(w.events, fmt.Sprintf("%s: %s", reason, fmt.Sprintf(note, args...)))
	_ = regarding
}

// start starts the manager, which knows nothing.
func (w *world) start() {
	w.t.Helper()
	w.calls.dead = false
	pods := render.Options{LauncherImage: "launcher:test"}
	w.ranks = newRankWatch(w.kubelets, w.clock)
	w.scheduler = scheduling.New(w.calls.client(w.cache), w.clock, w, w, scheduling.Options{Pods: pods})
	w.reconciler = &trainingjob.Reconciler{
		Client: w.calls.client(w.cache), Live: w.calls.live(w.cache), Clock: w.clock, Ranks: w.ranks, Nodes: w, Recorder: w,
		Options: trainingjob.Options{Pods: pods, BindTimeout: time.Minute},
	}
	w.fed = map[types.UID]*corev1.Pod{}
	for _, name := range sorted(w.nodes) {
		w.scheduler.NodeSeen(w.nodes[name].object)
	}
	w.feed()
	w.must(w.scheduler.Prime(w.ctx()))
}

// feed tells the scheduling loop of the pods that changed, as its informer does.
func (w *world) feed() {
	w.t.Helper()
	now := map[types.UID]*corev1.Pod{}
	var list corev1.PodList
	w.must(w.cache.List(w.ctx(), nil, &list))
	for i := range list.Items {
		pod := &list.Items[i]
		now[pod.UID] = pod
		old := w.fed[pod.UID]
		if old != nil && old.ResourceVersion == pod.ResourceVersion && !w.noisy {
			continue
		}
		w.scheduler.PodSeen(pod)
		if w.noisy && old != nil {
			w.scheduler.PodSeen(old)
			w.scheduler.PodSeen(pod)
		}
	}
	for uid, pod := range w.fed {
		if now[uid] == nil {
			w.scheduler.PodGone(pod)
			if w.noisy {
				w.scheduler.PodGone(pod)
			}
		}
	}
	w.fed = now
}

func (w *world) pods() []corev1.Pod {
	w.t.Helper()
	var list corev1.PodList
	w.must(w.reads.List(w.ctx(), nil, &list))
	return list.Items
}

func (w *world) pod(name string) *corev1.Pod {
	w.t.Helper()
	pod := &corev1.Pod{}
	w.must(w.reads.Get(w.ctx(), nil, client.ObjectKey{Namespace: w.ns, Name: name}, pod))
	return pod
}

// job reads a job; nil if there is none.
func (w *world) job(name string) *v1alpha1.TrainingJob {
	w.t.Helper()
	job := &v1alpha1.TrainingJob{}
	err := w.reads.Get(w.ctx(), nil, client.ObjectKey{Namespace: w.ns, Name: name}, job)
	if apierrors.IsNotFound(err) {
		return nil
	}
	w.must(err)
	return job
}

func (w *world) create(job *v1alpha1.TrainingJob) {
	w.t.Helper()
	job.Namespace = w.ns
	w.must(admin.Create(w.ctx(), job))
	if !slices.Contains(w.jobs, job.Name) {
		w.jobs = append(w.jobs, job.Name)
	}
}

func (w *world) edit(name string, change func(*v1alpha1.TrainingJobSpec)) {
	w.t.Helper()
	job := w.job(name)
	if job == nil {
		return // it was faster to go
	}
	change(&job.Spec)
	w.must(client.IgnoreNotFound(admin.Update(w.ctx(), job)))
}

func (w *world) delete(name string) {
	w.t.Helper()
	w.must(client.IgnoreNotFound(admin.Delete(w.ctx(), &v1alpha1.TrainingJob{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name}})))
}

// round lets everybody act once, and returns whether anything was changed and
// how long to wait if nothing was.
func (w *world) round() (busy bool, wait time.Duration) {
	w.t.Helper()
	before, failed := w.calls.done, false
	busy = w.kubelets.act()
	if w.calls.dead {
		w.start()
		busy = true
	}
	w.cache.turn()
	w.feed()
	w.check()
	wait = w.scheduler.Plan(w.ctx())
	for _, name := range w.jobs {
		req := ctrl.Request{NamespacedName: types.NamespacedName{Namespace: w.ns, Name: name}}
		for _, r := range w.reconcilers() {
			result, err := r.Reconcile(w.ctx(), req)
			switch {
			case err != nil:
				failed = true
				wait = min(wait, 5*time.Millisecond<<min(w.failures, 10)) // it is tried again
				w.note(err)
			case result.RequeueAfter > 0:
				wait = min(wait, result.RequeueAfter)
			}
		}
	}
	if w.failures++; !failed {
		w.failures = 0
	}
	return busy || w.calls.done > before || w.cache.behind(), wait
}

// reconcilers are called one after the other for each job.
func (w *world) reconcilers() []reconcile.Reconciler {
	if w.noisy {
		return []reconcile.Reconciler{w.reconciler, w.scheduler, w.reconciler, w.scheduler}
	}
	return []reconcile.Reconciler{w.scheduler, w.reconciler}
}

// note fails on errors that no test brought about.
func (w *world) note(err error) {
	w.t.Helper()
	if !w.calls.struck && w.calls.veto == nil && !w.late {
		w.t.Errorf("an error without cause: %v", err)
	}
}

// until plays rounds until something holds; time passes only when nobody has
// anything to do.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for range 400 {
		if w.interrupted {
			panic(interruption{})
		}
		if holds() {
			return
		}
		if busy, wait := w.round(); !busy {
			w.clock.Step(wait)
		}
	}
	w.t.Fatalf("it never came to: %s\n%s", what, w.describe())
}

// settle plays rounds until nobody has anything to do for a while.
func (w *world) settle() {
	w.t.Helper()
	for quiet := 0; quiet < 3; quiet++ {
		if busy, wait := w.round(); busy {
			quiet = -1
		} else {
			w.clock.Step(min(wait, time.Second))
		}
	}
}

// describe shows what there is, for a test that fails.
func (w *world) describe() string {
	out := ""
	for _, name := range w.jobs {
		if job := w.job(name); job != nil {
			out += fmt.Sprintf("%s: %s (%s) %s\n", name, job.Status.State, job.Status.Reason, conditionsOf(job))
		}
	}
	for _, pod := range w.pods() {
		out += fmt.Sprintf("  %s on %q: %s, deleting %v\n", pod.Name, pod.Spec.NodeName, pod.Status.Phase, pod.DeletionTimestamp != nil)
	}
	return out + fmt.Sprint(w.calls.log)
}

func conditionsOf(job *v1alpha1.TrainingJob) string {
	out := ""
	for _, c := range job.Status.Conditions {
		out += fmt.Sprintf("\n    %s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
	}
	return out
}
