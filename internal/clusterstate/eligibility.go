package clusterstate

import (
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	schedulinghelper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/trainyard/trainyard/pkg/placement"
)

// Why a node is not eligible for a pod. A taint's class ends with its key, and
// that of a resource that the node does not offer with its name.
const (
	classCordoned  = "a cordon"
	classTaint     = "the untolerated taint "
	classAffinity  = "other labels than the node selector or affinity asks for"
	classResource  = "no "
	classOther     = "another reason"
	classHostPorts = "no free number for another host port: too many different ones are in use by training jobs"
)

// maxClasses bounds the distinct reasons: names in them come from users.
const maxClasses = 1 << 10

// rules are what a pod says about the nodes that it may run on.
type rules struct {
	affinity    nodeaffinity.RequiredNodeAffinity
	tolerations []corev1.Toleration
}

func rulesOf(spec *corev1.PodSpec) rules {
	return rules{
		affinity:    nodeaffinity.NewRequiredNodeAffinity(spec.NodeSelector, spec.Affinity),
		tolerations: spec.Tolerations,
	}
}

// cordon is the taint that stands for spec.unschedulable.
var cordon = corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}

// refusal is the class of reason why the node is not eligible, or empty.
func (r *rules) refusal(node *corev1.Node) string {
	if node.Spec.Unschedulable && !r.tolerates(&cordon) {
		return classCordoned
	}
	for i := range node.Spec.Taints {
		taint := &node.Spec.Taints[i]
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !r.tolerates(taint) {
			return classTaint + taint.Key
		}
	}
	// A selector that cannot be parsed matches nothing, as in the scheduler.
	if match, err := r.affinity.Match(node); err != nil || !match {
		return classAffinity
	}
	return ""
}

// tolerates asks without the operators Lt and Gt, which are not on by default.
func (r *rules) tolerates(taint *corev1.Taint) bool {
	return schedulinghelper.TolerationsTolerateTaint(logr.Discard(), r.tolerations, taint, false)
}

// health is whether a node takes new pods, tolerations aside: it must say that
// it is ready, and not be about to go.
func health(node *corev1.Node) placement.Health {
	if node.DeletionTimestamp != nil {
		return placement.NotReady
	}
	for i := range node.Status.Conditions {
		if c := &node.Status.Conditions[i]; c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			return placement.Healthy
		}
	}
	return placement.NotReady
}
