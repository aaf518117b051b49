package render

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// installerResources are what copying one file takes, given as quotas and limit
// ranges may demand. A pod whose containers all get exactly what they request
// has the QoS class Guaranteed, with cores of its own: it keeps it.
func installerResources(spec *corev1.PodSpec) corev1.ResourceRequirements {
	limits := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("500m"),
		corev1.ResourceMemory: resource.MustParse("64Mi"),
	}
	if !guaranteed(spec) {
		return corev1.ResourceRequirements{
			Requests: corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("10m"),
				corev1.ResourceMemory: resource.MustParse("16Mi"),
			},
			Limits: limits,
		}
	}
	for name, most := range spec.Containers[0].Resources.Limits {
		if limit, ok := limits[name]; ok && most.Cmp(limit) < 0 {
			limits[name] = most.DeepCopy()
		}
	}
	return corev1.ResourceRequirements{Requests: limits.DeepCopy(), Limits: limits}
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
