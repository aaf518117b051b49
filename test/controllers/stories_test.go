package controllers

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// training is a job of some workers, each of which needs most of a node.
func training(name string, workers int32, changes ...func(*v1alpha1.TrainingJobSpec)) *v1alpha1.TrainingJob {
	job := &v1alpha1.TrainingJob{ObjectMeta: metav1.ObjectMeta{Name: name}}
	job.Spec.Framework = v1alpha1.FrameworkPyTorch
	job.Spec.ReplicaSpecs = []v1alpha1.ReplicaSpec{{
		Name: "worker", Replicas: workers,
		Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "train", Image: "example.org/train:v1", Command: []string{"python", "train.py"},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("3")}},
		}}}},
	}}
	for _, change := range changes {
		change(&job.Spec)
	}
	return job
}

func strategy(s v1alpha1.RestartStrategy) func(*v1alpha1.TrainingJobSpec) {
	return func(spec *v1alpha1.TrainingJobSpec) { spec.FailurePolicy = &v1alpha1.FailurePolicy{RestartStrategy: s} }
}

// is says whether a job has come to a state in an attempt.
func (w *world) is(name string, state v1alpha1.TrainingJobState, attempt int32) func() bool {
	return func() bool {
		job := w.job(name)
		return job != nil && job.Status.State == state && job.Status.Attempt == attempt
	}
}

func TestCreateRunSucceed(t *testing.T) {
	w := newWorld(t, 3)
	w.create(training("job", 2))
	w.until("running", w.is("job", v1alpha1.StateRunning, 1))
	w.kubelets.exitAll(0)
	w.until("succeeded", w.is("job", v1alpha1.StateSucceeded, 1))
	w.settle()
	job := w.job("job")
	if a := job.Status.Admission; a == nil || len(a.Assignments) != 0 || a.Attempt != 1 {
		t.Errorf("its place is not cleared: %+v", a)
	}
	for _, want := range []string{"Admitted: attempt 1", "Running: all 2 ranks run", "Succeeded: AllRanksSucceeded"} {
		if !strings.Contains(strings.Join(w.events, "\n"), want) {
			t.Errorf("no event %q in %q", want, w.events)
		}
	}
}

func TestNodeLost(t *testing.T) {
	w := newWorld(t, 3)
	w.create(training("job", 2))
	w.until("running", w.is("job", v1alpha1.StateRunning, 1))
	lost := w.pods()[0].Spec.NodeName
	w.judge(lost, lifecycle.Lost)
	w.until("running again", w.is("job", v1alpha1.StateRunning, 2))
	job := w.job("job")
	if r := job.Status.LastRecovery; r.Reason != v1alpha1.RecoveryNodeLost || *r.Counted || r.Running == nil {
		t.Errorf("%+v", r)
	}
}
