package render

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// overrule sets what a template may not decide, so that a pod starts once, where
// the planner put it, under its own name. Admission refuses such templates with
// a word on each; this is for those that never passed it.
func overrule(spec *corev1.PodSpec, job string) {
	overruleName(spec, job)
	overrulePlace(spec)
	overruleRestarts(spec)
	spec.EphemeralContainers = nil
	if spec.AutomountServiceAccountToken == nil {
		spec.AutomountServiceAccountToken = ptr.To(false)
	}
	if spec.HostNetwork && spec.DNSPolicy == "" {
		// The default policy would leave out the cluster's names.
		spec.DNSPolicy = corev1.DNSClusterFirstWithHostNet
	}
}

func overruleName(spec *corev1.PodSpec, job string) {
	spec.Subdomain = job
	spec.HostnameOverride = nil
	spec.SetHostnameAsFQDN = nil
}

// overrulePlace leaves the choice of the node to the planner and its binding to
// the stock scheduler, under one class for all. What the API server derives
// from classes must not be given beside them.
func overrulePlace(spec *corev1.PodSpec) {
	spec.NodeName, spec.SchedulerName = "", ""
	spec.SchedulingGates, spec.SchedulingGroup = nil, nil
	spec.PriorityClassName = v1alpha1.PriorityClassName
	spec.Priority, spec.PreemptionPolicy = nil, nil
	spec.Overhead = nil
	spec.Tolerations = slices.DeleteFunc(spec.Tolerations, func(t corev1.Toleration) bool {
		return strings.HasPrefix(t.Key, v1alpha1.Prefix)
	})
}

// overruleRestarts leaves ends and restarts to Trainyard. A sidecar, an init
// container that restarts always, stays one.
func overruleRestarts(spec *corev1.PodSpec) {
	spec.RestartPolicy = corev1.RestartPolicyNever
	spec.ActiveDeadlineSeconds = nil
	for i := range spec.Containers {
		spec.Containers[i].RestartPolicy = nil
		spec.Containers[i].RestartPolicyRules = nil
	}
	for i := range spec.InitContainers {
		spec.InitContainers[i].RestartPolicyRules = nil
	}
}
