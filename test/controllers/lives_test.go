package controllers

import (
	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// lives are the lives of jobs that the tests of this package disturb.
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
	"program fails for good": func(w *world) {
		w.create(training("job", 2, func(s *v1alpha1.TrainingJobSpec) {
			s.FailurePolicy = &v1alpha1.FailurePolicy{MaxRestarts: new(int32(0)), AttributionWindowSeconds: new(int32(0))}
		}))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.kubelets.exit(w.pods()[1].Name, 1)
		w.until("failed", w.is("job", v1alpha1.StateFailed, 1))
	},
	"process fails and is started again in place": func(w *world) {
		w.create(training("job", 2, strategy(v1alpha1.RestartInPlace)))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.kubelets.fail("job-worker-0-1", 1)
		w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
		w.kubelets.exitAll(0)
		w.until("succeeded", w.is("job", v1alpha1.StateSucceeded, 2))
	},
	"pod fails and is replaced": func(w *world) {
		w.create(training("job", 2, strategy(v1alpha1.RestartReplaceFailed)))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.kubelets.exit("job-worker-1-1", 1)
		w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
		w.kubelets.exitAll(0)
		w.until("succeeded", w.is("job", v1alpha1.StateSucceeded, 2))
	},
	"one set waits for another": func(w *world) {
		w.create(training("job", 1, func(s *v1alpha1.TrainingJobSpec) {
			second := *s.ReplicaSpecs[0].DeepCopy()
			second.Name, second.DependsOn = "late", &v1alpha1.Dependency{Name: "worker", State: v1alpha1.DependencyReady}
			s.ReplicaSpecs = append(s.ReplicaSpecs, second)
		}))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.kubelets.exitAll(0)
		w.until("succeeded", w.is("job", v1alpha1.StateSucceeded, 1))
	},
	"node is lost":                      loseNode(v1alpha1.RestartRecreate),
	"node is lost, and the others stay": loseNode(v1alpha1.RestartInPlace),
	"node is gone": func(w *world) {
		w.create(training("job", 2))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.removeNode(w.nodeOf("job-worker-0-1"))
		w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
	},
	"suspended and resumed": func(w *world) {
		w.create(training("job", 2))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.suspend("job", true)
		w.until("suspended", w.is("job", v1alpha1.StateSuspended, 1))
		w.suspend("job", false)
		w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
	},
	"gives way and comes back": func(w *world) {
		w.create(training("job", 2, func(s *v1alpha1.TrainingJobSpec) { s.Preemptible = new(true) }))
		w.until("running", w.is("job", v1alpha1.StateRunning, 1))
		w.create(training("urgent", 3, func(s *v1alpha1.TrainingJobSpec) { s.PriorityClassName = urgent }))
		w.until("the other running", w.is("urgent", v1alpha1.StateRunning, 1))
		w.kubelets.exitAll(0)
		w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
	},
	"its pods are refused at first": func(w *world) {
		w.createForeign(foreign("job-worker-1-1", "", "1"))
		w.create(training("job", 2))
		w.until("running", w.is("job", v1alpha1.StateRunning, 2))
		w.deleteForeign(w.pod("job-worker-1-1"))
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

// urgent is the PriorityClass of jobs that come first.
const urgent = "urgent"

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
