package render

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// The defaults of the API, for objects that did not pass through it.
const (
	defaultAttributionSeconds int32 = 60
	defaultOrphanSeconds      int32 = 300
	defaultGraceSeconds       int64 = corev1.DefaultTerminationGracePeriodSeconds
)

// placingSeconds is how long a launcher waits for its new attempt after the
// cause of the failure is settled.
const placingSeconds = 120

// holdSeconds is how long a launcher outlives its failed child, so that a
// restart can start it again in place; 0 where no restart would.
func holdSeconds(policy *v1alpha1.FailurePolicy) int32 {
	if policy == nil || !restartsInPlace(policy) {
		return 0
	}
	return ptr.Deref(policy.AttributionWindowSeconds, defaultAttributionSeconds) + placingSeconds
}

func restartsInPlace(policy *v1alpha1.FailurePolicy) bool {
	switch policy.RestartStrategy {
	case v1alpha1.RestartInPlace, v1alpha1.RestartReplaceFailed:
		return true
	}
	for _, rule := range policy.Rules {
		if rule.Action == v1alpha1.ActionReplacePod {
			return true
		}
	}
	return false
}

func orphanSeconds(policy *v1alpha1.FailurePolicy) int32 {
	if policy == nil {
		return defaultOrphanSeconds
	}
	return ptr.Deref(policy.OrphanSeconds, defaultOrphanSeconds)
}

func graceSeconds(spec *corev1.PodSpec) int64 {
	return ptr.Deref(spec.TerminationGracePeriodSeconds, defaultGraceSeconds)
}

// terminationPath is where the container leaves its last message, if that is
// not where the launcher expects it.
func terminationPath(c *corev1.Container) string {
	if c.TerminationMessagePath == corev1.TerminationMessagePathDefault {
		return ""
	}
	return c.TerminationMessagePath
}
