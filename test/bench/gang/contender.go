package main

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/test/bench/benchlab"
)

const (
	namespace = "default"
	// label marks the pods of one gang or Job.
	label = "bench"
	// patience is how long a gang may take: at default limits a Job's
	// controller creates 20 pods a second.
	patience = 10 * time.Minute
)

// contender is a kind of object that runs n pods.
type contender struct {
	name   string
	object func(meta metav1.ObjectMeta, template corev1.PodTemplateSpec, n int32) client.Object
}

var gang = contender{"trainingjob", func(meta metav1.ObjectMeta, template corev1.PodTemplateSpec, n int32) client.Object {
	return &v1alpha1.TrainingJob{ObjectMeta: meta, Spec: v1alpha1.TrainingJobSpec{
		Launcher:     v1alpha1.LauncherNever,
		ReplicaSpecs: []v1alpha1.ReplicaSpec{{Name: "worker", Replicas: n, Template: template}},
	}}
}}

var job = contender{"job", func(meta metav1.ObjectMeta, template corev1.PodTemplateSpec, n int32) client.Object {
	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	return &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{
		CompletionMode: ptr.To(batchv1.IndexedCompletion), Completions: &n, Parallelism: &n, Template: template,
	}}
}}

// template is a rank that takes one GPU of a simulated node.
func template(name string) corev1.PodTemplateSpec {
	gpu := corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{label: name}},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"nvidia.com/gpu.count": "8"},
			Containers:   []corev1.Container{{Name: "train", Image: "nothing", Resources: corev1.ResourceRequirements{Limits: gpu}}},
		},
	}
}

// start creates the object and returns after how many seconds all its pods
// were seen to run.
func (c contender) start(ctx context.Context, l *benchlab.Lab, name string, n int) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	watch, err := l.Client.Watch(ctx, &corev1.PodList{}, client.InNamespace(namespace), client.MatchingLabels{label: name})
	if err != nil {
		return 0, fmt.Errorf("watching pods: %w", err)
	}
	defer watch.Stop()
	object := c.object(metav1.ObjectMeta{Namespace: namespace, Name: name}, template(name), int32(n))
	begun := time.Now()
	if err := l.Client.Create(ctx, object); err != nil {
		return 0, fmt.Errorf("creating %s %s: %w", c.name, name, err)
	}
	running := map[types.UID]bool{}
	for event := range watch.ResultChan() {
		pod, ok := event.Object.(*corev1.Pod)
		if !ok {
			return 0, fmt.Errorf("watching pods: %v", event.Object)
		}
		if pod.Status.Phase == corev1.PodRunning {
			running[pod.UID] = true
		}
		if len(running) == n {
			return time.Since(begun).Seconds(), nil
		}
	}
	return 0, fmt.Errorf("%d of %d pods of %s %s ran within %s", len(running), n, c.name, name, patience)
}

// remove deletes the object and waits until its pods are gone.
func (c contender) remove(ctx context.Context, l *benchlab.Lab, name string) error {
	object := c.object(metav1.ObjectMeta{Namespace: namespace, Name: name}, template(name), 1)
	if err := l.Client.Delete(ctx, object, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		return fmt.Errorf("deleting %s %s: %w", c.name, name, err)
	}
	return benchlab.Wait(ctx, "gone: the pods of "+name, patience, func(ctx context.Context) (bool, error) {
		pods := &metav1.PartialObjectMetadataList{}
		pods.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PodList"))
		err := l.Client.List(ctx, pods, client.InNamespace(namespace), client.MatchingLabels{label: name})
		return err == nil && len(pods.Items) == 0, err
	})
}
