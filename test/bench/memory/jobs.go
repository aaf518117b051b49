package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/test/bench/benchlab"
)

const (
	namespace = "default"
	// label tells the pods of gangs that go on from those that end.
	label = "bench"
	goOn  = "goes-on"
	end   = "ends"
	// patience is how long a kind of gang may take to come to where it should.
	patience = time.Hour
	// atOnce is how many gangs are created at the same time.
	atOnce = 16
)

// populate creates the gangs and waits until they run, or have ended.
func (o *options) populate(ctx context.Context, l *benchlab.Lab) error {
	for _, kind := range []struct {
		name  string
		count int
		state v1alpha1.TrainingJobState
	}{
		{goOn, o.running, v1alpha1.StateRunning},
		{end, o.finished, v1alpha1.StateSucceeded},
	} {
		if err := o.create(ctx, l, kind.name, kind.count, kind.state); err != nil {
			return err
		}
		if err := await(ctx, l, kind.name, kind.count, kind.state); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) create(ctx context.Context, l *benchlab.Lab, kind string, count int, state v1alpha1.TrainingJobState) error {
	benchlab.Say("creating %d gangs that are to be %s", count, state)
	errs := make([]error, count)
	workqueue.ParallelizeUntil(ctx, atOnce, count, func(i int) {
		name := fmt.Sprintf("%s-%04d", kind, i)
		if err := l.Client.Create(ctx, o.gang(name, kind)); err != nil {
			errs[i] = fmt.Errorf("creating TrainingJob %s: %w", name, err)
		}
	})
	return errors.Join(append(errs, ctx.Err())...)
}

// gang is a TrainingJob such as users write: with variables, a volume, limits
// and a launcher.
func (o *options) gang(name, kind string) *v1alpha1.TrainingJob {
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{label: kind, "team": "vision", "app.kubernetes.io/name": name}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "train", Image: "registry.example/team/train@sha256:6f0dcfd1a0b3c9b9c6a0d5ba7e4ea9a0e27dd0bbf0bff4d7d8f2d2a4a05b5b1e",
				Command: []string{"python", "/app/train.py", "--config=/app/config.yaml", "--epochs=100"},
				Env:     []corev1.EnvVar{{Name: "NCCL_DEBUG", Value: "INFO"}, {Name: "OMP_NUM_THREADS", Value: "8"}, {Name: "HF_HOME", Value: "/cache"}},
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("4Gi")},
					Limits:   corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")},
				},
				VolumeMounts: []corev1.VolumeMount{{Name: "cache", MountPath: "/cache"}},
			}},
			Volumes: []corev1.Volume{{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		},
	}
	size := o.size
	if kind == end {
		size = o.endedSize
		template.Annotations = map[string]string{"lab.trainyard.dev/succeed-after": "1s"}
	}
	return &v1alpha1.TrainingJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{label: kind}},
		Spec: v1alpha1.TrainingJobSpec{
			Framework: v1alpha1.FrameworkPyTorch, Launcher: v1alpha1.LauncherAuto,
			ReplicaSpecs: []v1alpha1.ReplicaSpec{{Name: "worker", Replicas: int32(size), Template: template}},
		},
	}
}

// await waits until all gangs of a kind are in a state.
func await(ctx context.Context, l *benchlab.Lab, kind string, count int, state v1alpha1.TrainingJobState) error {
	said := time.Time{}
	return benchlab.Wait(ctx, fmt.Sprintf("%s: all gangs %s", state, kind), patience, func(ctx context.Context) (bool, error) {
		var jobs v1alpha1.TrainingJobList
		if err := l.Client.List(ctx, &jobs, client.InNamespace(namespace), client.MatchingLabels{label: kind}); err != nil {
			return false, fmt.Errorf("listing TrainingJobs: %w", err)
		}
		there := 0
		for i := range jobs.Items {
			if jobs.Items[i].Status.State == state {
				there++
			}
		}
		if there == count || time.Since(said) > 10*time.Second {
			said = time.Now()
			benchlab.Say("%d of %d gangs are %s", there, count, state)
		}
		if there < count {
			return false, pause(ctx)
		}
		return true, nil
	})
}

// pause leaves the processors to those who work: listing thousands of gangs
// takes some of their time.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(3 * time.Second):
		return nil
	}
}
