package rendezvous

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// mpi tells rank 0, which runs mpirun, the hosts that it starts processes on:
// every pod of the job or, in a job of several sets, every pod but those of the
// first. The launcher turns the list into a hostfile.
type mpi struct {
	plan  *Plan
	hosts string
}

func newMPI(p *Plan) (*mpi, error) {
	var hosts []launchspec.MPIHost
	for set := range p.sets {
		if set == 0 && len(p.sets) > 1 {
			continue
		}
		for index := range p.layout.Replicas(set) {
			hosts = append(hosts, launchspec.MPIHost{Host: p.Host(set, index), Slots: p.sets[set].procs})
		}
	}
	raw, err := json.Marshal(hosts)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", launchspec.EnvMPIHosts, err)
	}
	f := &mpi{plan: p, hosts: string(raw)}
	return f, fits(launchspec.EnvMPIHosts, f.hosts)
}

func (f *mpi) env(dst []corev1.EnvVar, r replica) []corev1.EnvVar {
	if f.plan.sets[r.set].hostNetwork {
		dst = append(dst, corev1.EnvVar{Name: launchspec.EnvSSHPort, Value: decimal(f.plan.port(r.set, r.index, 0))})
	}
	if f.plan.layout.Rank(r.set, r.index) != 0 {
		return dst
	}
	return append(dst, corev1.EnvVar{Name: launchspec.EnvMPIHosts, Value: f.hosts})
}
