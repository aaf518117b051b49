package render

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// overrule sets what a template may not decide, so that whatever admission let
// through, a pod starts once, where the planner put it, under its own name.
func overrule(spec *corev1.PodSpec, job string) {
	spec.RestartPolicy = corev1.RestartPolicyNever
	spec.NodeName = ""
	spec.Subdomain = job
	spec.HostnameOverride = nil
	spec.EphemeralContainers = nil
	overrulePriority(spec)
	for i := range spec.Containers {
		spec.Containers[i].RestartPolicy = nil
		spec.Containers[i].RestartPolicyRules = nil
	}
	for i := range spec.InitContainers {
		spec.InitContainers[i].RestartPolicyRules = nil
	}
	spec.Tolerations = slices.DeleteFunc(spec.Tolerations, func(t corev1.Toleration) bool {
		return strings.HasPrefix(t.Key, v1alpha1.Prefix)
	})
	if spec.AutomountServiceAccountToken == nil {
		spec.AutomountServiceAccountToken = ptr.To(false)
	}
	if spec.HostNetwork && spec.DNSPolicy == "" {
		// The default policy would leave out the cluster's names.
		spec.DNSPolicy = corev1.DNSClusterFirstWithHostNet
	}
}

// overrulePriority puts every pod under one class. What the API server derives
// from the class must not be given beside it.
func overrulePriority(spec *corev1.PodSpec) {
	spec.PriorityClassName = v1alpha1.PriorityClassName
	spec.Priority = nil
	spec.PreemptionPolicy = nil
}
