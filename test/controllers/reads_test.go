package controllers

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/internal/jobindex"
	"github.com/trainyard/trainyard/internal/slim"
)

// reads answer from the mirror what there is in one namespace, as a cache does.
type reads struct {
	namespace string
	// slim are the transforms of the manager's cache, by kind; nil where
	// objects are to be seen whole.
	slim map[reflect.Type]toolscache.TransformFunc

	mu sync.Mutex
	// views are what the reads of some kinds show if they lag, the oldest first.
	views   []map[reflect.Type]map[string]client.Object
	lagging []reflect.Type
}

// cached are reads of what the manager's cache holds.
func cached(namespace string) *reads {
	held, err := slim.Caches()
	if err != nil {
		panic(err)
	}
	r := &reads{namespace: namespace, slim: map[reflect.Type]toolscache.TransformFunc{}}
	for kind, how := range held {
		r.slim[reflect.TypeOf(kind)] = how.Transform
	}
	return r
}

// copied is a copy of an object, or of what of it is held.
func (r *reads) copied(obj client.Object) client.Object {
	out := obj.DeepCopyObject().(client.Object)
	transform := r.slim[reflect.TypeOf(obj)]
	if transform == nil {
		return out
	}
	held, err := transform(out)
	if err != nil {
		panic(err)
	}
	return held.(client.Object)
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
			items = append(items, r.copied(obj))
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
	reflect.ValueOf(obj).Elem().Set(reflect.ValueOf(r.copied(have)).Elem())
	return nil
}

// indexes are the manager's own, by kind and name.
type indexes map[reflect.Type]map[string]client.IndexerFunc

// IndexField takes note of an index, as a client.FieldIndexer.
func (x indexes) IndexField(_ context.Context, kind client.Object, name string, values client.IndexerFunc) error {
	of := x[reflect.TypeOf(kind)]
	if of == nil {
		of = map[string]client.IndexerFunc{}
		x[reflect.TypeOf(kind)] = of
	}
	of[name] = values
	return nil
}

var ours = func() indexes {
	x := indexes{}
	if err := jobindex.Add(context.Background(), x); err != nil {
		panic(err)
	}
	return x
}()

// indexOf is what an object is found by. No index has several values of one.
func indexOf(obj client.Object) fields.Set {
	set := fields.Set{}
	for name, values := range ours[reflect.TypeOf(obj)] {
		for _, value := range values(obj) {
			set[name] = value
		}
	}
	return set
}
