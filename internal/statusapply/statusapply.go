// Package statusapply writes the part of an object's status that one writer
// owns, by server-side apply. Several writers share a status this way without
// overwriting each other: each applies its own fields under its own name, and
// what it leaves out is no longer its own.
package statusapply

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// patch is the apply configuration of an object's status. It stands in for a
// generated one per kind: the status' own JSON tags already say what is absent.
type patch struct {
	metav1ac.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1ac.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`

	Status any `json:"status"`
}

// IsApplyConfiguration marks the type as one.
func (*patch) IsApplyConfiguration() {}

// WriteIfUnchanged applies status, which holds the fields of owner and nothing
// else, to an object's status. It takes fields over from other owners, and fails
// with a conflict if the object is no longer of the resource version that was
// read.
func WriteIfUnchanged(ctx context.Context, c client.Client, gvk schema.GroupVersionKind, obj client.Object, owner string, status any) error {
	p := newPatch(gvk, obj, status)
	if err := c.Status().Apply(ctx, p, client.FieldOwner(owner), client.ForceOwnership); err != nil {
		return fmt.Errorf("applying the status of %s %s/%s as %s: %w", gvk.Kind, obj.GetNamespace(), obj.GetName(), owner, err)
	}
	return nil
}

func newPatch(gvk schema.GroupVersionKind, obj client.Object, status any) *patch {
	apiVersion, kind := gvk.ToAPIVersionAndKind()
	return &patch{
		TypeMetaApplyConfiguration: *metav1ac.TypeMeta().WithAPIVersion(apiVersion).WithKind(kind),
		ObjectMetaApplyConfiguration: metav1ac.ObjectMeta().WithName(obj.GetName()).WithNamespace(obj.GetNamespace()).
			WithUID(obj.GetUID()).WithResourceVersion(obj.GetResourceVersion()),
		Status: status,
	}
}
