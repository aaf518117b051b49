package rendezvous

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// portJAX is the one of JAX's own examples.
const portJAX = 1234

// jax serves jax.distributed.initialize. JAX itself reads the coordinator's
// address; a program passes the other two on.
type jax struct {
	plan        *Plan
	coordinator string
	world       string
}

func newJAX(p *Plan, m *meeting) *jax {
	host, port := p.address(m, portJAX)
	return &jax{plan: p, coordinator: host + ":" + port, world: decimal(m.processes)}
}

func (*jax) name() v1alpha1.Framework { return v1alpha1.FrameworkJAX }

func (f *jax) appendEnv(dst []corev1.EnvVar, r replica) []corev1.EnvVar {
	return append(dst,
		corev1.EnvVar{Name: "JAX_COORDINATOR_ADDRESS", Value: f.coordinator},
		corev1.EnvVar{Name: "JAX_NUM_PROCESSES", Value: f.world},
		corev1.EnvVar{Name: "JAX_PROCESS_ID", Value: decimal(f.plan.sets[r.set].process(r.index))},
	)
}
