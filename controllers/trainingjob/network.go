package trainingjob

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	discoveryv1ac "k8s.io/client-go/applyconfigurations/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/jobindex"
	"github.com/trainyard/trainyard/internal/render"
)

// connect gives every rank's name the address of its current pod: a headless
// Service without selector, and EndpointSlices of our own writing.
func (r *Reconciler) connect(ctx context.Context, s *scope) error {
	if err := r.ensureService(ctx, s); err != nil {
		return err
	}
	known, err := r.published(ctx, s)
	if err != nil {
		return err
	}
	due := s.namesDue()
	if len(known) == 0 && !due.IsZero() {
		s.decision.WakeAt(due)
		return nil
	}
	want, invalid := render.EndpointSlices(s.job, s.endpoints())
	if invalid != nil {
		log.FromContext(ctx).Error(invalid, "ranks are left out of the EndpointSlices")
	}
	if !due.IsZero() && onlyAdds(want, known) {
		s.decision.WakeAt(due)
		return nil
	}
	s.pace.names = s.observed.Now
	for _, slice := range want {
		if err := r.ensureSlice(ctx, slice, known[slice.Name]); err != nil {
			return err
		}
		delete(known, slice.Name)
	}
	return r.unpublish(ctx, known)
}

// disconnect takes the names of a job away that nobody holds: addresses are
// given to other pods sooner or later.
func (r *Reconciler) disconnect(ctx context.Context, s *scope) error {
	known, err := r.published(ctx, s)
	if err != nil {
		return err
	}
	return r.unpublish(ctx, known)
}

// published are the job's EndpointSlices by name. They are shared with the cache.
func (r *Reconciler) published(ctx context.Context, s *scope) (map[string]*discoveryv1.EndpointSlice, error) {
	var have discoveryv1.EndpointSliceList
	if err := r.Client.List(ctx, &have, client.InNamespace(s.key.Namespace),
		client.MatchingFields{jobindex.ByJob: string(s.job.UID)}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the EndpointSlices of TrainingJob %s: %w", s.key, err)
	}
	known := make(map[string]*discoveryv1.EndpointSlice, len(have.Items))
	for i := range have.Items {
		known[have.Items[i].Name] = &have.Items[i]
	}
	return known, nil
}

func (r *Reconciler) unpublish(ctx context.Context, known map[string]*discoveryv1.EndpointSlice) error {
	for name, slice := range known {
		if err := r.Client.Delete(ctx, slice); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting EndpointSlice %s: %w", name, err)
		}
	}
	return nil
}

// endpoints are the pods that hold a rank now.
func (s *scope) endpoints() []render.Endpoint {
	var endpoints []render.Endpoint
	for i := range s.pods {
		p, pod := &s.observed.Pods[i], &s.pods[i]
		if !s.holds(p) || pod.Status.PodIP == "" {
			continue
		}
		e := render.Endpoint{Rank: int32(p.Rank), Pod: pod.Name, UID: pod.UID, Node: p.Node}
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
		return fmt.Errorf("creating Service %s: %w; delete it or rename the job", key, errNameTaken)
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
		return fmt.Errorf("creating EndpointSlice %s: %w; delete it or rename the job", key, errNameTaken)
	}
	return nil
}

func (r *Reconciler) ensureSlice(ctx context.Context, want, have *discoveryv1.EndpointSlice) error {
	if have != nil && equality.Semantic.DeepEqual(want.Endpoints, have.Endpoints) &&
		equality.Semantic.DeepEqual(want.Ports, have.Ports) {
		return nil
	}
	if have == nil && len(want.Endpoints) == 0 {
		return nil
	}
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
	config, err := applied(want)
	if err != nil {
		return err
	}
	if err := r.Client.Apply(ctx, config, client.FieldOwner(Owner), client.ForceOwnership); err != nil {
		return fmt.Errorf("applying EndpointSlice %s: %w", client.ObjectKeyFromObject(want), err)
	}
	return nil
}

// applied is a slice as it is applied. It has a type since reads wait for what was
// written in the cache of its kind: for unstructured objects that is another one.
func applied(want *discoveryv1.EndpointSlice) (*discoveryv1ac.EndpointSliceApplyConfiguration, error) {
	raw, err := json.Marshal(want)
	if err != nil {
		return nil, fmt.Errorf("encoding EndpointSlice %s: %w", want.Name, err)
	}
	config := &discoveryv1ac.EndpointSliceApplyConfiguration{}
	if err := json.Unmarshal(raw, config); err != nil {
		return nil, fmt.Errorf("decoding EndpointSlice %s: %w", want.Name, err)
	}
	return config, nil
}
