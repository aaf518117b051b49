package slim

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/render"
)

func TestNodeKeepsWhatIsPlannedWith(t *testing.T) {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{"a": "b"}}}
	node.Spec.Taints = []corev1.Taint{{Key: "k"}}
	node.Status.Allocatable = corev1.ResourceList{corev1.ResourcePods: {}}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady}}
	node.Status.Images = []corev1.ContainerImage{{Names: []string{"long"}}}
	out := transformed[*corev1.Node](t, Node, node)
	if out.Status.Images != nil {
		t.Error("the images are kept")
	}
	if len(out.Labels) != 1 || len(out.Spec.Taints) != 1 || len(out.Status.Allocatable) != 1 || len(out.Status.Conditions) != 1 {
		t.Errorf("something is lost: %+v", out)
	}
}

func TestServiceKeepsWhoseItIs(t *testing.T) {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s", Labels: map[string]string{v1alpha1.LabelJobUID: "uid"}}}
	if out := transformed[*corev1.Service](t, Service, service); out.Labels[v1alpha1.LabelJobUID] != "uid" {
		t.Errorf("the label is lost: %+v", out)
	}
}

func TestTrainingJob(t *testing.T) {
	job := func() *v1alpha1.TrainingJob {
		job := &v1alpha1.TrainingJob{ObjectMeta: metav1.ObjectMeta{Name: "j"}}
		job.Spec.ReplicaSpecs = []v1alpha1.ReplicaSpec{{Name: "worker", Replicas: 8, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{
				{Name: "train", Command: []string{"python", "train.py"}, Env: []corev1.EnvVar{{Name: "A"}}}, {Name: "sidecar"}}},
		}}}
		return job
	}
	running := transformed[*v1alpha1.TrainingJob](t, TrainingJob, job())
	if c := running.Spec.ReplicaSpecs[0].Template.Spec.Containers; len(c) != 2 || len(c[0].Env) != 1 {
		t.Errorf("a job that runs lost what its pods are made from: %+v", c)
	}
	ended := job()
	ended.Status.State, ended.Status.CompletionTime = v1alpha1.StateSucceeded, &metav1.Time{Time: time.Unix(1, 0)}
	ended.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionSucceeded, Status: metav1.ConditionTrue}}
	out := transformed[*v1alpha1.TrainingJob](t, TrainingJob, ended)
	set := &out.Spec.ReplicaSpecs[0]
	if set.Replicas != 8 || len(set.Template.Spec.Containers) != 1 || set.Template.Labels != nil {
		t.Errorf("of a job that has ended there is %+v", set)
	}
	if !render.UsesLauncher(out, 0) {
		t.Error("it is no longer known that its ranks had a launcher")
	}
}

func transformed[T any](t *testing.T, transform func(any) (any, error), obj any) T {
	t.Helper()
	out, err := transform(obj)
	if err != nil {
		t.Fatal(err)
	}
	again, err := transform(out) // a cache may do so
	if err != nil {
		t.Fatal(err)
	}
	return again.(T)
}

func TestOthersPass(t *testing.T) {
	for _, transform := range []func(any) (any, error){Pod, Node, Service, TrainingJob} {
		if out, err := transform("tombstone"); err != nil || out != "tombstone" {
			t.Errorf("%v, %v", out, err)
		}
	}
}
