package slim

import (
	"slices"
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// podLabels and podAnnotations are those that are read.
var (
	podLabels      = []string{v1alpha1.LabelJobUID, v1alpha1.LabelSet, v1alpha1.LabelIndex, v1alpha1.LabelAttempt}
	podAnnotations = []string{v1alpha1.AnnotationInstruction}
)

// Pod is a transform for a cache of pods. It keeps who a pod is, what it takes
// of its node, and how it is. A pod that has ended takes nothing.
func Pod(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	out := &corev1.Pod{ObjectMeta: podMeta(&pod.ObjectMeta), Spec: podSpec(pod), Status: podStatus(pod)}
	if !ended(pod) {
		out.Annotations = only(pod.Annotations, podAnnotations)
	}
	return out, nil
}

func podMeta(m *metav1.ObjectMeta) metav1.ObjectMeta {
	out := metav1.ObjectMeta{
		Namespace: shared(m.Namespace), Name: m.Name, UID: m.UID, ResourceVersion: m.ResourceVersion,
		CreationTimestamp: m.CreationTimestamp, DeletionTimestamp: m.DeletionTimestamp,
		DeletionGracePeriodSeconds: m.DeletionGracePeriodSeconds,
		Labels:                     only(m.Labels, podLabels),
	}
	if owner := metav1.GetControllerOfNoCopy(&corev1.Pod{ObjectMeta: *m}); owner != nil {
		out.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: shared(owner.APIVersion), Kind: shared(owner.Kind), Name: shared(owner.Name),
			UID: types.UID(shared(string(owner.UID))), Controller: &yes,
		}}
	}
	return out
}

var yes = true

func podSpec(pod *corev1.Pod) corev1.PodSpec {
	spec := &pod.Spec
	out := corev1.PodSpec{NodeName: shared(spec.NodeName)}
	if ended(pod) {
		if len(spec.Containers) > 0 {
			out.Containers = []corev1.Container{{Name: shared(spec.Containers[0].Name)}}
		}
		return out
	}
	out.Containers, out.InitContainers = containers(spec.Containers), containers(spec.InitContainers)
	out.Overhead, out.Resources, out.HostNetwork = spec.Overhead, spec.Resources, spec.HostNetwork
	return out
}

// Shape is what a place is looked for with: what a pod takes of its node, and
// which nodes it may run on. The rest of the pod is not kept alive by it.
func Shape(spec *corev1.PodSpec) *corev1.PodSpec {
	return &corev1.PodSpec{
		Containers: containers(spec.Containers), InitContainers: containers(spec.InitContainers),
		Overhead: spec.Overhead, Resources: spec.Resources, HostNetwork: spec.HostNetwork,
		NodeSelector: spec.NodeSelector, Affinity: spec.Affinity, Tolerations: spec.Tolerations,
	}
}

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// containers are reduced to what they take of a node: the API server gives
// requests to those that have limits alone.
func containers(in []corev1.Container) []corev1.Container {
	out := make([]corev1.Container, len(in))
	for i := range in {
		c := &in[i]
		out[i] = corev1.Container{
			Name: shared(c.Name), Ports: c.Ports, RestartPolicy: c.RestartPolicy,
			Resources: corev1.ResourceRequirements{Requests: c.Resources.Requests},
		}
	}
	return out
}

func podStatus(pod *corev1.Pod) corev1.PodStatus {
	st := &pod.Status
	out := corev1.PodStatus{
		Phase: corev1.PodPhase(shared(string(st.Phase))), Reason: shared(st.Reason),
		NominatedNodeName: st.NominatedNodeName, PodIP: st.PodIP, PodIPs: st.PodIPs, StartTime: st.StartTime,
		Resize: st.Resize, Resources: st.Resources, AllocatedResources: st.AllocatedResources,
		ContainerStatuses: containerStatuses(st.ContainerStatuses, pod.Spec.Containers),
		Conditions:        conditions(st),
	}
	if st.Phase == corev1.PodSucceeded {
		return out // nobody asks how it came to that
	}
	out.InitContainerStatuses = containerStatuses(st.InitContainerStatuses, pod.Spec.InitContainers)
	return out
}

// conditions are all of a pod's; of one that succeeded the last one to change
// when it ends is enough.
func conditions(st *corev1.PodStatus) []corev1.PodCondition {
	in := st.Conditions
	if st.Phase == corev1.PodSucceeded {
		at := slices.IndexFunc(in, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady })
		in = in[max(at, 0):min(max(at, 0)+1, len(in))]
	}
	out := make([]corev1.PodCondition, len(in))
	for i := range in {
		c := &in[i]
		out[i] = corev1.PodCondition{
			Type: corev1.PodConditionType(shared(string(c.Type))), Status: corev1.ConditionStatus(shared(string(c.Status))),
			LastTransitionTime: c.LastTransitionTime,
		}
	}
	return out
}

// containerStatuses keep how containers are. What one has been given is kept
// where it differs from what it asks for.
func containerStatuses(in []corev1.ContainerStatus, of []corev1.Container) []corev1.ContainerStatus {
	out := make([]corev1.ContainerStatus, len(in))
	for i := range in {
		c := &in[i]
		out[i] = corev1.ContainerStatus{Name: shared(c.Name), Ready: c.Ready, State: c.State}
		if t := c.State.Terminated; t != nil {
			t.ContainerID = ""
		}
		given := c.Resources
		for k := range of {
			if given != nil && of[k].Name == c.Name && equality.Semantic.DeepEqual(of[k].Resources.Requests, given.Requests) {
				given = nil
			}
		}
		if given != nil {
			out[i].Resources, out[i].AllocatedResources = given, c.AllocatedResources
		}
	}
	return out
}

// only are the entries of those keys.
func only(in map[string]string, keys []string) map[string]string {
	var out map[string]string
	for _, key := range keys {
		if value, there := in[key]; there {
			if out == nil {
				out = make(map[string]string, len(keys))
			}
			out[key] = shared(value)
		}
	}
	return out
}

// shared is a string whose memory is that of all equal ones.
func shared(s string) string { return unique.Make(s).Value() }
