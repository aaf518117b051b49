package slim

import (
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	resourcehelper "k8s.io/component-helpers/resource"
	"k8s.io/utils/ptr"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/jobindex"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
)

// rankPod is a rank's pod as the API server sends it once it runs.
func rankPod(tb testing.TB) *corev1.Pod {
	tb.Helper()
	job := &v1alpha1.TrainingJob{ObjectMeta: metav1.ObjectMeta{Namespace: "team-vision", Name: "resnet-50-baseline", UID: "0d4e6f5e-8f9c-4b0f-9c57-5e3f0f7b9a11"}}
	job.Spec.Framework = v1alpha1.FrameworkPyTorch
	job.Spec.ReplicaSpecs = []v1alpha1.ReplicaSpec{{Name: "worker", Replicas: 8, Template: corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"team": "vision", "app.kubernetes.io/name": "resnet"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "train", Image: "registry.example/vision/train:2026.11", Command: []string{"python", "train.py"},
			Env: []corev1.EnvVar{{Name: "NCCL_DEBUG", Value: "INFO"}},
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("64Gi")},
				Limits:   corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")},
			},
		}}},
	}}}
	pods, err := render.New(job, render.Options{LauncherImage: "registry.example/trainyard-launcher:v1"})
	if err != nil {
		tb.Fatal(err)
	}
	pod, err := pods.Pod(0, 3, ranks.Slot{Node: "gpu-node-0123", Attempt: 1})
	if err != nil {
		tb.Fatal(err)
	}
	pod.UID, pod.ResourceVersion, pod.CreationTimestamp = "1d4e6f5e-8f9c-4b0f-9c57-5e3f0f7b9a12", "123456789", metav1.Now()
	pod.Spec.NodeName, pod.Spec.ServiceAccountName, pod.Spec.SchedulerName = "gpu-node-0123", "default", "default-scheduler"
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, "nvidia.com/gpu"} {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{
			Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](300)})
	}
	pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, HostIP: "10.0.0.17", PodIP: "10.128.3.44", QOSClass: corev1.PodQOSBurstable,
		HostIPs: []corev1.HostIP{{IP: "10.0.0.17"}}, PodIPs: []corev1.PodIP{{IP: "10.128.3.44"}}, StartTime: ptr.To(metav1.Now())}
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()})
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", FinishedAt: metav1.Now(), ContainerID: "containerd://0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{containerStatus("train", running)}
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{containerStatus("trainyard-launcher", ended)}
	return pod
}

func containerStatus(name string, state corev1.ContainerState) corev1.ContainerStatus {
	const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	return corev1.ContainerStatus{Name: name, State: state, Ready: true, Started: ptr.To(true),
		Image: "registry.example/vision/train:2026.11", ImageID: "registry.example/vision/train@sha256:" + digest, ContainerID: "containerd://" + digest}
}

// decoded is the pod with memory of its own, as it comes off the wire.
func decoded(tb testing.TB, raw []byte) *corev1.Pod {
	tb.Helper()
	pod := &corev1.Pod{}
	if err := pod.Unmarshal(raw); err != nil {
		tb.Fatal(err)
	}
	return pod
}

// What the controllers read of a pod is the same before and after.
func TestPodKeepsWhatIsRead(t *testing.T) {
	whole := rankPod(t)
	pod := transformed[*corev1.Pod](t, Pod, rankPod(t))
	if jobindex.Job(pod) == nil || jobindex.Job(pod).UID != jobindex.Job(whole).UID {
		t.Errorf("its owner is %v", jobindex.Job(pod))
	}
	if diff := cmp.Diff(requests(whole), requests(pod)); diff != "" {
		t.Errorf("what it takes of its node (-whole +slim):\n%s", diff)
	}
	port, launched := render.LauncherPort(whole)
	if got, ok := render.LauncherPort(pod); got != port || ok != launched {
		t.Errorf("its launcher listens on %d (%t), not %d (%t)", got, ok, port, launched)
	}
	for _, key := range podLabels {
		if pod.Labels[key] != whole.Labels[key] || whole.Labels[key] == "" {
			t.Errorf("label %s is %q, was %q", key, pod.Labels[key], whole.Labels[key])
		}
	}
	if got, want := pod.Annotations[v1alpha1.AnnotationInstruction], whole.Annotations[v1alpha1.AnnotationInstruction]; got != want || want == "" {
		t.Errorf("its instruction is %q, was %q", got, want)
	}
	if pod.Spec.NodeName != whole.Spec.NodeName || pod.Status.PodIP != whole.Status.PodIP || len(pod.Status.PodIPs) != 1 {
		t.Errorf("where it is: %+v", pod.Status)
	}
	if !pod.Status.ContainerStatuses[0].Ready || pod.Status.ContainerStatuses[0].State.Running == nil {
		t.Errorf("how it is: %+v", pod.Status)
	}
}

// A container that was resized takes what it was given, if that is more.
func TestPodKeepsAResize(t *testing.T) {
	more := func() *corev1.Pod {
		pod := rankPod(t)
		pod.Status.ContainerStatuses[0].Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("32")}}
		return pod
	}
	if diff := cmp.Diff(requests(more()), requests(transformed[*corev1.Pod](t, Pod, more()))); diff != "" {
		t.Errorf("(-whole +slim):\n%s", diff)
	}
}

func TestShapeKeepsWhereItMayRun(t *testing.T) {
	pod := rankPod(t)
	pod.Spec.NodeSelector = map[string]string{"gpu": "h100"}
	shape := Shape(&pod.Spec)
	if diff := cmp.Diff(requests(pod), requests(&corev1.Pod{Spec: *shape})); diff != "" {
		t.Errorf("what it takes (-pod +shape):\n%s", diff)
	}
	if shape.Affinity == nil || len(shape.Tolerations) != len(pod.Spec.Tolerations) || shape.NodeSelector["gpu"] != "h100" {
		t.Errorf("where it may run: %+v", shape)
	}
}

func requests(pod *corev1.Pod) corev1.ResourceList {
	return resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{UseStatusResources: true})
}

// BenchmarkCachedPod reports what a pod takes in the manager's cache.
func BenchmarkCachedPod(b *testing.B) {
	pod := rankPod(b)
	over := rankPod(b)
	over.Status.Phase = corev1.PodSucceeded
	over.Status.ContainerStatuses[0].State = over.Status.InitContainerStatuses[0].State
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		trim func(any) (any, error)
	}{
		"whole":   {pod, func(obj any) (any, error) { return obj, nil }},
		"running": {pod, Pod},
		"ended":   {over, Pod},
	} {
		b.Run(name, func(b *testing.B) {
			raw, err := c.pod.Marshal()
			if err != nil {
				b.Fatal(err)
			}
			cache := make([]any, b.N)
			before := heap()
			for i := range cache {
				if cache[i], err = c.trim(decoded(b, raw)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(heap()-before)/float64(b.N), "B/pod")
			runtime.KeepAlive(cache)
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
