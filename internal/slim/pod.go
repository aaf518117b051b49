package slim

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/podphase"
)

// podLabels and podAnnotations are those that are read. Whose a pod is says its
// owner.
var (
	podLabels      = []string{v1alpha1.LabelSet, v1alpha1.LabelIndex, v1alpha1.LabelAttempt}
	podAnnotations = []string{v1alpha1.AnnotationInstruction}
)

// Pod is a transform for a cache of pods. It keeps who a pod is, what it takes
// of its node, and how it is. A pod that has ended takes nothing.
func Pod(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	out := &corev1.Pod{ObjectMeta: podMeta(&pod.ObjectMeta)}
	if end := success(pod); end != nil {
		out.Spec.NodeName = shared(pod.Spec.NodeName)
		out.Status = corev1.PodStatus{Phase: corev1.PodSucceeded, Reason: shared(pod.Status.Reason)}
		out.Status.ContainerStatuses = containerStatuses([]corev1.ContainerStatus{*end}, nil)
		return out, nil
	}
	out.Spec, out.Status = podSpec(pod), podStatus(pod)
	if !podphase.Ended(pod) {
		out.Annotations = only(pod.Annotations, podAnnotations)
	}
	return out, nil
}

func podMeta(m *metav1.ObjectMeta) metav1.ObjectMeta {
	out := metav1.ObjectMeta{
		Namespace: shared(m.Namespace), Name: m.Name, UID: m.UID, ResourceVersion: m.ResourceVersion,
		CreationTimestamp: m.CreationTimestamp, DeletionTimestamp: m.DeletionTimestamp,
		DeletionGracePeriodSeconds: m.DeletionGracePeriodSeconds,
		Labels:                     sharedLabels(m.Labels, podLabels),
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
	if podphase.Ended(pod) {
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

// containers are reduced to what they take of a node: the API server gives
// requests to those that have limits alone.
func containers(in []corev1.Container) []corev1.Container {
	out := make([]corev1.Container, len(in))
	for i := range in {
		c := &in[i]
		out[i] = corev1.Container{
			Name: shared(c.Name), Ports: c.Ports, RestartPolicy: c.RestartPolicy,
			Resources: corev1.ResourceRequirements{Requests: sharedList(c.Resources.Requests)},
		}
	}
	return out
}

func podStatus(pod *corev1.Pod) corev1.PodStatus {
	st := &pod.Status
	return corev1.PodStatus{
		Phase: corev1.PodPhase(shared(string(st.Phase))), Reason: shared(st.Reason),
		NominatedNodeName: st.NominatedNodeName, PodIP: st.PodIP, PodIPs: st.PodIPs,
		Resize: st.Resize, Resources: st.Resources, AllocatedResources: st.AllocatedResources,
		InitContainerStatuses: containerStatuses(st.InitContainerStatuses, pod.Spec.InitContainers),
		ContainerStatuses:     containerStatuses(st.ContainerStatuses, pod.Spec.Containers),
		Conditions:            conditions(pod),
	}
}

// success is how the training container of a pod that succeeded ended: nobody
// asks for more. It is nil if the pod did not succeed, or does not say when.
func success(pod *corev1.Pod) *corev1.ContainerStatus {
	if pod.Status.Phase != corev1.PodSucceeded {
		return nil
	}
	for i := range pod.Status.ContainerStatuses {
		c := &pod.Status.ContainerStatuses[i]
		training := len(pod.Spec.Containers) == 0 || c.Name == pod.Spec.Containers[0].Name
		if training && c.State.Terminated != nil && !c.State.Terminated.FinishedAt.IsZero() {
			return c
		}
	}
	return nil
}

// usual are the conditions that are true of every pod that runs.
var usual = []corev1.PodConditionType{
	corev1.PodScheduled, corev1.PodInitialized, corev1.PodReadyToStartContainers, corev1.ContainersReady, corev1.PodReady,
}

// conditions are all of a pod's. As long as none of its containers has ended,
// those that are as usual are left out: where it is and how its containers are
// says the same.
func conditions(pod *corev1.Pod) []corev1.PodCondition {
	st := &pod.Status
	going := !podphase.Ended(pod) &&
		!slices.ContainsFunc(st.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.State.Terminated != nil })
	var out []corev1.PodCondition
	for i := range st.Conditions {
		c := &st.Conditions[i]
		if going && c.Status == corev1.ConditionTrue && slices.Contains(usual, c.Type) {
			continue
		}
		out = append(out, corev1.PodCondition{
			Type: corev1.PodConditionType(shared(string(c.Type))), Status: corev1.ConditionStatus(shared(string(c.Status))),
			LastTransitionTime: c.LastTransitionTime, Message: unscheduled(c),
		})
	}
	return slices.Clip(out)
}

// unscheduled is the scheduler's word on why a pod has no node yet.
func unscheduled(c *corev1.PodCondition) string {
	if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
		return c.Message
	}
	return ""
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
