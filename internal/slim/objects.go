package slim

import (
	corev1 "k8s.io/api/core/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// Node is a transform for a cache of nodes. It drops what a kubelet tells of
// itself: the names of its images alone may take tens of kilobytes.
func Node(obj any) (any, error) {
	node, ok := obj.(*corev1.Node)
	if !ok {
		return obj, nil
	}
	node.ManagedFields, node.Annotations = nil, nil
	st := &node.Status
	st.Capacity, st.Addresses, st.NodeInfo = nil, nil, corev1.NodeSystemInfo{}
	st.Images, st.VolumesInUse, st.VolumesAttached, st.Config = nil, nil, nil, nil
	st.RuntimeHandlers, st.Features = nil, nil
	return node, nil
}

// Service is a transform for a cache of Services that asks only whose they are.
func Service(obj any) (any, error) {
	service, ok := obj.(*corev1.Service)
	if !ok {
		return obj, nil
	}
	service.ManagedFields = nil
	service.Spec, service.Status = corev1.ServiceSpec{}, corev1.ServiceStatus{}
	return service, nil
}

// TrainingJob is a transform for a cache of TrainingJobs. Of one that has ended
// the pods are not created again: what they were made from is dropped.
func TrainingJob(obj any) (any, error) {
	job, ok := obj.(*v1alpha1.TrainingJob)
	if !ok {
		return obj, nil
	}
	job.ManagedFields = nil
	delete(job.Annotations, corev1.LastAppliedConfigAnnotation)
	if !job.Status.Finished() {
		return job, nil
	}
	for i := range job.Spec.ReplicaSpecs {
		template := &job.Spec.ReplicaSpecs[i].Template
		*template = corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: firstOf(template.Spec.Containers), OS: template.Spec.OS}}
	}
	return job, nil
}

// firstOf keeps of the training container who it is, and whether it names its
// command, which decides whether its ranks had a launcher.
func firstOf(containers []corev1.Container) []corev1.Container {
	if len(containers) == 0 {
		return nil
	}
	first := &containers[0]
	return []corev1.Container{{Name: first.Name, Image: first.Image, Command: first.Command[:min(1, len(first.Command))]}}
}
