package rendezvous

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// jax serves jax.distributed.initialize. JAX itself reads the coordinator's
// address; a program passes the other two on.
type jax struct {
	plan        *Plan
	coordinator string
	processes   string
}

func newJAX(p *Plan) *jax {
	return &jax{
		plan:        p,
		coordinator: p.Host(0, 0) + ":" + decimal(p.port(0, 0, portJAX)),
		processes:   strconv.FormatInt(p.world, 10),
	}
}

func (f *jax) env(dst []corev1.EnvVar, r replica) []corev1.EnvVar {
	return append(dst,
		corev1.EnvVar{Name: "JAX_COORDINATOR_ADDRESS", Value: f.coordinator},
		corev1.EnvVar{Name: "JAX_NUM_PROCESSES", Value: f.processes},
		corev1.EnvVar{Name: "JAX_PROCESS_ID", Value: strconv.FormatInt(f.plan.FirstProcess(r.set, r.index), 10)},
	)
}
