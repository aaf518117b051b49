package render

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// Service gives the ranks their names. It has no selector: the job's controller
// writes its EndpointSlices, so that a name leads to the current pod only.
func Service(job *v1alpha1.TrainingJob) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: meta(job, job.Name),
		Spec: corev1.ServiceSpec{
			ClusterIP:                corev1.ClusterIPNone,
			PublishNotReadyAddresses: true,
			Ports: []corev1.ServicePort{{
				Name: portName, Port: launchspec.DefaultPort, Protocol: corev1.ProtocolTCP,
				TargetPort: intstr.FromInt32(launchspec.DefaultPort),
			}},
		},
	}
}
