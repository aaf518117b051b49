package render

import (
	"maps"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// PodName is the name of the pod of a replica in an attempt.
func PodName(job, set string, index, attempt int32) string {
	return job + "-" + set + "-" + decimal(index) + "-" + decimal(attempt)
}

func decimal(n int32) string { return strconv.Itoa(int(n)) }

// ownerLabels are the labels that every object of a job carries.
func ownerLabels(job *v1alpha1.TrainingJob) map[string]string {
	return map[string]string{
		v1alpha1.LabelJobName: job.Name,
		v1alpha1.LabelJobUID:  string(job.UID),
	}
}

// owner makes the job the controller of an object, so that the object goes
// when the job does.
func owner(job *v1alpha1.TrainingJob) []metav1.OwnerReference {
	return []metav1.OwnerReference{*metav1.NewControllerRef(job, v1alpha1.GroupVersion.WithKind("TrainingJob"))}
}

// meta is the metadata of what a job has one of.
func meta(job *v1alpha1.TrainingJob, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: job.Namespace, Labels: ownerLabels(job), OwnerReferences: owner(job),
	}
}

// podLabels are the template's labels but for those that are ours to give.
func podLabels(job *v1alpha1.TrainingJob, set string, template map[string]string) map[string]string {
	labels := withoutOurs(template)
	maps.Copy(labels, ownerLabels(job))
	labels[v1alpha1.LabelSet] = set
	return labels
}

func withoutOurs(m map[string]string) map[string]string {
	out := make(map[string]string, len(m)+5)
	for k, v := range m {
		if !strings.HasPrefix(k, v1alpha1.Prefix) {
			out[k] = v
		}
	}
	return out
}

// LauncherPort is the port on which the pod's launcher serves; ok is false for
// a pod without one.
func LauncherPort(pod *corev1.Pod) (port int32, ok bool) {
	if len(pod.Spec.Containers) == 0 {
		return 0, false
	}
	for _, p := range pod.Spec.Containers[0].Ports {
		if p.Name == portName {
			return p.ContainerPort, true
		}
	}
	return 0, false
}
