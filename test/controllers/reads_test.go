package controllers

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/podindex"
)

// reads answer from memory until anybody writes, and then ask the server again:
// a cache that never lags.
type reads struct {
	namespace string

	mu    sync.Mutex
	known map[string]client.ObjectList
}

// forget is called after every write.
func (r *reads) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = map[string]client.ObjectList{}
}

// List lists as a cache does, with our indexes.
func (r *reads) List(ctx context.Context, inner client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
	o := (&client.ListOptions{}).ApplyOptions(opts)
	if err := r.all(ctx, inner, list); err != nil {
		return err
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return err
	}
	items = slices.DeleteFunc(items, func(item runtime.Object) bool {
		obj := item.(client.Object)
		return (o.LabelSelector != nil && !o.LabelSelector.Matches(labelsOf(obj))) ||
			(o.FieldSelector != nil && !o.FieldSelector.Matches(indexOf(obj)))
	})
	return meta.SetList(list, items)
}

// all fills a list with everything there is in the namespace.
func (r *reads) all(ctx context.Context, inner client.WithWatch, list client.ObjectList) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	kind := fmt.Sprintf("%T", list)
	if r.known[kind] == nil {
		fresh := reflect.New(reflect.TypeOf(list).Elem()).Interface().(client.ObjectList)
		if err := inner.List(ctx, fresh, client.InNamespace(r.namespace)); err != nil {
			return err
		}
		r.known[kind] = fresh
	}
	reflect.ValueOf(list).Elem().Set(reflect.ValueOf(r.known[kind].DeepCopyObject()).Elem())
	return nil
}

// Get reads one object.
func (r *reads) Get(ctx context.Context, inner client.WithWatch, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	var list client.ObjectList
	switch obj.(type) {
	case *v1alpha1.TrainingJob:
		list = &v1alpha1.TrainingJobList{}
	case *corev1.Service:
		list = &corev1.ServiceList{}
	default:
		return inner.Get(ctx, key, obj)
	}
	if err := r.all(ctx, inner, list); err != nil {
		return err
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return err
	}
	for _, item := range items {
		if item.(client.Object).GetName() == key.Name {
			reflect.ValueOf(obj).Elem().Set(reflect.ValueOf(item).Elem())
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: kindOf(obj)}, key.Name)
}

type labelSet map[string]string

func (l labelSet) Has(key string) bool              { _, ok := l[key]; return ok }
func (l labelSet) Get(key string) string            { return l[key] }
func (l labelSet) Lookup(key string) (string, bool) { v, ok := l[key]; return v, ok }
func labelsOf(obj client.Object) labelSet           { return obj.GetLabels() }

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
