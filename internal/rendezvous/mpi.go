package rendezvous

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// mpi tells rank 0, which runs mpirun, the hosts that it starts processes on:
// every pod of the job or, in a job of several sets, every pod but those of the
// first. The launcher turns the list into a hostfile.
type mpi struct {
	plan  *Plan
	hosts string
}

func newMPI(p *Plan, m *meeting) (*mpi, error) {
	sets := m.sets
	if len(sets) > 1 {
		sets = sets[1:]
	}
	var hosts []launchspec.MPIHost
	for _, set := range sets {
		for index := range p.layout.Replicas(set) {
			hosts = append(hosts, launchspec.MPIHost{Host: p.Host(set, index), Slots: p.sets[set].processes})
		}
	}
	raw, err := json.Marshal(hosts)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", launchspec.EnvMPIHosts, err)
	}
	f := &mpi{plan: p, hosts: string(raw)}
	return f, fits(launchspec.EnvMPIHosts, f.hosts)
}

func (*mpi) name() v1alpha1.Framework { return v1alpha1.FrameworkMPI }

func (f *mpi) appendEnv(dst []corev1.EnvVar, r replica) []corev1.EnvVar {
	g := &f.plan.sets[r.set]
	if g.hostNetwork {
		port := f.plan.port(r.set, r.index, launchspec.DefaultSSHPort)
		dst = append(dst, corev1.EnvVar{Name: launchspec.EnvSSHPort, Value: decimal(port)})
	}
	if g.node(r.index) != 0 {
		return dst
	}
	return append(dst, corev1.EnvVar{Name: launchspec.EnvMPIHosts, Value: f.hosts})
}
