//go:build e2e

package e2e

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// simulated is a job on simulated nodes; its first set ends well after a
// moment, and what else it has runs for ever.
func simulated(name string, others int32) *v1alpha1.TrainingJob {
	job := training(name)
	job.Spec.Launcher = v1alpha1.LauncherNever
	job.Spec.Checkpoint = nil
	job.Spec.ReplicaSpecs = []v1alpha1.ReplicaSpec{replicas("first", 1)}
	if others > 0 {
		job.Spec.ReplicaSpecs = append(job.Spec.ReplicaSpecs, replicas("second", others))
	}
	for i := range job.Spec.ReplicaSpecs {
		template := &job.Spec.ReplicaSpecs[i].Template
		template.Spec.NodeSelector = map[string]string{"nvidia.com/gpu.count": "8"}
		template.Spec.Tolerations = []corev1.Toleration{{Key: "nvidia.com/gpu", Operator: corev1.TolerationOpExists}}
		template.Spec.Volumes, template.Spec.Containers[0].VolumeMounts = nil, nil
	}
	job.Spec.ReplicaSpecs[0].Template.Annotations = map[string]string{"lab.trainyard.dev/succeed-after": "3s"}
	return job
}

// What is left of a job that has ended is what its cleanPodPolicy says.
func TestCleanPodPolicy(t *testing.T) {
	t.Parallel()
	for policy, want := range map[v1alpha1.CleanPodPolicy][]string{
		v1alpha1.CleanPodNone:    {"first", "second", "second"},
		v1alpha1.CleanPodRunning: {"first"},
		v1alpha1.CleanPodAll:     nil,
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			name := map[v1alpha1.CleanPodPolicy]string{
				v1alpha1.CleanPodNone: "keeps", v1alpha1.CleanPodRunning: "stops", v1alpha1.CleanPodAll: "cleans",
			}[policy]
			job := simulated(name, 2)
			job.Spec.SuccessPolicy = v1alpha1.SuccessFirstReplica
			job.Spec.RunPolicy = &v1alpha1.RunPolicy{CleanPodPolicy: policy}
			create(t, job)
			job = eventually(t, name, time.Minute, "Succeeded", inState(v1alpha1.StateSucceeded))
			left := func() (bool, any) {
				var sets []string
				for _, pod := range podsOf(t, job) {
					sets = append(sets, pod.Labels[v1alpha1.LabelSet])
				}
				slices.Sort(sets)
				return slices.Equal(sets, want), sets
			}
			until(t, 30*time.Second, "its pods are as its policy has them", left)
			time.Sleep(2 * time.Second) // a cleaner that comes too late would come now
			if ok, sets := left(); !ok {
				t.Errorf("later, the pods of %v are left; want %v", sets, want)
			}
		})
	}
}

// A job that has ended goes when its time to live is over, and all that is its
// own with it.
func TestTimeToLive(t *testing.T) {
	t.Parallel()
	job := simulated("mayfly", 0)
	job.Spec.RunPolicy = &v1alpha1.RunPolicy{TTLSecondsAfterFinished: ptr.To[int32](3), CleanPodPolicy: v1alpha1.CleanPodNone}
	create(t, job)
	job = eventually(t, "mayfly", time.Minute, "Succeeded", inState(v1alpha1.StateSucceeded))
	if len(podsOf(t, job)) != 1 {
		t.Error("its pod did not stay until its end")
	}
	until(t, 30*time.Second, "the job is gone", func() (bool, any) {
		err := kube.Get(t.Context(), keyOf("mayfly"), &v1alpha1.TrainingJob{})
		return apierrors.IsNotFound(err), err
	})
	if early := time.Since(job.Status.CompletionTime.Time); early < 3*time.Second {
		t.Errorf("it went %s after its end, before its time to live was over", early)
	}
	leavesNothing(t, job)
}
