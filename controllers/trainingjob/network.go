package trainingjob

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/render"
)

// connect gives every rank's name the address of its current pod: a headless
// Service without selector, and EndpointSlices of our own writing.
func (r *Reconciler) connect(ctx context.Context, s *scope) error {
	if err := r.ensureService(ctx, s); err != nil {
		return err
	}
	endpoints := s.endpoints()
	want, invalid := render.EndpointSlices(s.job, endpoints)
	if invalid != nil {
		log.FromContext(ctx).Error(invalid, "ranks are left out of the EndpointSlices")
	}
	var have discoveryv1.EndpointSliceList
	if err := r.Client.List(ctx, &have, client.InNamespace(s.key.Namespace),
		client.MatchingLabels{v1alpha1.LabelJobUID: string(s.job.UID)}, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing the EndpointSlices of TrainingJob %s: %w", s.key, err)
	}
	known := make(map[string]*discoveryv1.EndpointSlice, len(have.Items))
	for i := range have.Items {
		known[have.Items[i].Name] = &have.Items[i]
	}
	if allSame(want, known) {
		return nil
	}
	if wait := r.sliceWait(s, want, known, s.setsWhole(endpoints)); wait > 0 {
		s.putOff(wait)
		return nil
	}
	r.slicePace.note(s)
	return r.publish(ctx, want, known)
}

func allSame(want []*discoveryv1.EndpointSlice, known map[string]*discoveryv1.EndpointSlice) bool {
	return len(want) == len(known) && !slices.ContainsFunc(want, func(slice *discoveryv1.EndpointSlice) bool {
		return !sameSlice(slice, known[slice.Name])
	})
}

// publish brings the EndpointSlices that there are to what they should be.
func (r *Reconciler) publish(ctx context.Context, want []*discoveryv1.EndpointSlice, known map[string]*discoveryv1.EndpointSlice) error {
	for _, slice := range want {
		if !sameSlice(slice, known[slice.Name]) {
			if err := r.writeSlice(ctx, slice, known[slice.Name]); err != nil {
				return err
			}
		}
		delete(known, slice.Name)
	}
	for name, slice := range known {
		if err := r.Client.Delete(ctx, slice); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting EndpointSlice %s: %w", name, err)
		}
	}
	return nil
}

// While some ranks of a set are still to come, the others are published once
// nothing has started for sliceQuiet, or after sliceHold: nobody waits for it,
// since a rendezvous needs them all.
const (
	sliceQuiet = 5 * time.Second
	sliceHold  = 30 * time.Second
)

// sliceWait is how long a change of the EndpointSlices has to wait. What leads
// astray is corrected at once, and what makes sets whole is published at once.
// All else waits until the job has come to rest, but not for ever.
func (r *Reconciler) sliceWait(s *scope, want []*discoveryv1.EndpointSlice, known map[string]*discoveryv1.EndpointSlice, whole bool) time.Duration {
	published, held := map[string]bool{}, map[string]bool{}
	for _, slice := range known {
		addNames(published, slice)
	}
	for _, slice := range want {
		addNames(held, slice)
	}
	for name := range published {
		if !held[name] {
			return 0
		}
	}
	if whole && len(held) > len(published) {
		return 0
	}
	last := r.slicePace.since(s)
	if last.IsZero() {
		last = s.observed.Record.Placement.Since
	}
	return min(sliceQuiet-s.observed.Now.Sub(s.lastStart()), sliceHold-s.observed.Now.Sub(last))
}

// lastStart is when a kubelet last took on a pod of the job.
func (s *scope) lastStart() time.Time {
	var last time.Time
	for i := range s.pods {
		if at := timeOf(s.pods[i].Status.StartTime); at.After(last) {
			last = at
		}
	}
	return last
}

// addNames adds the names of a slice, with what they lead to.
func addNames(names map[string]bool, slice *discoveryv1.EndpointSlice) {
	for i := range slice.Endpoints {
		e := &slice.Endpoints[i]
		names[valueOf(e.Hostname)+" "+strings.Join(e.Addresses, " ")] = true
	}
}

// setsWhole says whether of each set every rank is reachable, or none.
func (s *scope) setsWhole(endpoints []render.Endpoint) bool {
	reachable := make([]int32, s.layout.Sets())
	for _, e := range endpoints {
		set, _ := s.layout.At(e.Rank)
		reachable[set]++
	}
	for set, n := range reachable {
		if n != 0 && n != s.layout.Replicas(set) {
			return false
		}
	}
	return true
}

// endpoints are the pods that hold a rank now.
func (s *scope) endpoints() []render.Endpoint {
	slots := s.observed.Record.Placement.Slots
	var endpoints []render.Endpoint
	for i := range s.pods {
		p := &s.observed.Pods[i]
		if p.Rank >= len(slots) || p.Attempt != slots[p.Rank].Attempt || s.pods[i].Status.PodIP == "" {
			continue
		}
		pod := &s.pods[i]
		e := render.Endpoint{Rank: int32(p.Rank), Pod: pod.Name, UID: pod.UID, Node: p.Node, Ready: p.Ready}
		for k := range pod.Status.PodIPs {
			e.IPs = append(e.IPs, pod.Status.PodIPs[k].IP)
		}
		endpoints = append(endpoints, e)
	}
	return endpoints
}

func (r *Reconciler) ensureService(ctx context.Context, s *scope) error {
	want := render.Service(s.job)
	key := client.ObjectKeyFromObject(want)
	have := &corev1.Service{}
	err := r.Client.Get(ctx, key, have)
	if apierrors.IsNotFound(err) {
		err = r.Client.Create(ctx, want)
		if !apierrors.IsAlreadyExists(err) {
			return wrap(err, "creating Service %s", key)
		}
		// The cache holds the Services of jobs alone.
		err = r.Live.Get(ctx, key, have)
	}
	if err != nil {
		return fmt.Errorf("reading Service %s: %w", key, err)
	}
	if have.Labels[v1alpha1.LabelJobUID] != string(s.job.UID) {
		return fmt.Errorf("service %s exists and is not this job's: delete it or rename the job", key)
	}
	return nil
}

// wrap adds what was tried to an error, if there is one.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}

// checkSlice fails if a slice of that name is not this job's.
func (r *Reconciler) checkSlice(ctx context.Context, want *discoveryv1.EndpointSlice) error {
	key := client.ObjectKeyFromObject(want)
	have := &discoveryv1.EndpointSlice{}
	if err := r.Live.Get(ctx, key, have); err != nil {
		return fmt.Errorf("reading EndpointSlice %s: %w", key, err)
	}
	if have.Labels[v1alpha1.LabelJobUID] != want.Labels[v1alpha1.LabelJobUID] {
		return fmt.Errorf("EndpointSlice %s exists and is not this job's: delete it or rename the job", key)
	}
	return nil
}

// sameSlice says whether a slice is as it should be.
func sameSlice(want, have *discoveryv1.EndpointSlice) bool {
	return have != nil && equality.Semantic.DeepEqual(want.Endpoints, have.Endpoints) &&
		equality.Semantic.DeepEqual(want.Ports, have.Ports)
}

func (r *Reconciler) writeSlice(ctx context.Context, want, have *discoveryv1.EndpointSlice) error {
	if have == nil {
		// The cache holds the slices of jobs alone; one of somebody else's must
		// not be taken over.
		err := r.Client.Create(ctx, want.DeepCopy())
		if !apierrors.IsAlreadyExists(err) {
			return wrap(err, "creating EndpointSlice %s", client.ObjectKeyFromObject(want))
		}
		if err := r.checkSlice(ctx, want); err != nil {
			return err
		}
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(want)
	if err != nil {
		return fmt.Errorf("encoding EndpointSlice %s: %w", want.Name, err)
	}
	config := client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: object})
	if err := r.Client.Apply(ctx, config, client.FieldOwner(Owner), client.ForceOwnership); err != nil {
		return fmt.Errorf("applying EndpointSlice %s: %w", client.ObjectKeyFromObject(want), err)
	}
	return nil
}
