//go:build e2e

package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// namespace makes a namespace that goes with the test.
func namespace(t *testing.T, name string, labels map[string]string) *corev1.Namespace {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	if err := kube.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kube.Delete(context.Background(), ns); err != nil {
			t.Error(err)
		}
	})
	return ns
}

// told waits until a job waits for a reason, and says so in these words.
func told(t *testing.T, name, reason string, words ...string) *v1alpha1.TrainingJob {
	t.Helper()
	return eventually(t, name, time.Minute, "told "+reason+": "+strings.Join(words, " "), func(job *v1alpha1.TrainingJob) bool {
		c := meta.FindStatusCondition(job.Status.Conditions, v1alpha1.ConditionQueued)
		if c == nil || c.Status != metav1.ConditionTrue || c.Reason != reason {
			return false
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return false
			}
		}
		return true
	})
}

// A quota lets three of four pods in. The gang does not stay half-made: it is
// released whole, with the quota's words, and runs once the quota allows it.
func TestAQuotaRefusesTheFourthPod(t *testing.T) {
	t.Parallel()
	namespace(t, "short", nil)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: "short", Name: "pods"}}
	quota.Spec.Hard = corev1.ResourceList{"pods": resource.MustParse("3")}
	if err := kube.Create(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	until(t, 30*time.Second, "the quota counts", func() (bool, any) {
		err := kube.Get(t.Context(), client.ObjectKeyFromObject(quota), quota)
		return len(quota.Status.Hard) > 0, err
	})
	job := simulated("four", 3)
	job.Namespace = "short"
	job.Spec.ReplicaSpecs[0].Template.Annotations = nil // runs until it is deleted
	create(t, job)
	job = eventually(t, "short/four", time.Minute, "released", func(job *v1alpha1.TrainingJob) bool {
		return job.Status.LastRecovery != nil && !job.Status.Placed()
	})
	if r := job.Status.LastRecovery; r.Reason != v1alpha1.RecoveryPodRejected || !strings.Contains(r.Message, "exceeded quota: pods") || ptr.Deref(r.Counted, false) {
		t.Errorf("the recovery is %+v, want PodRejected with the quota's words, and not counted", r)
	}
	until(t, 30*time.Second, "no pod of the gang is left", func() (bool, any) {
		pods := podsOf(t, job)
		return len(pods) == 0, len(pods)
	})
	raise := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"hard":{"pods":"4"}}}`))
	if err := kube.Patch(t.Context(), quota, raise); err != nil {
		t.Fatal(err)
	}
	job = eventually(t, "short/four", 2*time.Minute, "Running", inState(v1alpha1.StateRunning))
	if n := ptr.Deref(job.Status.RestartsCountTowardsMax, 0); n != 0 {
		t.Errorf("%d restarts count towards maxRestarts", n)
	}
}

// Pod Security refuses a job's pods before it takes a place from anybody; the
// job says which rule it is, and runs when it is allowed to.
func TestPodSecurityRefuses(t *testing.T) {
	t.Parallel()
	ns := namespace(t, "guarded", map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	job := simulated("rooted", 1)
	job.Namespace = "guarded"
	job.Spec.ReplicaSpecs[0].Template.Annotations = nil
	job.Spec.ReplicaSpecs[1].Template.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = ptr.To(true)
	create(t, job)
	job = told(t, "guarded/rooted", v1alpha1.ReasonPodRejected, "violates PodSecurity", "allowPrivilegeEscalation", "set second")
	if job.Status.Placed() || len(podsOf(t, job)) > 0 {
		t.Error("a job whose pods are refused holds a place")
	}
	ns.Labels["pod-security.kubernetes.io/enforce"] = "baseline"
	if err := kube.Update(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	eventually(t, "guarded/rooted", time.Minute, "Running", inState(v1alpha1.StateRunning))
}
