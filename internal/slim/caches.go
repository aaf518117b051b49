package slim

import (
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// Caches say, by kind, which objects the manager's cache holds, and what of
// them. Of a kind that is not named it holds all but the managed fields.
func Caches() (map[client.Object]cache.ByObject, error) {
	ofJobs, err := labels.NewRequirement(v1alpha1.LabelJobUID, selection.Exists, nil)
	if err != nil {
		return nil, fmt.Errorf("selecting the objects of TrainingJobs: %w", err)
	}
	ours := labels.NewSelector().Add(*ofJobs)
	return map[client.Object]cache.ByObject{
		&corev1.Pod{}:                {Transform: Pod},
		&corev1.Node{}:               {Transform: Node},
		&v1alpha1.TrainingJob{}:      {Transform: TrainingJob},
		&corev1.Service{}:            {Transform: Service, Label: ours},
		&discoveryv1.EndpointSlice{}: {Label: ours},
		&coordinationv1.Lease{}:      {Namespaces: map[string]cache.Config{corev1.NamespaceNodeLease: {}}},
	}, nil
}
