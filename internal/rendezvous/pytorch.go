package rendezvous

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// portPyTorch is torchrun's default.
const portPyTorch = 29500

// pyTorch serves programs that call torch.distributed themselves, and torchrun.
//
// torchrun rendezvouses statically: its dynamic backend c10d ranks pods by the
// alphabet (worker-10 before worker-2), which loses rank 0 and the order of the
// placement. Whoever asks for c10d all the same finds an endpoint, and its host
// named: torchrun's own guess may not recognise a pod by its Service's name.
type pyTorch struct {
	plan       *Plan
	host, port string
	world      string
	nodes      string
}

func newPyTorch(p *Plan, m *meeting) *pyTorch {
	f := &pyTorch{plan: p, world: decimal(m.processes), nodes: decimal(m.pods)}
	f.host, f.port = p.address(m, portPyTorch)
	return f
}

func (*pyTorch) name() v1alpha1.Framework { return v1alpha1.FrameworkPyTorch }

func (f *pyTorch) appendEnv(dst []corev1.EnvVar, r replica) []corev1.EnvVar {
	g := &f.plan.sets[r.set]
	node, processes := decimal(g.node(r.index)), decimal(g.processes)
	return append(dst,
		corev1.EnvVar{Name: "MASTER_ADDR", Value: f.host},
		corev1.EnvVar{Name: "MASTER_PORT", Value: f.port},
		corev1.EnvVar{Name: "WORLD_SIZE", Value: f.world},
		corev1.EnvVar{Name: "RANK", Value: decimal(g.process(r.index))},
		corev1.EnvVar{Name: "LOCAL_WORLD_SIZE", Value: processes},
		corev1.EnvVar{Name: "LOCAL_RANK", Value: "0"},
		corev1.EnvVar{Name: "NODE_RANK", Value: node},
		corev1.EnvVar{Name: "GROUP_RANK", Value: node},
		corev1.EnvVar{Name: "PET_NNODES", Value: f.nodes},
		corev1.EnvVar{Name: "PET_NPROC_PER_NODE", Value: processes},
		corev1.EnvVar{Name: "PET_NODE_RANK", Value: node},
		corev1.EnvVar{Name: "PET_MASTER_ADDR", Value: f.host},
		corev1.EnvVar{Name: "PET_MASTER_PORT", Value: f.port},
		corev1.EnvVar{Name: "PET_RDZV_BACKEND", Value: "static"},
		corev1.EnvVar{Name: "PET_RDZV_ENDPOINT", Value: f.host + ":" + f.port},
		corev1.EnvVar{Name: "PET_RDZV_CONF", Value: "is_host=" + strconv.FormatBool(g.node(r.index) == 0)},
		corev1.EnvVar{Name: launchspec.EnvRendezvousID, Value: string(f.plan.uid) + "-" + decimal(r.attempt)},
		corev1.EnvVar{Name: "PET_MAX_RESTARTS", Value: "0"},
	)
}
