package rendezvous

import (
	"encoding/json"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// mpi tells rank 0, which runs mpirun, the hosts that it starts processes on:
// every pod that meets it but those of its own set. The launcher turns the list
// into a hostfile.
type mpi struct {
	plan  *Plan
	hosts string
}

func newMPI(p *Plan, m *meeting) (*mpi, error) {
	var hosts []launchspec.MPIHost // a set in one entry: with 4096 names it would not fit
	for _, set := range m.sets[1:] {
		if !p.sets[set].awaits {
			return nil, fmt.Errorf("spec.replicaSpecs[0].dependsOn: the workers of set %q wait for rank 0's key, so that rank 0 cannot wait for them: remove it, the launcher holds mpirun back until every worker answers", p.layout.Name(set))
		}
		hosts = append(hosts, launchspec.MPIHost{
			Host: p.layout.Name(set) + "-*" + p.domain, Count: p.layout.Replicas(set), Slots: p.sets[set].processes,
		})
	}
	if len(hosts) == 0 {
		return nil, errors.New("spec.replicaSpecs: framework MPI needs a set of workers that runs beside the first set, which runs mpirun: add one")
	}
	raw, err := json.Marshal(hosts)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", launchspec.EnvMPIHosts, err)
	}
	return &mpi{plan: p, hosts: string(raw)}, nil
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
