package clusterstate

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelper "k8s.io/component-helpers/resource"

	"github.com/trainyard/trainyard/pkg/placement"
)

// maxPorts bounds the host ports that are counted at once, so that no user can
// make the catalogue grow without end.
const maxPorts = 256

// amount is a quantity of a resource of the catalogue.
type amount struct {
	resource placement.ResourceID
	quantity int64
}

// request is a quantity of a resource by its name.
type request struct {
	name     corev1.ResourceName
	quantity int64
}

// catalogue numbers the resources that nodes offer, and the host ports that
// gangs ask for. What no node offers is not numbered.
type catalogue struct {
	ids   map[corev1.ResourceName]placement.ResourceID
	ports map[port]*portSlot
	// free are the numbers of ports that nobody asks for any more.
	free []placement.ResourceID
	next placement.ResourceID
	// changed is what the planner does not know yet.
	changed []placement.Resource
}

func newCatalogue() *catalogue {
	return &catalogue{ids: map[corev1.ResourceName]placement.ResourceID{}, ports: map[port]*portSlot{}}
}

// offer numbers what a node offers, and tells whether anything is new.
func (c *catalogue) offer(list corev1.ResourceList) bool {
	var added []corev1.ResourceName
	for name := range list {
		if _, known := c.ids[name]; !known && !strings.HasPrefix(string(name), corev1.ResourceAttachableVolumesPrefix) {
			added = append(added, name)
		}
	}
	slices.Sort(added)
	for _, name := range added {
		if c.next >= placement.MaxResource-maxPorts {
			return false
		}
		c.ids[name] = c.next
		c.changed = append(c.changed, placement.Resource{ID: c.next, Name: string(name), Unit: unit(name)})
		c.next++
	}
	return len(added) > 0
}

// resolve numbers requests, as far as any node offers them, and tells whether
// that is all.
func (c *catalogue) resolve(requests []request) (known []amount, whole bool) {
	known = make([]amount, 0, len(requests))
	for _, r := range requests {
		if id, ok := c.ids[r.name]; ok {
			known = append(known, amount{id, r.quantity})
		}
	}
	return known, len(known) == len(requests)
}

func unit(name corev1.ResourceName) placement.Unit {
	switch {
	case name == corev1.ResourceCPU:
		return placement.Milli
	case name == corev1.ResourceMemory, name == corev1.ResourceEphemeralStorage,
		strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix):
		return placement.Bytes
	default:
		return placement.Count
	}
}

// quantity reads an amount in the unit of its resource, within the planner's
// bounds.
func quantity(name corev1.ResourceName, q resource.Quantity) int64 {
	value := q.Value()
	if name == corev1.ResourceCPU {
		value = q.MilliValue()
	}
	return min(max(0, value), placement.MaxQuantity)
}

// requestsOf is what a pod takes of a node, its place among the pods included:
// init containers, sidecars, overhead and the state of a resize in place are
// counted as the scheduler counts them.
func requestsOf(pod *corev1.Pod) []request {
	list := resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{
		UseStatusResources: true,
		InPlacePodLevelResourcesVerticalScalingEnabled: true,
	})
	out := make([]request, 0, len(list)+1)
	for name, q := range list {
		if n := quantity(name, q); n > 0 {
			out = append(out, request{name, n})
		}
	}
	out = append(out, request{corev1.ResourcePods, 1})
	slices.SortFunc(out, func(a, b request) int { return strings.Compare(string(a.name), string(b.name)) })
	return out
}

// allocatable is what a node offers, by the numbers of the catalogue.
func (c *catalogue) allocatable(list corev1.ResourceList) placement.Vec {
	out := make(placement.Vec, c.next)
	for name, q := range list {
		if id, ok := c.ids[name]; ok {
			out[id] = quantity(name, q)
		}
	}
	return out
}
