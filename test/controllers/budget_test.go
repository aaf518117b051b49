package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// bill is what the manager has asked of the API server since it was last asked
// for the bill, by verb and kind.
func (w *world) bill() map[string]int {
	bill := map[string]int{"events": len(w.events)}
	for _, call := range w.calls.log {
		what, _, _ := strings.Cut(call, "/")
		what, _, _ = strings.Cut(what, " #")
		bill[what]++
	}
	w.events, w.calls.log = nil, nil
	return bill
}

// within compares a bill with a budget. What has no budget must not occur.
func (w *world) within(budget map[string]int) {
	w.t.Helper()
	bill := w.bill()
	for what, n := range bill {
		if n > budget[what] {
			w.t.Errorf("%s: %d, the budget is %d", what, n, budget[what])
		}
	}
	w.t.Log(bill)
}

// TestBudgetOfALife: the life of a gang of n costs n creates, 8 writes of the
// status, 3 events and an EndpointSlice for a thousand ranks, however its pods
// trickle in. A Service, one dry run a set and the end of the EndpointSlice are
// its only other calls.
func TestBudgetOfALife(t *testing.T) {
	for _, n := range []int32{8, 48} {
		for _, every := range []time.Duration{0, 10 * time.Millisecond, 80 * time.Millisecond} {
			t.Run(fmt.Sprintf("%d pods, one every %s", n, every), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, int(n))
				w.kubelets.every = every
				w.create(training("job", n))
				w.until("running", w.is("job", v1alpha1.StateRunning, 1))
				w.kubelets.exitAll(0)
				w.until("succeeded", w.is("job", v1alpha1.StateSucceeded, 1))
				w.settle()
				w.within(map[string]int{
					"create Pod": int(n), "status TrainingJob": 8, "events": 3, "create EndpointSlice": 1, "delete EndpointSlice": 1,
					"create Service": 1, "try Pod": 1,
				})
			})
		}
	}
}

// TestBudgetOfARestart: whatever its size, an attempt is deleted with one call.
func TestBudgetOfARestart(t *testing.T) {
	const n = 16
	for name, c := range map[string]struct {
		strategy v1alpha1.RestartStrategy
		fail     func(w *world)
		want     map[string]int
	}{
		"every pod anew": {v1alpha1.RestartRecreate, func(w *world) { w.kubelets.exit("job-worker-3-1", 1) }, map[string]int{
			"delete all Pod": 1, "delete EndpointSlice": 1, "create Pod": n, "create EndpointSlice": 1, "status TrainingJob": 8, "events": 3,
		}},
		"one pod anew": {v1alpha1.RestartReplaceFailed, func(w *world) { w.kubelets.exit("job-worker-3-1", 1) }, map[string]int{
			"delete Pod": 1, "create Pod": 1, "patch Pod": n - 1, "apply EndpointSlice": 2, "status TrainingJob": 8, "events": 3,
		}},
		"in place": {v1alpha1.RestartInPlace, func(w *world) { w.kubelets.fail("job-worker-3-1", 1) }, map[string]int{
			"patch Pod": n, "status TrainingJob": 8, "events": 3,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, n+1)
			w.late = true
			w.cache.lag(2, &corev1.Pod{}) // the news of deletions take their time
			w.create(training("job", n, strategy(c.strategy)))
			w.until("running", w.is("job", v1alpha1.StateRunning, 1))
			w.settle()
			w.bill()
			c.fail(w)
			w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
			w.settle()
			w.within(c.want)
		})
	}
}
