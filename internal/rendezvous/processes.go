package rendezvous

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// processes is the number of processes that a pod starts: the number that the
// job gives, else what its framework is used to.
func processes(job *v1alpha1.TrainingJob, template *corev1.PodSpec) int32 {
	if job.Spec.Framework == v1alpha1.FrameworkTensorFlow {
		return 1 // a task of TF_CONFIG is one process
	}
	if n := job.Spec.NumProcPerNode; n != nil && n.Type == intstr.Int && n.IntVal > 0 {
		return n.IntVal
	}
	if job.Spec.Framework == v1alpha1.FrameworkJAX {
		return 1 // a process of JAX drives all devices of its host
	}
	return max(devices(template), 1)
}

// devices counts the GPUs of the container that trains, whole ones and MIG
// instances, of any vendor that calls them <domain>/gpu.
func devices(template *corev1.PodSpec) int32 {
	if len(template.Containers) == 0 {
		return 0
	}
	n := int64(0)
	for name, quantity := range template.Containers[0].Resources.Limits {
		if isGPU(string(name)) {
			n += quantity.Value()
		}
	}
	return int32(min(max(n, 0), maxProcesses))
}

// maxProcesses is the largest numProcPerNode that a job may give.
const maxProcesses = 128

func isGPU(resource string) bool {
	domain, kind, _ := strings.Cut(resource, "/")
	return domain != "" && kind == "gpu" || strings.HasPrefix(resource, "nvidia.com/mig-")
}
