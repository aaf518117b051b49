package render

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// installerResources are what copying one file takes, given as quotas and limit
// ranges may demand, and never more than the pod as a whole may have. A pod of
// QoS class Guaranteed, whose containers all get exactly what they request,
// stays one: it may hold cores of its own.
func installerResources(spec *corev1.PodSpec) corev1.ResourceRequirements {
	r := corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("10m"),
			corev1.ResourceMemory: resource.MustParse("16Mi"),
		},
		Limits: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("100m"),
			corev1.ResourceMemory: resource.MustParse("64Mi"),
		},
	}
	if spec.Resources != nil {
		lower(r.Limits, spec.Resources.Limits)
	}
	if guaranteed(spec) {
		lower(r.Limits, spec.Containers[0].Resources.Limits)
		r.Requests = r.Limits.DeepCopy()
	}
	lower(r.Requests, r.Limits)
	return r
}

// lower reduces quantities to a ceiling.
func lower(list, ceiling corev1.ResourceList) {
	for name, quantity := range list {
		if most, ok := ceiling[name]; ok && most.Cmp(quantity) < 0 {
			list[name] = most.DeepCopy()
		}
	}
}

// guaranteed tells whether the template asks for the QoS class Guaranteed.
func guaranteed(spec *corev1.PodSpec) bool {
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			if !exact(containers[i].Resources) {
				return false
			}
		}
	}
	return true
}

// exact tells whether requests, which default to the limits, equal them.
func exact(r corev1.ResourceRequirements) bool {
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		limit, limited := r.Limits[name]
		request, requested := r.Requests[name]
		if !limited || limit.IsZero() || requested && request.Cmp(limit) != 0 {
			return false
		}
	}
	return true
}
