package main

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

const (
	namespace = "default"
	// label marks a trial's pods, variable its processes.
	label    = "bench"
	variable = "BENCH_TRIAL"
	// container is the name of the training container, program what it runs.
	container = "trainer"
	program   = "/app/train.py"
	// epochs are more than any trial lasts.
	epochs = "--epochs=100000"
	ranks  = 2
)

// contender is a way to run the example's training.
type contender struct {
	name    string
	objects func(example *v1alpha1.TrainingJob, id string) []client.Object
	// rankLabel is the label that holds a pod's rank.
	rankLabel string
}

var trainingJob = &contender{name: "trainingjob", rankLabel: v1alpha1.LabelIndex,
	objects: func(example *v1alpha1.TrainingJob, id string) []client.Object {
		job := example.DeepCopy()
		job.ObjectMeta = metav1.ObjectMeta{Namespace: namespace, Name: id}
		template := &job.Spec.ReplicaSpecs[0].Template
		mark(template, id)
		job.Spec.FailurePolicy.RestartStrategy = v1alpha1.RestartInPlace // as torchrun does
		template.Spec.Containers[0].Command = []string{"python3", program, epochs}
		return []client.Object{job}
	}}

var torchrunJob = &contender{name: "job", rankLabel: batchv1.JobCompletionIndexAnnotation,
	objects: func(example *v1alpha1.TrainingJob, id string) []client.Object {
		template := example.Spec.ReplicaSpecs[0].Template.DeepCopy()
		mark(template, id)
		asJob(template, id)
		meta := metav1.ObjectMeta{Namespace: namespace, Name: id}
		return []client.Object{
			&corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
				ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true, Selector: map[string]string{label: id}}},
			&batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{
				CompletionMode: ptr.To(batchv1.IndexedCompletion), Completions: ptr.To[int32](ranks), Parallelism: ptr.To[int32](ranks),
				BackoffLimit: ptr.To[int32](1000), Template: *template}},
		}
	}}

func mark(template *corev1.PodTemplateSpec, id string) {
	template.Labels = map[string]string{label: id}
	first := &template.Spec.Containers[0]
	first.Name = container
	first.Env = append(first.Env, corev1.EnvVar{Name: variable, Value: id})
}

// asJob lets a pod run torchrun, and leave a node that is lost as soon as a Job
// can.
func asJob(template *corev1.PodTemplateSpec, id string) {
	spec := &template.Spec
	spec.Subdomain, spec.RestartPolicy = id, corev1.RestartPolicyOnFailure
	first := &spec.Containers[0]
	first.Command = []string{"torchrun", "--nnodes=2", "--nproc_per_node=1", "--max_restarts=1000", "--monitor_interval=1",
		"-r", "7:1", "-t", "7:1", "--rdzv_backend=c10d", "--rdzv_id=" + id,
		fmt.Sprintf("--rdzv_endpoint=%[1]s-0.%[1]s.%s.svc.cluster.local:29400", id, namespace), program, epochs}
	first.VolumeMounts = []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}}
	spec.Volumes = []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	for _, key := range []string{corev1.TaintNodeUnreachable, corev1.TaintNodeNotReady} {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists,
			Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](0)})
	}
}
