package controllers

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// check looks for what must never be, at any moment.
func (w *world) check() {
	w.t.Helper()
	w.checkTwins()
	taken := map[string]string{}
	for _, name := range w.jobs {
		if job := w.job(name); job != nil {
			w.checkPods(job)
			w.checkRoom(job, taken)
		}
	}
}

// checkTwins finds two pods, or two processes, that hold one rank in one attempt.
func (w *world) checkTwins() {
	w.t.Helper()
	pods, processes := map[string]string{}, map[string]string{}
	for _, pod := range w.pods() {
		rank := pod.Labels[v1alpha1.LabelJobUID] + " " + pod.Labels[v1alpha1.LabelSet] + "-" + pod.Labels[v1alpha1.LabelIndex]
		once(w, pods, rank+" in attempt "+pod.Labels[v1alpha1.LabelAttempt], pod.Name)
		if p := w.kubelets.processes[pod.UID]; p != nil && p.phase != launchspec.PhaseExited {
			once(w, processes, fmt.Sprint(rank, " running attempt ", p.told), pod.Name)
		}
	}
}

func once(w *world, holders map[string]string, what, holder string) {
	w.t.Helper()
	if other := holders[what]; other != "" {
		w.t.Errorf("%s and %s both hold %s", other, holder, what)
	}
	holders[what] = holder
}

// checkPods finds pods that nobody has planned, or planned elsewhere.
func (w *world) checkPods(job *v1alpha1.TrainingJob) {
	w.t.Helper()
	slots := slotsOf(job)
	for _, pod := range w.podsOf(job.Name) {
		if pod.Labels[v1alpha1.LabelJobUID] != string(job.UID) {
			continue
		}
		attempt := createdFor(&pod)
		if a := job.Status.Admission; a == nil || attempt > a.Attempt {
			w.t.Errorf("%s was created before its place was written: %+v", pod.Name, a)
		}
		if slot, known := slots[pod.Labels[v1alpha1.LabelSet]+"-"+pod.Labels[v1alpha1.LabelIndex]]; known && slot.Attempt == attempt && slot.Node != pinOf(&pod) {
			w.t.Errorf("%s has to go to %s, its place is on %s", pod.Name, pinOf(&pod), slot.Node)
		}
	}
}

func createdFor(pod *corev1.Pod) int32 {
	var n int32
	_, _ = fmt.Sscan(pod.Labels[v1alpha1.LabelAttempt], &n)
	return n
}

// slotsOf are the places of a job's ranks, by set and index.
func slotsOf(job *v1alpha1.TrainingJob) map[string]ranks.Slot {
	if !job.Status.Placed() {
		return nil
	}
	layout := ranks.Of(job)
	slots, err := layout.Expand(job.Status.Admission.Assignments)
	if err != nil {
		panic(err)
	}
	out := map[string]ranks.Slot{}
	for i, slot := range slots {
		set, index := layout.At(int32(i))
		out[fmt.Sprint(layout.Name(set), "-", index)] = slot
	}
	return out
}

// checkRoom finds places that were given away twice: each rank of a test's jobs
// needs most of a node. A job that was told to leave creates no pod any more: it
// has room as long as it has pods.
func (w *world) checkRoom(job *v1alpha1.TrainingJob, taken map[string]string) {
	w.t.Helper()
	if job.Status.Finished() || job.Status.Eviction != nil && len(w.podsOf(job.Name)) == 0 {
		return
	}
	for rank, slot := range slotsOf(job) {
		once(w, taken, "the room on "+slot.Node, job.Name+"-"+rank)
	}
}

// checkWhole finds gangs that are half-made, when nobody has anything to do.
func (w *world) checkWhole() {
	w.t.Helper()
	for _, name := range w.jobs {
		job := w.job(name)
		if job == nil {
			continue
		}
		w.checkNames(job)
		if job.Status.Finished() {
			continue
		}
		want, have := len(slotsOf(job)), 0
		for _, pod := range w.podsOf(name) {
			if n := w.nodes[pod.Spec.NodeName]; n == nil || !n.silent {
				have++
			}
		}
		if have != want {
			w.t.Errorf("%s has %d places and %d pods", name, want, have)
		}
	}
}

// checkNames finds names of a job that nobody holds: their addresses will be
// another pod's.
func (w *world) checkNames(job *v1alpha1.TrainingJob) {
	w.t.Helper()
	if !job.Status.Finished() && len(slotsOf(job))+len(w.podsOf(job.Name)) > 0 {
		return
	}
	var list discoveryv1.EndpointSliceList
	w.must(w.reads.List(w.ctx(), nil, &list, client.MatchingLabels{v1alpha1.LabelJobUID: string(job.UID)}))
	for i := range list.Items {
		w.t.Errorf("%s is %s, and %s has %d endpoints", job.Name, job.Status.State, list.Items[i].Name, len(list.Items[i].Endpoints))
	}
}
