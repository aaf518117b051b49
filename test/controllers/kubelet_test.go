package controllers

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/podphase"
	"github.com/trainyard/trainyard/internal/rankwatch"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// kubelets are those of all nodes, with the scheduler that binds pods to the
// nodes they are pinned to, and the garbage collector.
type kubelets struct {
	w         *world
	processes map[types.UID]*process
	addresses int
	// asleep keeps pods from being bound.
	asleep bool
	// every is the time that passes from the start of one pod to the next; none:
	// all start at once.
	every time.Duration
}

// process is what runs in a pod.
type process struct {
	pod    string
	told   int32
	phase  launchspec.Phase
	code   int32
	exited time.Time
}

func newKubelets(w *world) *kubelets { return &kubelets{w: w, processes: map[types.UID]*process{}} }

// act lets every kubelet do what is to be done, and says whether it was anything.
func (k *kubelets) act() bool {
	k.w.t.Helper()
	busy := k.collect(&corev1.ServiceList{})
	busy = k.collect(&discoveryv1.EndpointSliceList{}) || busy
	for _, pod := range k.w.pods() {
		busy = k.serve(&pod) || busy
		if busy && k.every > 0 {
			k.w.clock.Step(k.every)
			break
		}
	}
	return busy
}

// collect deletes what belongs to a job that is gone.
func (k *kubelets) collect(list client.ObjectList) bool {
	k.w.t.Helper()
	k.w.must(k.w.reads.List(k.w.ctx(), nil, list))
	items, err := meta.ExtractList(list)
	k.w.must(err)
	busy := false
	for _, item := range items {
		if obj := item.(client.Object); k.orphaned(obj) {
			k.w.must(client.IgnoreNotFound(admin.Delete(k.w.ctx(), obj)))
			busy = true
		}
	}
	return busy
}

func (k *kubelets) serve(pod *corev1.Pod) bool {
	node := k.w.nodes[pod.Spec.NodeName]
	switch {
	case metav1.GetControllerOf(pod) == nil:
		return false
	case k.orphaned(pod) && (node == nil || !node.silent):
		k.remove(pod)
	case k.orphaned(pod) && pod.DeletionTimestamp.IsZero():
		k.w.must(admin.Delete(k.w.ctx(), pod))
	case pod.Spec.NodeName == "":
		return k.bind(pod)
	case node == nil || node.silent:
		return false
	case !pod.DeletionTimestamp.IsZero():
		k.remove(pod)
	case pod.Status.Phase == corev1.PodPending && node.refuses:
		k.refuse(pod)
	case pod.Status.Phase == corev1.PodPending:
		k.run(pod)
	default:
		return k.instruct(pod)
	}
	return true
}

// orphaned says whether the job of an object is gone.
func (k *kubelets) orphaned(obj client.Object) bool {
	owner := metav1.GetControllerOf(obj)
	if owner == nil || owner.Kind != "TrainingJob" {
		return false
	}
	job := k.w.job(owner.Name)
	return job == nil || job.UID != owner.UID
}

func (k *kubelets) remove(pod *corev1.Pod) {
	k.w.t.Helper()
	delete(k.processes, pod.UID)
	k.w.must(client.IgnoreNotFound(admin.Delete(k.w.ctx(), pod, client.GracePeriodSeconds(0))))
}

func (k *kubelets) bind(pod *corev1.Pod) bool {
	k.w.t.Helper()
	if k.asleep || !pod.DeletionTimestamp.IsZero() {
		return false
	}
	name := pinOf(pod)
	if why := k.unfit(pod, name); why != "" {
		return k.leaveUnbound(pod, why)
	}
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, UID: pod.UID}, Target: corev1.ObjectReference{Kind: "Node", Name: name}}
	k.w.must(admin.SubResource("binding").Create(k.w.ctx(), pod, binding))
	return true
}

// unfit says why the scheduler does not bind a pod to a node.
func (k *kubelets) unfit(pod *corev1.Pod, name string) string {
	n := k.w.nodes[name]
	switch {
	case n == nil || n.silent:
		return "0/1 nodes are available: 1 node(s) had untolerated taint(s)"
	case n.object.Spec.Unschedulable:
		return "0/1 nodes are available: 1 node(s) were unschedulable"
	}
	used := *pod.Spec.Containers[0].Resources.Requests.Cpu()
	for _, other := range k.w.pods() {
		if other.Spec.NodeName == name && !podphase.Ended(&other) {
			used.Add(*other.Spec.Containers[0].Resources.Requests.Cpu())
		}
	}
	if used.Cmp(*n.object.Status.Allocatable.Cpu()) > 0 {
		return "0/1 nodes are available: 1 Insufficient cpu"
	}
	return ""
}

// leaveUnbound says why a pod is not bound, once.
func (k *kubelets) leaveUnbound(pod *corev1.Pod, why string) bool {
	k.w.t.Helper()
	if len(pod.Status.Conditions) > 0 {
		return false
	}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: why}}
	k.w.must(admin.Status().Update(k.w.ctx(), pod))
	return true
}

// pinOf is the node that a pod has to go to.
func pinOf(pod *corev1.Pod) string {
	if pod.Spec.Affinity == nil {
		return ""
	}
	for _, term := range pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, f := range term.MatchFields {
			return f.Values[0]
		}
	}
	return ""
}

func (k *kubelets) run(pod *corev1.Pod) {
	k.w.t.Helper()
	k.addresses++
	ip := fmt.Sprintf("10.9.%d.%d", k.addresses/250, 1+k.addresses%250)
	pod.Status.Phase, pod.Status.PodIP, pod.Status.PodIPs = corev1.PodRunning, ip, []corev1.PodIP{{IP: ip}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: pod.Spec.Containers[0].Name, Ready: true,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Time{Time: k.w.clock.Now()}}},
	}}
	k.w.must(admin.Status().Update(k.w.ctx(), pod))
	k.processes[pod.UID] = &process{pod: pod.Name, told: attemptOf(pod), phase: launchspec.PhaseRunning}
}

// refuse is what a kubelet does that has no room after all.
func (k *kubelets) refuse(pod *corev1.Pod) {
	k.w.t.Helper()
	pod.Status.Phase, pod.Status.Reason = corev1.PodFailed, "OutOfcpu"
	k.w.must(admin.Status().Update(k.w.ctx(), pod))
}

func attemptOf(pod *corev1.Pod) int32 {
	in, ok, err := launchspec.ParseInstruction([]byte(pod.Annotations[v1alpha1.AnnotationInstruction]))
	if !ok || err != nil {
		return 1
	}
	return in.Attempt
}

// instruct lets a launcher follow its instruction.
func (k *kubelets) instruct(pod *corev1.Pod) bool {
	p := k.processes[pod.UID]
	if p == nil || p.told >= attemptOf(pod) {
		return false
	}
	p.told, p.phase, p.code = attemptOf(pod), launchspec.PhaseRunning, 0
	return true
}

// exit ends the program of a pod, and with it the pod.
func (k *kubelets) exit(name string, code int32) {
	k.w.t.Helper()
	pod := k.w.pod(name)
	now := metav1.Time{Time: k.w.clock.Now()}
	pod.Status.Phase = corev1.PodSucceeded
	if code != 0 {
		pod.Status.Phase = corev1.PodFailed
	}
	message := ""
	if p := k.processes[pod.UID]; p != nil {
		p.phase, p.code, p.exited = launchspec.PhaseExited, code, now.Time
		raw, err := launchspec.Termination{Attempt: p.told, Phase: launchspec.PhaseExited, ExitCode: &code, ExitedAt: &now.Time}.Encode()
		k.w.must(err)
		message = string(raw)
	}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name:  pod.Spec.Containers[0].Name,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, FinishedAt: now, Message: message}},
	}}
	k.w.must(admin.Status().Update(k.w.ctx(), pod))
}

// fail ends the program of a pod whose launcher lives on.
func (k *kubelets) fail(name string, code int32) {
	for _, p := range k.processes {
		if p.pod == name {
			p.phase, p.code, p.exited = launchspec.PhaseExited, code, k.w.clock.Now()
		}
	}
}

// exitAll ends the program of every pod that runs.
func (k *kubelets) exitAll(code int32) {
	k.w.t.Helper()
	for _, pod := range k.w.pods() {
		if pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp.IsZero() {
			k.exit(pod.Name, code)
		}
	}
}

// rankWatch asks the launchers of the kubelets without delay.
type rankWatch struct {
	k       *kubelets
	clock   clock.Clock
	watched map[types.UID]watched
}

type watched struct {
	since time.Time
	job   types.UID
	node  string
}

func newRankWatch(k *kubelets, clk clock.Clock) *rankWatch {
	return &rankWatch{k: k, clock: clk, watched: map[types.UID]watched{}}
}

func (r *rankWatch) Watch(_ types.NamespacedName, uid types.UID, targets []rankwatch.Target) {
	next := map[types.UID]watched{}
	for _, t := range targets {
		next[t.Pod] = watched{r.clock.Now(), uid, t.Node}
		if old, known := r.watched[t.Pod]; known {
			next[t.Pod] = old
		}
	}
	for pod, w := range r.watched {
		if _, kept := next[pod]; !kept && w.job != uid && uid != "" {
			next[pod] = w
		}
	}
	r.watched = next
}

func (r *rankWatch) Report(pod types.UID) (rankwatch.Report, bool) {
	w, watched := r.watched[pod]
	p := r.k.processes[pod]
	if n := r.k.w.nodes[w.node]; !watched || p == nil || n == nil || n.silent {
		return rankwatch.Report{}, false
	}
	s := launchspec.Status{JobUID: string(w.job), Attempt: p.told, Phase: p.phase}
	if p.phase == launchspec.PhaseExited {
		s.ExitCode, s.ExitedAt = &p.code, &p.exited
	}
	return rankwatch.Report{Status: s, Contact: r.clock.Now()}, true
}

func (r *rankWatch) Since(pod types.UID) time.Time { return r.watched[pod].since }

func (r *rankWatch) Hurry(types.NamespacedName) {}
