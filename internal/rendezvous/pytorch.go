package rendezvous

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// pyTorch serves programs that call torch.distributed themselves, and torchrun.
//
// torchrun rendezvouses statically: its dynamic backend c10d ranks pods by the
// alphabet (worker-10 before worker-2), which loses rank 0 and the order of the
// placement. Whoever asks for c10d all the same finds an endpoint, and its host
// named: torchrun's own guess does not recognise a pod by a Service's name.
type pyTorch struct {
	plan       *Plan
	masterAddr string
	masterPort string
	worldSize  string
	nodes      string
	rendezvous string
	// processes of a pod, by set.
	processes []string
}

func newPyTorch(p *Plan) *pyTorch {
	f := &pyTorch{
		plan:       p,
		masterAddr: p.Host(0, 0),
		masterPort: decimal(p.port(0, 0, portPyTorch)),
		worldSize:  strconv.FormatInt(p.world, 10),
		nodes:      decimal(p.layout.Total()),
	}
	f.rendezvous = f.masterAddr + ":" + f.masterPort
	for _, set := range p.sets {
		f.processes = append(f.processes, decimal(set.procs))
	}
	return f
}

func (f *pyTorch) env(dst []corev1.EnvVar, r replica) []corev1.EnvVar {
	node := f.plan.layout.Rank(r.set, r.index)
	nodeRank := decimal(node)
	processes := f.processes[r.set]
	return append(dst,
		corev1.EnvVar{Name: "MASTER_ADDR", Value: f.masterAddr},
		corev1.EnvVar{Name: "MASTER_PORT", Value: f.masterPort},
		corev1.EnvVar{Name: "WORLD_SIZE", Value: f.worldSize},
		corev1.EnvVar{Name: "RANK", Value: strconv.FormatInt(f.plan.FirstProcess(r.set, r.index), 10)},
		corev1.EnvVar{Name: "LOCAL_WORLD_SIZE", Value: processes},
		corev1.EnvVar{Name: "LOCAL_RANK", Value: "0"},
		corev1.EnvVar{Name: "NODE_RANK", Value: nodeRank},
		corev1.EnvVar{Name: "GROUP_RANK", Value: nodeRank},
		corev1.EnvVar{Name: "PET_NNODES", Value: f.nodes},
		corev1.EnvVar{Name: "PET_NPROC_PER_NODE", Value: processes},
		corev1.EnvVar{Name: "PET_NODE_RANK", Value: nodeRank},
		corev1.EnvVar{Name: "PET_MASTER_ADDR", Value: f.masterAddr},
		corev1.EnvVar{Name: "PET_MASTER_PORT", Value: f.masterPort},
		corev1.EnvVar{Name: "PET_RDZV_BACKEND", Value: "static"},
		corev1.EnvVar{Name: "PET_RDZV_ENDPOINT", Value: f.rendezvous},
		corev1.EnvVar{Name: "PET_RDZV_CONF", Value: "is_host=" + strconv.FormatBool(node == 0)},
		corev1.EnvVar{Name: launchspec.EnvRendezvousID, Value: string(f.plan.uid) + "-" + decimal(r.attempt)},
		corev1.EnvVar{Name: "PET_MAX_RESTARTS", Value: "0"},
	)
}
