package controllers

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"

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

	mu sync.Mutex
	// views are what the reads of some kinds show if they lag, the oldest first.
	views   []map[reflect.Type]map[string]client.Object
	lagging []reflect.Type
}

// lag lets the reads of some kinds, or all, show what there was so many turns ago.
func (r *reads) lag(turns int, kinds ...client.Object) {
	for range turns {
		r.views = append(r.views, r.now())
	}
	for _, kind := range kinds {
		r.lagging = append(r.lagging, reflect.TypeOf(kind))
	}
}

// turn moves reads that lag on.
func (r *reads) turn() {
	if r.views != nil {
		r.views = append(r.views[1:], r.now())
	}
}

// behind says whether there are news that the reads do not show yet.
func (r *reads) behind() bool {
	if r.views == nil {
		return false
	}
	for kind := range everything.kinds {
		if !maps.Equal(r.all(kind), everything.in(kind, r.namespace)) {
			return true
		}
	}
	return false
}

// catchUp shows what there is of a kind now: a client that has written waits for
// its own cache, and a cache sees everything in its order.
func (r *reads) catchUp(kind reflect.Type) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.views {
		r.views[i][kind] = everything.in(kind, r.namespace)
	}
}

func (r *reads) now() map[reflect.Type]map[string]client.Object {
	view := map[reflect.Type]map[string]client.Object{}
	for kind := range everything.kinds {
		view[kind] = everything.in(kind, r.namespace)
	}
	return view
}

// all returns what there is of a kind, by name.
func (r *reads) all(kind reflect.Type) map[string]client.Object {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.views != nil && (r.lagging == nil || slices.Contains(r.lagging, kind)) {
		return r.views[0][kind]
	}
	return everything.in(kind, r.namespace)
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
