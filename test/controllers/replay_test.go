package controllers

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

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
				for _, d := range damagesTo(victim) {
					t.Run(fmt.Sprintf("%s %s", victim, damages[d]), func(t *testing.T) {
						w := newWorld(t, 3)
						w.calls.victim, w.calls.damage = victim, d
						got := w.live(lives[name])
						if !w.calls.struck {
							t.Errorf("the call was never made: %v", w.calls.log)
						}
						w.sameEnd(want, got)
					})
				}
			}
		})
	}
}

// thorough asks for every disturbance of every life.
var thorough = flag.Bool("thorough", false, "disturb every call of every life in every way")

// damagesTo are the ways to damage a call: the manager dies right before or
// right after it, and what it writes to the status may arrive late; with
// -thorough every call may, and the manager may live on.
func damagesTo(call string) []damage {
	switch {
	case *thorough:
		return []damage{diesFirst, diesAfter, late, refused, lost}
	case strings.HasPrefix(call, "status"):
		return []damage{diesFirst, diesAfter, late}
	default:
		return []damage{diesFirst, diesAfter}
	}
}

// sameEnd compares the end of a life with the undisturbed one's.
func (w *world) sameEnd(want, got []string) {
	w.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("the end (-undisturbed +got):\n%s\n%s", diff, w.describe())
	}
}

// live plays a life and returns how it ended.
func (w *world) live(life func(*world)) []string {
	w.t.Helper()
	life(w)
	w.settle()
	if w.calls.underway != nil {
		_ = w.calls.underway()
		w.settle()
	}
	w.checkWhole()
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
			if c.Type == v1alpha1.ConditionRecovering && c.Status == metav1.ConditionFalse {
				continue // whether a failure was ever in question differs
			}
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
