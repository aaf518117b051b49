// Package jobindex names the indexes of the manager's cache, so that what
// belongs to one job, or runs on one node, is found without looking at all else.
package jobindex

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/podphase"
)

// The indexes.
const (
	// ByJob finds pods and EndpointSlices by the UID of the TrainingJob that
	// controls them.
	ByJob = "trainyard.dev/job"
	// ByNode finds the pods of TrainingJobs by the node that they are bound to,
	// until they end.
	ByNode = "trainyard.dev/node"
)

// Add registers the indexes; call it before the cache starts.
func Add(ctx context.Context, indexer client.FieldIndexer) error {
	for _, kind := range []client.Object{&corev1.Pod{}, &discoveryv1.EndpointSlice{}} {
		if err := indexer.IndexField(ctx, kind, ByJob, jobOf); err != nil {
			return fmt.Errorf("indexing %T by job: %w", kind, err)
		}
	}
	if err := indexer.IndexField(ctx, &corev1.Pod{}, ByNode, nodeOf); err != nil {
		return fmt.Errorf("indexing pods by node: %w", err)
	}
	return nil
}

func jobOf(obj client.Object) []string {
	owner := Job(obj)
	if owner == nil {
		return nil
	}
	return []string{string(owner.UID)}
}

func nodeOf(obj client.Object) []string {
	pod, ok := obj.(*corev1.Pod)
	if !ok || pod.Spec.NodeName == "" || podphase.Ended(pod) || Job(obj) == nil {
		return nil
	}
	return []string{pod.Spec.NodeName}
}

// Job returns the reference to the TrainingJob that controls an object; nil if
// none does.
func Job(obj client.Object) *metav1.OwnerReference {
	owner := metav1.GetControllerOfNoCopy(obj)
	if owner == nil || owner.Kind != "TrainingJob" || owner.APIVersion != v1alpha1.GroupVersion.String() {
		return nil
	}
	return owner
}
