package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// interruption ends a life that somebody else has interrupted.
type interruption struct{}

// interruptions are what somebody else does to a job between two calls of the
// manager, and what it then comes to.
var interruptions = map[string]struct {
	act  func(w *world)
	then func(w *world)
}{
	"deleted": {
		func(w *world) { w.delete("job") },
		func(w *world) {
			w.until("nothing left", func() bool { return w.job("job") == nil && w.nothingOf("job") })
		},
	},
	"deleted and created anew": {
		func(w *world) {
			w.delete("job")
			w.create(training("job", 2))
		},
		func(w *world) {
			w.until("running", w.runs("job"))
			w.kubelets.exitAll(0)
			w.until("succeeded", func() bool { return w.job("job").Status.State == v1alpha1.StateSucceeded })
		},
	},
	"suspended": {
		func(w *world) { w.suspend("job", true) },
		func(w *world) {
			if w.endsAnyway("job", v1alpha1.StateSuspended) {
				return
			}
			w.suspend("job", false)
			w.until("running", w.runs("job"))
		},
	},
	"suspended and resumed at once": {
		func(w *world) { w.suspend("job", true); w.suspend("job", false) },
		func(w *world) { w.endsAnyway("job", v1alpha1.StateRunning) },
	},
	"suspended, made larger and resumed": {
		func(w *world) { w.suspend("job", true) },
		func(w *world) {
			if w.endsAnyway("job", v1alpha1.StateSuspended) {
				return
			}
			w.edit("job", func(s *v1alpha1.TrainingJobSpec) { s.ReplicaSpecs[0].Replicas++ })
			w.suspend("job", false)
			w.until("running", w.runs("job"))
			if n, slots, want := len(w.podsOf("job")), len(slotsOf(w.job("job"))), int(ranks.Of(w.job("job")).Total()); n != want || slots != want {
				w.t.Errorf("%d pods and %d places of %d", n, slots, want)
			}
		},
	},
}

// endsAnyway waits for a state, or for the end that a job has come to already.
func (w *world) endsAnyway(name string, state v1alpha1.TrainingJobState) bool {
	w.t.Helper()
	over := false
	w.until(string(state), func() bool {
		job := w.job(name)
		over = job == nil || job.Status.Finished()
		return over || (job.Status.State == state && job.Status.Placed() == (state == v1alpha1.StateRunning))
	})
	return over
}

// nothingOf says whether nothing is left of a job.
func (w *world) nothingOf(name string) bool {
	for kind := range everything.kinds {
		for _, obj := range everything.in(kind, w.ns) {
			if obj.GetLabels()[v1alpha1.LabelJobName] == name {
				return false
			}
		}
	}
	return true
}

// TestInterruptions lets somebody else act between any two calls of a life.
func TestInterruptions(t *testing.T) {
	for _, name := range sorted(interruptible()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := newWorld(t, 3)
			whole.live(lives[name])
			for _, victim := range whole.calls.log {
				for _, what := range sorted(interruptions) {
					t.Run(victim+" then "+what, func(t *testing.T) {
						w := newWorld(t, 3)
						w.calls.victim, w.calls.damage = victim, interrupted
						w.interruptedBy(lives[name], interruptions[what].act)
						w.makeRoom()
						interruptions[what].then(w)
						w.settle()
						w.checkWhole()
						w.leave()
					})
				}
			}
		})
	}
}

// interruptible are the lives to interrupt: one with a restart, or all.
func interruptible() map[string]func(*world) {
	out := map[string]func(*world){}
	for name, life := range lives {
		if *thorough || name == "process fails and is started again in place" {
			out[name] = life
		}
	}
	return out
}

// interruptedBy plays a life until it is interrupted.
func (w *world) interruptedBy(life, act func(*world)) {
	w.t.Helper()
	w.calls.interrupt = func() {
		act(w)
		w.interrupted = true
	}
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(interruption{}) {
				panic(r)
			}
		}()
		life(w)
		w.settle()
	}()
	if !w.interrupted {
		w.t.Fatal("nobody interrupted")
	}
	w.interrupted = false
	w.kubelets.asleep = false
	for name, n := range w.nodes {
		if n.silent {
			w.judge(name, lifecycle.Alive)
		}
	}
}

// makeRoom takes the other jobs away, and adds a node for one rank more.
func (w *world) makeRoom() {
	for _, name := range w.jobs {
		if name != "job" {
			w.delete(name)
		}
	}
	w.addNode("spare", "4")
	w.scheduler.NodeSeen(w.nodes["spare"].object)
}

// TestLateNews lets the manager's caches lag, and events come twice and late:
// every life ends as it does otherwise.
func TestLateNews(t *testing.T) {
	for _, name := range sorted(lives) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := newWorld(t, 3).live(lives[name])
			for what, set := range map[string]func(w *world){
				"caches lag by a turn":          func(w *world) { w.cache.lag(1) },
				"caches lag by three turns":     func(w *world) { w.cache.lag(3) },
				"the cache of jobs lags":        func(w *world) { w.cache.lag(2, &v1alpha1.TrainingJob{}) },
				"the cache of pods lags":        func(w *world) { w.cache.lag(2, &corev1.Pod{}) },
				"the cache of slices lags":      func(w *world) { w.cache.lag(2, &discoveryv1.EndpointSlice{}, &corev1.Service{}) },
				"events come twice and late":    func(w *world) { w.noisy = true },
				"caches lag, and events repeat": func(w *world) { w.cache.lag(2); w.noisy = true },
			} {
				t.Run(what, func(t *testing.T) {
					w := newWorld(t, 3)
					w.late = true
					set(w)
					got := w.live(lives[name])
					w.sameEnd(want, got)
				})
			}
		})
	}
}
