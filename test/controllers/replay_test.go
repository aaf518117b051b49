package controllers

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// lives are the lives of jobs that are replayed with every call damaged.
var lives = map[string]func(w *world){
	"succeeds": func(w *world) {
		w.create(training("job", 2))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.kubelets.exitAll(0)
		w.until("succeeded", w.is("job", v1alpha1.StateSucceeded, 1))
	},
	"program fails": func(w *world) {
		w.create(training("job", 2))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.kubelets.exit(w.pods()[0].Name, 1)
		w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
		w.kubelets.exitAll(0)
		w.until("succeeded", w.is("job", v1alpha1.StateSucceeded, 2))
	},
	"process fails and is started again in place": func(w *world) {
		w.create(training("job", 2, strategy(v1alpha1.RestartInPlace)))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.kubelets.fail(w.pods()[0].Name, 1)
		w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
		w.kubelets.exitAll(0)
		w.until("succeeded", w.is("job", v1alpha1.StateSucceeded, 2))
	},
	"node is lost":                      loseNode(v1alpha1.RestartRecreate),
	"node is lost, and the others stay": loseNode(v1alpha1.RestartInPlace),
	"suspended and resumed": func(w *world) {
		w.create(training("job", 2))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.suspend("job", true)
		w.until("suspended", w.is("job", v1alpha1.StateSuspended, 1))
		w.suspend("job", false)
		w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
	},
	"deleted while it starts": func(w *world) {
		w.create(training("job", 2))
		w.kubelets.asleep = true
		w.until("starting", func() bool { return len(w.pods()) > 0 })
		w.delete("job")
		w.until("gone", func() bool { return len(w.pods()) == 0 })
	},
	"time to live": func(w *world) {
		w.create(training("job", 1, func(s *v1alpha1.TrainingJobSpec) {
			s.RunPolicy = &v1alpha1.RunPolicy{TTLSecondsAfterFinished: new(int32(60)), CleanPodPolicy: v1alpha1.CleanPodNone}
		}))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.kubelets.exitAll(0)
		w.until("gone", func() bool { return w.job("job") == nil && len(w.pods()) == 0 })
	},
}

// loseNode is the life of a job that loses a node, which comes back later.
func loseNode(s v1alpha1.RestartStrategy) func(w *world) {
	return func(w *world) {
		w.create(training("job", 2, strategy(s)))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		lost := w.nodeOf("job-worker-1-1")
		w.judge(lost, lifecycle.Lost)
		w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
		w.judge(lost, lifecycle.Alive)
	}
}

func (w *world) suspend(name string, suspend bool) {
	w.t.Helper()
	w.edit(name, func(s *v1alpha1.TrainingJobSpec) { s.Suspend = &suspend })
}

func (w *world) nodeOf(pod string) string {
	w.t.Helper()
	return w.pod(pod).Spec.NodeName
}

// TestReplay plays each life once, and then once for each call to the API and
// each way to damage it: every life ends like the first.
func TestReplay(t *testing.T) {
	for _, name := range sorted(lives) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := newWorld(t, 3)
			want := whole.live(lives[name])
			log := slices.Clone(whole.calls.log)
			t.Logf("%d calls", len(log))
			for _, victim := range log {
				for _, d := range damagesToDo() {
					t.Run(fmt.Sprintf("%s %s", victim, damages[d]), func(t *testing.T) {
						w := newWorld(t, 3)
						w.calls.victim, w.calls.damage = victim, d
						got := w.live(lives[name])
						if !w.calls.struck {
							t.Errorf("the call was never made: %v", w.calls.log)
						}
						if diff := cmp.Diff(want, got); diff != "" {
							t.Errorf("the end (-undisturbed +got):\n%s\n%s", diff, w.describe())
						}
					})
				}
			}
		})
	}
}

// damagesToDo are the ways to damage a call: the manager dies right before or
// right after it. Without -short, it may also live on.
func damagesToDo() []damage {
	if testing.Short() {
		return []damage{diesFirst, diesAfter}
	}
	return []damage{diesFirst, diesAfter, refused, lost}
}

// live plays a life and returns how it ended.
func (w *world) live(life func(*world)) []string {
	w.t.Helper()
	life(w)
	w.settle()
	end := w.ending()
	w.leave()
	return end
}

// leave deletes what is left, for the sake of the other worlds.
func (w *world) leave() {
	for _, name := range w.jobs {
		w.delete(name)
	}
	for _, pod := range w.pods() {
		w.kubelets.remove(&pod)
	}
}

// ending is everything that there is in the end, without what may differ: times
// and nodes.
func (w *world) ending() []string {
	w.t.Helper()
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, name := range w.jobs {
		job := w.job(name)
		if job == nil {
			say("%s is gone", name)
			continue
		}
		st := &job.Status
		say("%s is %s (%s), %s ready, attempt %d, placed %v, evicted %v", name, st.State, st.Reason, st.Ready, st.Attempt, st.Placed(), st.Eviction != nil)
		say("%d restarts, %d of them counted", deref(st.Restarts), deref(st.RestartsCountTowardsMax))
		slices.SortFunc(st.Conditions, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
		for _, c := range st.Conditions {
			say("%s=%s %s", c.Type, c.Status, c.Reason)
		}
		for _, r := range st.ReplicaStatuses {
			say("%s: attempt %d, %d active, %d ready, %d failed, succeeded %q", r.Name, r.Attempt, deref(r.Active), deref(r.Ready), deref(r.Failed), r.Succeeded)
		}
	}
	for _, pod := range w.pods() {
		say("pod %s %s, deleting %v", pod.Name, pod.Status.Phase, pod.DeletionTimestamp != nil)
	}
	var services corev1.ServiceList
	w.must(w.reads.List(w.ctx(), nil, &services))
	for _, s := range services.Items {
		say("service %s", s.Name)
	}
	var endpoints discoveryv1.EndpointSliceList
	w.must(w.reads.List(w.ctx(), nil, &endpoints))
	for _, s := range endpoints.Items {
		say("slice %s with %d endpoints", s.Name, len(s.Endpoints))
	}
	return out
}

func deref(p *int32) int32 {
	if p == nil {
		return 0
	}
	return *p
}

// lookForTwins finds two processes that hold one rank in one attempt.
func (w *world) lookForTwins() {
	w.t.Helper()
	holders := map[string]string{}
	for uid, p := range w.kubelets.processes {
		pod := w.fed[uid]
		if pod == nil || p.phase == "Exited" {
			continue
		}
		rank := fmt.Sprintf("%s-%s in attempt %d", pod.Labels[v1alpha1.LabelSet], pod.Labels[v1alpha1.LabelIndex], p.told)
		if other := holders[pod.Labels[v1alpha1.LabelJobUID]+rank]; other != "" {
			w.t.Errorf("%s and %s both hold %s", other, pod.Name, rank)
		}
		holders[pod.Labels[v1alpha1.LabelJobUID]+rank] = pod.Name
	}
}
