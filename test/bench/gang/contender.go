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
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/render"
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
	object func(meta metav1.ObjectMeta, n int32) (client.Object, error)
}

// contenders are a TrainingJob, a Job of the same pods, and a Job whose pods are
// told nothing: no training of several ranks can do with it, but it is the least
// that such a gang can cost.
var contenders = []contender{
	{"trainingjob", func(meta metav1.ObjectMeta, n int32) (client.Object, error) { return trainingJob(meta, n), nil }},
	{"job", func(meta metav1.ObjectMeta, n int32) (client.Object, error) {
		env, err := environment(meta, n)
		return indexedJob(meta, n, env), err
	}},
	{"bare-job", func(meta metav1.ObjectMeta, n int32) (client.Object, error) { return indexedJob(meta, n, nil), nil }},
}

func trainingJob(meta metav1.ObjectMeta, n int32) *v1alpha1.TrainingJob {
	return &v1alpha1.TrainingJob{ObjectMeta: meta, Spec: v1alpha1.TrainingJobSpec{
		Framework: v1alpha1.FrameworkGeneric, Launcher: v1alpha1.LauncherNever,
		ReplicaSpecs: []v1alpha1.ReplicaSpec{{Name: "worker", Replicas: n, Template: template(meta.Name)}},
	}}
}

func indexedJob(meta metav1.ObjectMeta, n int32, env []corev1.EnvVar) *batchv1.Job {
	pods := template(meta.Name)
	pods.Spec.RestartPolicy, pods.Spec.Containers[0].Env = corev1.RestartPolicyNever, env
	return &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{
		CompletionMode: ptr.To(batchv1.IndexedCompletion), Completions: &n, Parallelism: &n, Template: pods,
	}}
}

// environment is what the ranks of such a TrainingJob are told: whoever trains
// with a Job writes as much into its template.
func environment(meta metav1.ObjectMeta, n int32) ([]corev1.EnvVar, error) {
	meta.UID = "00000000-0000-0000-0000-000000000000"
	r, err := render.New(trainingJob(meta, n), render.Options{})
	if err != nil {
		return nil, err
	}
	pod, err := r.Shape(0)
	if err != nil {
		return nil, err
	}
	return pod.Spec.Containers[0].Env, nil
}

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

// start creates the object, returns after how many seconds all its pods were
// seen to run, and says when they were created and bound.
func (c contender) start(ctx context.Context, l *benchlab.Lab, name string, n int) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pods, err := watch(ctx, l, name)
	if err != nil {
		return 0, err
	}
	object, err := c.object(metav1.ObjectMeta{Namespace: namespace, Name: name}, int32(n))
	if err != nil {
		pods.Stop()
		return 0, fmt.Errorf("making %s %s: %w", c.name, name, err)
	}
	begun := time.Now()
	if err := l.Client.Create(ctx, object); err != nil {
		pods.Stop()
		return 0, fmt.Errorf("creating %s %s: %w", c.name, name, err)
	}
	s := stages{begun: begun, want: n, seen: map[string]map[types.UID]bool{}, reached: map[string]time.Duration{}}
	for {
		for event := range pods.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok {
				s.see(pod)
			}
			if took := s.reached["running"]; took > 0 {
				pods.Stop()
				benchlab.Say("%s: created after %.2f s, bound %.2f s, running %.2f s", name,
					s.reached["created"].Seconds(), s.reached["bound"].Seconds(), took.Seconds())
				return took.Seconds(), nil
			}
		}
		if ctx.Err() != nil {
			return 0, fmt.Errorf("%d of %d pods of %s %s ran: %w", len(s.seen["running"]), n, c.name, name, ctx.Err())
		}
		if pods, err = watch(ctx, l, name); err != nil { // the API server may end one at any time
			return 0, err
		}
	}
}

// stages notes when all pods of a gang or Job had come how far.
type stages struct {
	begun   time.Time
	want    int
	seen    map[string]map[types.UID]bool
	reached map[string]time.Duration
}

func (s *stages) see(pod *corev1.Pod) {
	s.reach("created", pod)
	if pod.Spec.NodeName != "" {
		s.reach("bound", pod)
	}
	if pod.Status.Phase == corev1.PodRunning {
		s.reach("running", pod)
	}
}

func (s *stages) reach(stage string, pod *corev1.Pod) {
	if s.seen[stage] == nil {
		s.seen[stage] = map[types.UID]bool{}
	}
	s.seen[stage][pod.UID] = true
	if len(s.seen[stage]) == s.want && s.reached[stage] == 0 {
		s.reached[stage] = time.Since(s.begun)
	}
}

// watch tells of all pods of a gang or Job, those that exist already first.
func watch(ctx context.Context, l *benchlab.Lab, name string) (apiwatch.Interface, error) {
	w, err := l.Client.Watch(ctx, &corev1.PodList{}, client.InNamespace(namespace), client.MatchingLabels{label: name})
	if err != nil {
		return nil, fmt.Errorf("watching the pods of %s: %w", name, err)
	}
	return w, nil
}

// remove deletes the object and waits until its pods are gone.
func (c contender) remove(ctx context.Context, l *benchlab.Lab, name string) error {
	object, err := c.object(metav1.ObjectMeta{Namespace: namespace, Name: name}, 1)
	if err != nil {
		return fmt.Errorf("making %s %s: %w", c.name, name, err)
	}
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
