package plan

import (
	"fmt"
	"net/netip"
)

// The subnet x.y.0.0/16 is shared out like this:
//
//	x.y.0.1          this host
//	x.y.0.2          the control plane
//	x.y.0.3          the name server
//	x.y.0.254        the fabric, everybody's gateway
//	x.y.1.n          node n
//	x.y.(16+n).0/24  the pods of node n
//	x.y.128.0/18     the pods of simulated nodes, which nobody can reach
//	x.y.240.0/20     Services
const (
	hostPart    = 1
	apiPart     = 2
	dnsPart     = 3
	gatewayPart = 254
	firstPods   = 16
)

func (p *Plan) address(third, fourth byte) netip.Addr {
	b := p.subnet.Addr().As4()
	b[2], b[3] = third, fourth
	return netip.AddrFrom4(b)
}

func (p *Plan) network(third byte, bits int) netip.Prefix {
	return netip.PrefixFrom(p.address(third, 0), bits)
}

// Network is the whole subnet.
func (p *Plan) Network() netip.Prefix { return p.subnet }

// HostAddress is this host's address on the lab's network.
func (p *Plan) HostAddress() netip.Addr { return p.address(0, hostPart) }

// APIAddress is where the API server listens: the control plane's machine, or
// the loopback where there is none.
func (p *Plan) APIAddress() netip.Addr {
	if !p.Isolated() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return p.address(0, apiPart)
}

// DNSAddress is where the name server listens. It is not the API server's, so
// that a node may lose the one and keep the other.
func (p *Plan) DNSAddress() netip.Addr { return p.address(0, dnsPart) }

// Gateway is the fabric's address.
func (p *Plan) Gateway() netip.Addr { return p.address(0, gatewayPart) }

// Services is the range of Service addresses.
func (p *Plan) Services() netip.Prefix { return p.network(240, 20) }

// APIService is the address of the Service default/kubernetes, the first of
// the range.
func (p *Plan) APIService() netip.Addr { return p.Services().Addr().Next() }

// SimulatedPods is the range from which simulated pods take addresses.
func (p *Plan) SimulatedPods() netip.Prefix { return p.network(128, 18) }

// Machine is one network namespace with programs in it.
type Machine struct {
	Name string
	// Addresses are the machine's own; the first is the one it is known by.
	Addresses []netip.Addr
	// Pods is the network of its pods, if it has any.
	Pods netip.Prefix
}

// ControlPlane is the machine of the API server and its like.
func (p *Plan) ControlPlane() Machine {
	m := Machine{Name: "cp"}
	if p.Isolated() {
		m.Addresses = []netip.Addr{p.APIAddress(), p.DNSAddress()}
	}
	return m
}

// Node is the nth real node, counted from 1.
func (p *Plan) Node(n int) Machine {
	return Machine{
		Name:      NodeName(n),
		Addresses: []netip.Addr{p.address(1, byte(n))},
		Pods:      p.network(byte(firstPods+n), 24),
	}
}

// RealNodes lists all real nodes.
func (p *Plan) RealNodes() []Machine {
	nodes := make([]Machine, p.Nodes)
	for i := range nodes {
		nodes[i] = p.Node(i + 1)
	}
	return nodes
}

// Machines lists every machine, the control plane first.
func (p *Plan) Machines() []Machine {
	return append([]Machine{p.ControlPlane()}, p.RealNodes()...)
}

// FindNode returns the real node of that name.
func (p *Plan) FindNode(name string) (Machine, bool) {
	for _, m := range p.RealNodes() {
		if m.Name == name {
			return m, true
		}
	}
	return Machine{}, false
}

// NodeName is the name of the nth real node.
func NodeName(n int) string { return fmt.Sprintf("node-%d", n) }
