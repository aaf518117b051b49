package trainingjob

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/slim"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// TestObserveWhatIsCached: the cache keeps of a pod all that is read of it.
func TestObserveWhatIsCached(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		pod := somePod(random)
		whole := observed(pod)
		held, err := slim.Pod(pod.DeepCopy())
		if err != nil {
			t.Fatal(err)
		}
		kept := observed(held.(*corev1.Pod))
		for _, s := range []*seen{&whole, &kept} {
			s.forget(pod.Status.Phase)
		}
		if diff := cmp.Diff(whole, kept, cmp.AllowUnexported(seen{})); diff != "" {
			t.Fatalf("(-whole +cached)\n%s\n%+v", diff, pod)
		}
	}
}

// seen is all that is made of a pod.
type seen struct {
	pod     lifecycle.Pod
	message string
}

func observed(pod *corev1.Pod) seen { return seen{observePod(pod), terminationMessage(pod)} }

// forget leaves out what nobody asks of a pod that is so far.
func (s *seen) forget(phase corev1.PodPhase) {
	switch {
	case phase == corev1.PodSucceeded:
		s.pod.Conditions, s.pod.Unscheduled, s.pod.Instructed = nil, "", 0
	case phase == corev1.PodFailed:
		s.pod.Instructed = 0
	case s.pod.Phase < lifecycle.Succeeded:
		s.pod.Conditions = nil
	}
}

func somePod(r *rand.Rand) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", UID: "u", CreationTimestamp: someTime(r), Labels: map[string]string{v1alpha1.LabelAttempt: fmt.Sprint(r.IntN(3))}}}
	pod.Annotations = map[string]string{v1alpha1.AnnotationInstruction: fmt.Sprintf(`{"attempt":%d}`, r.IntN(3))}
	if r.IntN(4) == 0 {
		at, grace := someTime(r), int64(r.IntN(60))
		pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &at, &grace
	}
	if r.IntN(3) > 0 {
		pod.Spec.NodeName = "node"
	}
	pod.Spec.Containers = []corev1.Container{{Name: "train"}, {Name: "sidecar"}}
	pod.Spec.InitContainers = []corev1.Container{{Name: "launcher"}}
	st := &pod.Status
	st.Phase = one(r, corev1.PodPending, corev1.PodRunning, corev1.PodRunning, corev1.PodSucceeded, corev1.PodFailed)
	st.Reason = one(r, "", "", "Evicted", "NodeLost", "OutOfcpu")
	for _, name := range []string{"sidecar", "train"} {
		if r.IntN(5) > 0 {
			st.ContainerStatuses = append(st.ContainerStatuses, someStatus(r, name))
		}
	}
	if r.IntN(3) > 0 {
		st.InitContainerStatuses = append(st.InitContainerStatuses, someStatus(r, "launcher"))
	}
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodReady, corev1.ContainersReady, corev1.DisruptionTarget, "Custom"} {
		if r.IntN(3) > 0 {
			st.Conditions = append(st.Conditions, corev1.PodCondition{Type: kind, LastTransitionTime: someTime(r),
				Status: one(r, corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown), Message: one(r, "", "0/3 nodes are available")})
		}
	}
	return pod
}

func someStatus(r *rand.Rand, name string) corev1.ContainerStatus {
	out := corev1.ContainerStatus{Name: name, Ready: r.IntN(2) == 0, ContainerID: "containerd://1"}
	switch r.IntN(3) {
	case 0:
		out.State.Running = &corev1.ContainerStateRunning{StartedAt: someTime(r)}
	case 1:
		out.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: int32(r.IntN(3)), FinishedAt: someTime(r),
			Reason: one(r, "Completed", "Error", "Unknown"), Message: one(r, "", "said")}
	default:
		out.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	}
	return out
}

func someTime(r *rand.Rand) metav1.Time {
	if r.IntN(8) == 0 {
		return metav1.Time{}
	}
	return metav1.Time{Time: time.Unix(1_790_000_000+r.Int64N(1000), 0)}
}

func one[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }
