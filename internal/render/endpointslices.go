package render

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/rendezvous"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

const (
	// SliceManager is the manager that the job's EndpointSlices name.
	SliceManager = "trainyard.dev"
	// maxEndpoints is what the API allows in one slice.
	maxEndpoints = 1000
)

// Endpoint is the pod that currently holds a rank.
type Endpoint struct {
	// Rank is the pod's flat rank.
	Rank int32
	// Pod and UID are the pod's.
	Pod string
	UID types.UID
	// IPs are the pod's addresses, at most one a family counts.
	IPs  []string
	Node string
}

// EndpointSlices say where each rank's name leads. A rank's slice follows from
// its rank alone, so that a change of one rank changes one slice a family. The
// slices that the endpoints do not fill are not returned: the caller deletes
// what it has beyond them.
//
// An endpoint with an address that no pod can have is left out; the slices are
// complete but for those that the error names.
func EndpointSlices(job *v1alpha1.TrainingJob, endpoints []Endpoint) ([]*discoveryv1.EndpointSlice, error) {
	layout := ranks.Of(job)
	held, err := byRank(layout, endpoints)
	var out []*discoveryv1.EndpointSlice
	for _, family := range []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6} {
		var current *discoveryv1.EndpointSlice
		filling := int32(-1)
		for _, e := range held {
			ip, ok := addressOf(e, family)
			if !ok {
				continue
			}
			if n := e.Rank / maxEndpoints; n != filling {
				filling, current = n, slice(job, family, n)
				out = append(out, current)
			}
			current.Endpoints = append(current.Endpoints, endpoint(job, layout, e, ip))
		}
	}
	return out, err
}

// byRank sorts the endpoints that can be published.
func byRank(layout ranks.Layout, endpoints []Endpoint) ([]Endpoint, error) {
	var errs []error
	held := make([]Endpoint, 0, len(endpoints))
	holder := make([]string, layout.Total())
	for _, e := range endpoints {
		switch err := checkAddresses(e); {
		case e.Rank < 0 || e.Rank >= layout.Total():
			errs = append(errs, fmt.Errorf("pod %s: rank %d is not one of the job's %d", e.Pod, e.Rank, layout.Total()))
		case holder[e.Rank] != "":
			errs = append(errs, fmt.Errorf("pod %s: rank %d is held by pod %s already", e.Pod, e.Rank, holder[e.Rank]))
		case err != nil:
			errs = append(errs, err)
		default:
			holder[e.Rank] = e.Pod
			held = append(held, e)
		}
	}
	slices.SortFunc(held, func(a, b Endpoint) int { return cmp.Compare(a.Rank, b.Rank) })
	return held, errors.Join(errs...)
}

func slice(job *v1alpha1.TrainingJob, family discoveryv1.AddressType, n int32) *discoveryv1.EndpointSlice {
	m := meta(job, job.Name+"-"+strings.ToLower(string(family))+"-"+decimal(n))
	m.Labels[discoveryv1.LabelServiceName] = job.Name
	m.Labels[discoveryv1.LabelManagedBy] = SliceManager
	return &discoveryv1.EndpointSlice{
		TypeMeta:    metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
		ObjectMeta:  m,
		AddressType: family,
		Ports: []discoveryv1.EndpointPort{{
			Name: ptr.To(portName), Port: ptr.To[int32](launchspec.DefaultPort), Protocol: ptr.To(corev1.ProtocolTCP),
		}},
	}
}

// endpoint is always ready, which is what publishNotReadyAddresses means: ranks
// look each other up before they are. Whether a pod serves is not told: nobody
// asks a name that leads to one pod, and it would be a write for every pod.
func endpoint(job *v1alpha1.TrainingJob, layout ranks.Layout, e Endpoint, ip string) discoveryv1.Endpoint {
	set, index := layout.At(e.Rank)
	out := discoveryv1.Endpoint{
		Addresses:  []string{ip},
		Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
		Hostname:   ptr.To(rendezvous.Hostname(layout.Name(set), index)),
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: job.Namespace, Name: e.Pod, UID: e.UID},
	}
	if e.Node != "" {
		out.NodeName = ptr.To(e.Node)
	}
	return out
}

// checkAddresses keeps out what would lead a peer to itself or to nobody.
func checkAddresses(e Endpoint) error {
	for _, text := range e.IPs {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("pod %s: address %q: %w", e.Pod, text, err)
		}
		if !ip.IsGlobalUnicast() || ip.Is4In6() || ip.Zone() != "" {
			return fmt.Errorf("pod %s: %s is not an address that a pod can have", e.Pod, text)
		}
	}
	return nil
}

// addressOf is the endpoint's first address of a family.
func addressOf(e Endpoint, family discoveryv1.AddressType) (string, bool) {
	for _, text := range e.IPs {
		ip, err := netip.ParseAddr(text)
		if err == nil && ip.Is4() == (family == discoveryv1.AddressTypeIPv4) {
			return ip.String(), true
		}
	}
	return "", false
}
