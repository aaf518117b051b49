package rendezvous

import (
	"hash/fnv"
	"io"

	corev1 "k8s.io/api/core/v1"
)

// Pods on the host's network share its ports with everybody there. Each rank
// takes its own out of a range that begins at a place of the job's own, below
// the ports that Linux hands out (32768) and those of NodePorts (30000). Ranks
// of a job never take the same; jobs rarely do, and then the scheduler knows,
// since the pods declare them.
const (
	hostPorts         = 8192
	firstHostPort     = 10000
	firstLauncherPort = firstHostPort + hostPorts
)

// LauncherPort is the port that the launcher in a replica's pod listens on: the
// given one, but on the host's network.
func (p *Plan) LauncherPort(set int, index, port int32) int32 {
	return p.choose(firstLauncherPort, set, index, port)
}

// port is the port that a replica's processes are met on.
func (p *Plan) port(set int, index, port int32) int32 {
	return p.choose(firstHostPort, set, index, port)
}

func (p *Plan) choose(base int32, set int, index, port int32) int32 {
	if !p.sets[set].hostNetwork {
		return port
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, string(p.uid)) // a hash never fails
	place := h.Sum32() % hostPorts
	if !p.samePorts {
		place += uint32(p.layout.Rank(set, index))
	}
	return base + int32(place%hostPorts)
}

// HostPorts are the ports besides the launcher's that a pod on the host's
// network opens for its peers. Declared, they keep the scheduler from putting
// two pods with the same one on a node.
func (p *Plan) HostPorts(set int, index int32) []corev1.ContainerPort {
	if _, ok := p.sets[set].framework.(generic); ok || !p.sets[set].hostNetwork {
		return nil
	}
	return []corev1.ContainerPort{{
		Name: "trainyard-rdzv", ContainerPort: p.port(set, index, 0), Protocol: corev1.ProtocolTCP,
	}}
}
