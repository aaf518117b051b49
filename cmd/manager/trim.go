package main

import (
	corev1 "k8s.io/api/core/v1"
)

// trimPod drops what no controller reads of a pod: a manager that watches every
// pod of a large cluster must not hold every volume and every variable.
func trimPod(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	pod.ManagedFields = nil
	pod.Spec.Volumes = nil
	for i := range pod.Spec.InitContainers {
		trimContainer(&pod.Spec.InitContainers[i])
	}
	for i := range pod.Spec.Containers {
		trimContainer(&pod.Spec.Containers[i])
	}
	for key := range pod.Annotations {
		if len(pod.Annotations[key]) > 1024 {
			delete(pod.Annotations, key)
		}
	}
	return pod, nil
}

func trimContainer(c *corev1.Container) {
	c.Env, c.EnvFrom, c.Command, c.Args, c.VolumeMounts = nil, nil, nil, nil, nil
	c.LivenessProbe, c.ReadinessProbe, c.StartupProbe, c.Lifecycle, c.SecurityContext = nil, nil, nil, nil, nil
}
