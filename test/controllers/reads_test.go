package controllers

import (
	"context"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/internal/podindex"
)

// reads answer from the mirror what there is in one namespace, as a cache does.
type reads struct {
	namespace string
	// stale is what the reads show if they lag; nil: they do not.
	stale map[reflect.Type]map[string]client.Object
}

// refresh lets reads that lag show what there is now.
func (r *reads) refresh() {
	r.stale = map[reflect.Type]map[string]client.Object{}
	for kind := range everything.kinds {
		r.stale[kind] = everything.in(kind, r.namespaceOf(kind))
	}
}

// namespaceOf is where the objects of a kind are.
func (r *reads) namespaceOf(kind reflect.Type) string {
	obj := reflect.New(kind.Elem()).Interface().(client.Object)
	if namespaced, err := admin.IsObjectNamespaced(obj); err != nil || !namespaced {
		return ""
	}
	return r.namespace
}

// all returns what there is of a kind, by name.
func (r *reads) all(kind reflect.Type) map[string]client.Object {
	if r.stale != nil {
		return r.stale[kind]
	}
	return everything.in(kind, r.namespaceOf(kind))
}

// List lists as a cache does, with our indexes.
func (r *reads) List(_ context.Context, _ client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
	o := (&client.ListOptions{}).ApplyOptions(opts)
	all := r.all(kindOfList(list))
	var items []runtime.Object
	for _, name := range sorted(all) {
		obj := all[name]
		if (o.LabelSelector == nil || o.LabelSelector.Matches(labels.Set(obj.GetLabels()))) &&
			(o.FieldSelector == nil || o.FieldSelector.Matches(indexOf(obj))) {
			items = append(items, obj.DeepCopyObject())
		}
	}
	return meta.SetList(list, items)
}

// kindOfList is the type of a list's items.
func kindOfList(list client.ObjectList) reflect.Type {
	field, _ := reflect.TypeOf(list).Elem().FieldByName("Items")
	return reflect.PointerTo(field.Type.Elem())
}

// Get reads one object.
func (r *reads) Get(_ context.Context, _ client.WithWatch, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	have := r.all(reflect.TypeOf(obj))[key.Name]
	if have == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: kindOf(obj)}, key.Name)
	}
	reflect.ValueOf(obj).Elem().Set(reflect.ValueOf(have.DeepCopyObject()).Elem())
	return nil
}

func indexOf(obj client.Object) fields.Set {
	set := fields.Set{}
	if pod, ok := obj.(*corev1.Pod); ok {
		set[podindex.ByNode] = pod.Spec.NodeName
	}
	if owner := podindex.Job(obj); owner != nil {
		set[podindex.ByJob] = string(owner.UID)
	}
	return set
}
