package render_test

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

const image = "example.org/launcher:v1"

// build starts a job of one set of two pods that train with a command.
func build(framework v1alpha1.Framework) *builder {
	b := &builder{job: &v1alpha1.TrainingJob{
		ObjectMeta: metav1.ObjectMeta{Name: "resnet", Namespace: "team-a", UID: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"},
		Spec:       v1alpha1.TrainingJobSpec{Framework: framework, Launcher: v1alpha1.LauncherAuto},
	}}
	return b.set("worker", 2)
}

// builder makes jobs that read well in a test.
type builder struct {
	job *v1alpha1.TrainingJob
}

// set adds a set, in place of the first one that build made if it is the first.
func (b *builder) set(name string, replicas int32) *builder {
	b.job.Spec.ReplicaSpecs = append(b.job.Spec.ReplicaSpecs, v1alpha1.ReplicaSpec{
		Name: name, Replicas: replicas,
		Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "train", Image: "example.org/train:v1", Command: []string{"python", "train.py"}, Args: []string{"--lr=0.1"},
		}}}},
	})
	return b
}

// sets replaces the sets of the job by others.
func (b *builder) without() *builder {
	b.job.Spec.ReplicaSpecs = nil
	return b
}

func (b *builder) gpus(n int64) *builder {
	for i := range b.job.Spec.ReplicaSpecs {
		b.job.Spec.ReplicaSpecs[i].Template.Spec.Containers[0].Resources.Limits = corev1.ResourceList{
			"nvidia.com/gpu": *resource.NewQuantity(n, resource.DecimalSI),
		}
	}
	return b
}

// spec changes the pod of the last set.
func (b *builder) spec(change func(*corev1.PodSpec)) *builder {
	change(&b.job.Spec.ReplicaSpecs[len(b.job.Spec.ReplicaSpecs)-1].Template.Spec)
	return b
}

// with changes the job.
func (b *builder) with(change func(*v1alpha1.TrainingJobSpec)) *builder {
	change(&b.job.Spec)
	return b
}
