// Package podphase reads the phase of a pod.
package podphase

import corev1 "k8s.io/api/core/v1"

// Ended reports whether a pod will never run again: its containers are gone,
// and what it held of its node is free.
func Ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}
