package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// mirror follows what the API server holds, for all worlds at once. A client
// that writes through it returns when the mirror shows what was written: reads
// cost nothing, and are never older than the last write.
type mirror struct {
	mu      sync.Mutex
	changed *sync.Cond
	kinds   map[reflect.Type]*followed // by the type of an object
}

// followed is all there is of one kind.
type followed struct {
	list    client.ObjectList
	version uint64
	objects map[string]map[string]client.Object // by namespace and name
}

// follow starts to follow every kind that the manager reads.
func follow(ctx context.Context, c client.WithWatch) (*mirror, error) {
	m := &mirror{kinds: map[reflect.Type]*followed{}}
	m.changed = sync.NewCond(&m.mu)
	for obj, list := range map[client.Object]client.ObjectList{
		&v1alpha1.TrainingJob{}:       &v1alpha1.TrainingJobList{},
		&corev1.Pod{}:                 &corev1.PodList{},
		&corev1.Service{}:             &corev1.ServiceList{},
		&discoveryv1.EndpointSlice{}:  &discoveryv1.EndpointSliceList{},
		&schedulingv1.PriorityClass{}: &schedulingv1.PriorityClassList{},
	} {
		if err := c.List(ctx, list); err != nil {
			return nil, fmt.Errorf("list %T: %w", obj, err)
		}
		f := &followed{list: list, version: revision(list.GetResourceVersion()), objects: map[string]map[string]client.Object{}}
		if err := meta.EachListItem(list, func(item runtime.Object) error { f.put(item.(client.Object)); return nil }); err != nil {
			return nil, err
		}
		m.kinds[reflect.TypeOf(obj)] = f
		// The server drops a watch whose reader is too slow: it is taken up again.
		changes, err := watchtools.NewRetryWatcherWithContext(ctx, list.GetResourceVersion(), &toolscache.ListWatch{
			WatchFuncWithContext: func(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
				return c.Watch(ctx, list.DeepCopyObject().(client.ObjectList), &client.ListOptions{Raw: &opts})
			},
		})
		if err != nil {
			return nil, fmt.Errorf("watch %T: %w", obj, err)
		}
		go m.run(ctx, f, changes)
	}
	return m, nil
}

func revision(version string) uint64 {
	n, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (m *mirror) run(ctx context.Context, f *followed, changes watch.Interface) {
	for change := range changes.ResultChan() {
		obj, ok := change.Object.(client.Object)
		if ctx.Err() != nil {
			return
		}
		if !ok {
			panic(fmt.Sprintf("the watch of %T has broken: %v", f.list, change.Object))
		}
		m.mu.Lock()
		if change.Type == watch.Deleted {
			delete(f.objects[obj.GetNamespace()], obj.GetName())
		} else {
			f.put(obj)
		}
		f.version = revision(obj.GetResourceVersion())
		m.mu.Unlock()
		m.changed.Broadcast()
	}
	if ctx.Err() == nil {
		panic(fmt.Sprintf("the watch of %T has ended", f.list))
	}
}

func (f *followed) put(obj client.Object) {
	in := f.objects[obj.GetNamespace()]
	if in == nil {
		in = map[string]client.Object{}
		f.objects[obj.GetNamespace()] = in
	}
	in[obj.GetName()] = obj
}

// in returns everything of a kind in a namespace, and what is in none. What it
// returns is shared.
func (m *mirror) in(kind reflect.Type, namespace string) map[string]client.Object {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := maps.Clone(m.kinds[kind].objects[""])
	if all == nil {
		all = map[string]client.Object{}
	}
	maps.Copy(all, m.kinds[kind].objects[namespace])
	return all
}

// await waits until a kind is as wanted.
func (m *mirror) await(kind reflect.Type, wanted func(*followed) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for f := m.kinds[kind]; f != nil && !wanted(f); {
		m.changed.Wait()
	}
}

// reached waits until a version of a kind is seen.
func (m *mirror) reached(kind reflect.Type, version string) {
	if version != "" {
		m.await(kind, func(f *followed) bool { return f.version >= revision(version) })
	}
}

// leaving waits until everything that matches is gone or about to go.
func (m *mirror) leaving(obj client.Object, namespace string, matches func(client.Object) bool) {
	m.await(reflect.TypeOf(obj), func(f *followed) bool {
		for _, o := range f.objects[namespace] {
			if o.GetDeletionTimestamp() == nil && matches(o) {
				return false
			}
		}
		return true
	})
}

// through is a client whose writes are seen in the mirror when they return.
func (m *mirror) through(c client.WithWatch) client.WithWatch {
	wrote := func(obj client.Object, err error) error {
		if err == nil {
			m.reached(reflect.TypeOf(obj), obj.GetResourceVersion())
		}
		return err
	}
	applied := func(obj runtime.ApplyConfiguration, err error) error {
		if err == nil {
			kind, version := identify(obj)
			m.reached(kind, version)
		}
		return err
	}
	return interceptor.NewClient(c, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			err := c.Create(ctx, obj, opts...)
			if len((&client.CreateOptions{}).ApplyOptions(opts).DryRun) > 0 {
				return err
			}
			return wrote(obj, err)
		},
		Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
			return wrote(obj, c.Update(ctx, obj, opts...))
		},
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return wrote(obj, c.Patch(ctx, obj, patch, opts...))
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, obj client.Object, opts ...client.SubResourceUpdateOption) error {
			return wrote(obj, c.SubResource(sub).Update(ctx, obj, opts...))
		},
		SubResourceCreate: func(ctx context.Context, c client.Client, sub string, obj, body client.Object, opts ...client.SubResourceCreateOption) error {
			if err := c.SubResource(sub).Create(ctx, obj, body, opts...); err != nil {
				return err
			}
			if sub == "binding" {
				m.await(reflect.TypeOf(obj), func(f *followed) bool {
					pod, _ := f.objects[obj.GetNamespace()][obj.GetName()].(*corev1.Pod)
					return pod == nil || pod.UID != obj.GetUID() || pod.Spec.NodeName != ""
				})
			}
			return nil
		},
		Apply: func(ctx context.Context, c client.WithWatch, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			return applied(obj, c.Apply(ctx, obj, opts...))
		},
		SubResourceApply: func(ctx context.Context, c client.Client, sub string, obj runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			return applied(obj, c.SubResource(sub).Apply(ctx, obj, opts...))
		},
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			err := c.Delete(ctx, obj, opts...)
			if err != nil {
				return err
			}
			o := (&client.DeleteOptions{}).ApplyOptions(opts)
			atOnce := o.GracePeriodSeconds != nil && *o.GracePeriodSeconds == 0
			m.await(reflect.TypeOf(obj), func(f *followed) bool {
				have := f.objects[obj.GetNamespace()][obj.GetName()]
				return have == nil || (obj.GetUID() != "" && have.GetUID() != obj.GetUID()) || (!atOnce && have.GetDeletionTimestamp() != nil)
			})
			return nil
		},
		DeleteAllOf: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteAllOfOption) error {
			err := c.DeleteAllOf(ctx, obj, opts...)
			if err == nil {
				o := (&client.DeleteAllOfOptions{}).ApplyOptions(opts)
				m.leaving(obj, o.Namespace, func(have client.Object) bool { return o.LabelSelector.Matches(labels.Set(have.GetLabels())) })
			}
			return err
		},
	})
}

// identify tells what was applied, and its version.
func identify(obj runtime.ApplyConfiguration) (reflect.Type, string) {
	a := readApplied(obj)
	gvk, err := schemaOf(a)
	if err != nil {
		panic(err)
	}
	return gvk, a.Metadata.ResourceVersion
}

// appliedObject is what is common to everything that is applied.
type appliedObject struct {
	metav1.TypeMeta
	Metadata metav1.ObjectMeta
}

func readApplied(obj runtime.ApplyConfiguration) appliedObject {
	raw, err := json.Marshal(obj)
	if err != nil {
		panic(err)
	}
	var a appliedObject
	if err := json.Unmarshal(raw, &a); err != nil {
		panic(err)
	}
	return a
}

func schemaOf(a appliedObject) (reflect.Type, error) {
	obj, err := admin.Scheme().New(a.GroupVersionKind())
	return reflect.TypeOf(obj), err
}
