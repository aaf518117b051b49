package clusterstate

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/pkg/placement"
)

// wholePort is a port on all of a node's addresses, counted in the shares that
// pods on single addresses take of it.
const wholePort = 1 << 16

// anyAddress is where a host port without hostIP listens.
const anyAddress = "0.0.0.0"

// port is a host port that a pod asks for. As a key of the catalogue, an empty
// ip stands for the port on all addresses together.
type port struct {
	ip, protocol string
	number       int32
}

// portSlot is a port's number in the catalogue, and how many shapes ask for it.
type portSlot struct {
	id   placement.ResourceID
	uses int
}

// portShare is a quantity of what the catalogue has for a port.
type portShare struct {
	key      port
	quantity int64
}

// shares is what a host port takes. On all addresses it takes the whole of the
// port; on one address a share of it, and that address: two pods conflict
// exactly where the scheduler says so.
func (p port) shares() []portShare {
	all := port{protocol: p.protocol, number: p.number}
	if p.ip == anyAddress {
		return []portShare{{all, wholePort}}
	}
	return []portShare{{all, 1}, {p, 1}}
}

// resource is what the planner knows of a port's key.
func (p port) resource(id placement.ResourceID) placement.Resource {
	if p.ip == "" {
		return placement.Resource{ID: id, Name: fmt.Sprintf("host port %s/%d", p.protocol, p.number), Each: wholePort}
	}
	return placement.Resource{ID: id, Name: fmt.Sprintf("host port %s/%d on %s", p.protocol, p.number, p.ip), Each: 1}
}

// portsOf are the host ports of a pod's containers and sidecars.
func portsOf(spec *corev1.PodSpec) []port {
	var out []port
	add := func(c *corev1.Container) {
		for _, p := range c.Ports {
			if p.HostPort > 0 {
				out = append(out, port{
					ip:       cmp.Or(p.HostIP, anyAddress),
					protocol: cmp.Or(string(p.Protocol), string(corev1.ProtocolTCP)),
					number:   p.HostPort,
				})
			}
		}
	}
	for i := range spec.Containers {
		add(&spec.Containers[i])
	}
	for i := range spec.InitContainers {
		if c := &spec.InitContainers[i]; c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(c)
		}
	}
	slices.SortFunc(out, func(a, b port) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.ip, b.ip))
	})
	return slices.Compact(out)
}

// follow counts ports from now on, and tells whether any is new. Beyond the
// bound it counts none of them, and says so.
func (c *catalogue) follow(ports []port) (added, ok bool) {
	missing := 0
	for _, p := range ports {
		for _, share := range p.shares() {
			if c.ports[share.key] == nil {
				missing++
			}
		}
	}
	if len(c.ports)+missing > maxPorts {
		return false, false
	}
	for _, p := range ports {
		for _, share := range p.shares() {
			slot := c.ports[share.key]
			if slot == nil {
				slot = &portSlot{id: c.number()}
				c.ports[share.key] = slot
				c.changed = append(c.changed, share.key.resource(slot.id))
				added = true
			}
			slot.uses++
		}
	}
	return added, true
}

// unfollow gives ports back, and tells whether any is no longer counted.
func (c *catalogue) unfollow(ports []port) (removed bool) {
	for _, p := range ports {
		for _, share := range p.shares() {
			slot := c.ports[share.key]
			if slot.uses--; slot.uses == 0 {
				delete(c.ports, share.key)
				c.free = append(c.free, slot.id)
				removed = true
			}
		}
	}
	return removed
}

// number is a number for a port.
func (c *catalogue) number() placement.ResourceID {
	if last := len(c.free) - 1; last >= 0 {
		id := c.free[last]
		c.free = c.free[:last]
		return id
	}
	c.next++
	return c.next - 1
}

// occupied is what ports take of those that are counted.
func (c *catalogue) occupied(ports []port, out []amount) []amount {
	for _, p := range ports {
		for _, share := range p.shares() {
			if slot := c.ports[share.key]; slot != nil {
				out = append(out, amount{slot.id, share.quantity})
			}
		}
	}
	return out
}
