package render_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
)

// options are the manager's.
var options = render.Options{LauncherImage: "example.org/launcher:v1"}

// builder makes jobs that read well in a test.
type builder struct{ *v1alpha1.TrainingJob }

// train starts a job of one framework, without sets.
func train(framework v1alpha1.Framework) builder {
	return builder{&v1alpha1.TrainingJob{
		ObjectMeta: metav1.ObjectMeta{Name: "resnet", Namespace: "vision", UID: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"},
		Spec:       v1alpha1.TrainingJobSpec{Framework: framework, Launcher: v1alpha1.LauncherAuto},
	}}
}

// set adds a set of pods that run a command.
func (b builder) set(name string, replicas int32, changes ...func(*corev1.PodSpec)) builder {
	spec := corev1.PodSpec{Containers: []corev1.Container{{
		Name: "train", Image: "example.org/train:v1", Command: []string{"python", "train.py"}, Args: []string{"--lr=0.1"},
	}}}
	for _, change := range changes {
		change(&spec)
	}
	b.Spec.ReplicaSpecs = append(b.Spec.ReplicaSpecs, v1alpha1.ReplicaSpec{
		Name: name, Replicas: replicas, Template: corev1.PodTemplateSpec{Spec: spec},
	})
	return b
}

// with changes the job's spec.
func (b builder) with(change func(*v1alpha1.TrainingJobSpec)) builder {
	change(&b.Spec)
	return b
}

func (b builder) never() builder {
	b.Spec.Launcher = v1alpha1.LauncherNever
	return b
}

func (b builder) checkpoints() builder {
	b.Spec.Checkpoint = &v1alpha1.CheckpointPolicy{Directory: "/mnt/ckpt"}
	return b
}

// gpus gives the first container GPUs.
func gpus(n int64) func(*corev1.PodSpec) {
	return func(spec *corev1.PodSpec) {
		spec.Containers[0].Resources.Limits = corev1.ResourceList{
			"nvidia.com/gpu": *resource.NewQuantity(n, resource.DecimalSI),
		}
	}
}

// env gives the first container variables.
func env(variables ...corev1.EnvVar) func(*corev1.PodSpec) {
	return func(spec *corev1.PodSpec) { spec.Containers[0].Env = variables }
}

func renderer(t testing.TB, b builder, opts render.Options) *render.Renderer {
	t.Helper()
	r, err := render.New(b.TrainingJob, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// pod renders one replica in attempt 2 on node-1.
func pod(t testing.TB, b builder, set int, index int32) *corev1.Pod {
	t.Helper()
	p, err := renderer(t, b, options).Pod(set, index, ranks.Slot{Node: "node-1", Attempt: 2})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// value is what the first container's environment says of a name; it fails if
// it says it twice.
func value(t testing.TB, pod *corev1.Pod, name string) (string, bool) {
	t.Helper()
	found, text := false, ""
	for _, v := range pod.Spec.Containers[0].Env {
		if v.Name != name {
			continue
		}
		if found {
			t.Errorf("%s is set twice", name)
		}
		found, text = true, v.Value
	}
	return text, found
}
