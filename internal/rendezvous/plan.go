package rendezvous

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
)

// Plan is how one job's ranks find each other. It keeps nothing of the job but
// names and numbers, and is safe for concurrent use.
type Plan struct {
	layout ranks.Layout
	uid    types.UID
	// domain is what follows a replica's host name: .<job>.<namespace>.svc.
	domain string
	rank0  string
	sets   []group
	// world is the number of processes in the whole job.
	world int64
	// samePorts has all replicas on the host's network listen on the same.
	samePorts bool
	framework framework
}

// group is what the replicas of one set have in common.
type group struct {
	procs int32
	// first is the rank of the first process of the set's first replica.
	first       int64
	hostNetwork bool
}

// framework appends the variables of one replica.
type framework interface {
	env(dst []corev1.EnvVar, r replica) []corev1.EnvVar
}

// replica is one pod of the job.
type replica struct {
	set     int
	index   int32
	attempt int32
}

// New plans a job's rendezvous. Host names end in .svc, or in
// .svc.<clusterDomain> where one is given. It fails if the job is too large for
// what its framework wants to be told.
func New(job *v1alpha1.TrainingJob, clusterDomain string) (*Plan, error) {
	p := &Plan{
		layout: ranks.Of(job),
		uid:    job.UID,
		domain: "." + job.Name + "." + job.Namespace + ".svc",
		sets:   make([]group, len(job.Spec.ReplicaSpecs)),
		// Rank 0 of an MPI job knows the others by their names alone.
		samePorts: job.Spec.Framework == v1alpha1.FrameworkMPI,
	}
	if clusterDomain != "" {
		p.domain += "." + clusterDomain
	}
	for i := range job.Spec.ReplicaSpecs {
		template := &job.Spec.ReplicaSpecs[i].Template.Spec
		p.sets[i] = group{procs: processes(job, template), first: p.world, hostNetwork: template.HostNetwork}
		p.world += int64(p.sets[i].procs) * int64(p.layout.Replicas(i))
	}
	p.rank0 = p.Host(0, 0)
	var err error
	p.framework, err = p.forFramework(job.Spec.Framework)
	return p, err
}

func (p *Plan) forFramework(name v1alpha1.Framework) (framework, error) {
	switch name {
	case v1alpha1.FrameworkPyTorch:
		return newPyTorch(p), nil
	case v1alpha1.FrameworkJAX:
		return newJAX(p), nil
	case v1alpha1.FrameworkTensorFlow:
		return newTensorFlow(p)
	case v1alpha1.FrameworkMPI:
		return newMPI(p)
	case v1alpha1.FrameworkGeneric, "":
		return generic{}, nil
	}
	return nil, fmt.Errorf("spec.framework: %q is not PyTorch, JAX, TensorFlow, MPI or Generic", name)
}

// Host is the stable name of a replica, which leads to its current pod.
func (p *Plan) Host(set int, index int32) string {
	return Hostname(p.layout.Name(set), index) + p.domain
}

// Hostname is the first label of a replica's name and its pod's host name.
func Hostname(set string, index int32) string {
	return set + "-" + decimal(index)
}

func decimal(n int32) string { return strconv.Itoa(int(n)) }

// Domain is what a replica's hostname is followed by in its full name.
func (p *Plan) Domain() string { return p.domain[1:] }

// ProcessesPerPod is the number of processes that a pod of the set starts.
func (p *Plan) ProcessesPerPod(set int) int32 { return p.sets[set].procs }

// WorldSize is the number of processes in the whole job.
func (p *Plan) WorldSize() int64 { return p.world }

// FirstProcess is the rank of a replica's first process in the whole job.
func (p *Plan) FirstProcess(set int, index int32) int64 {
	return p.sets[set].first + int64(index)*int64(p.sets[set].procs)
}

// AppendEnv appends the variables through which the replica's processes find
// the others: those of every job, then those of its framework.
func (p *Plan) AppendEnv(dst []corev1.EnvVar, set int, index, attempt int32) []corev1.EnvVar {
	dst = append(dst,
		corev1.EnvVar{Name: EnvSetMembers, Value: decimal(p.layout.Replicas(set))},
		corev1.EnvVar{Name: EnvProcesses, Value: decimal(p.sets[set].procs)},
		corev1.EnvVar{Name: EnvWorldSize, Value: strconv.FormatInt(p.world, 10)},
		corev1.EnvVar{Name: EnvFirstProcess, Value: strconv.FormatInt(p.FirstProcess(set, index), 10)},
		corev1.EnvVar{Name: EnvDomain, Value: p.Domain()},
		corev1.EnvVar{Name: EnvRank0Host, Value: p.rank0},
	)
	return p.framework.env(dst, replica{set: set, index: index, attempt: attempt})
}

// What every job is told, so that a program of no framework's finds its peers:
// the other replicas are <set>-<index>.$TRAINYARD_DOMAIN.
const (
	// EnvSetMembers is the number of pods in the replica's set.
	EnvSetMembers = "TRAINYARD_SET_MEMBERS"
	// EnvProcesses is the number of processes that the pod starts.
	EnvProcesses = "TRAINYARD_NUM_PROC_PER_NODE"
	// EnvWorldSize is the number of processes in the whole job.
	EnvWorldSize = "TRAINYARD_WORLD_SIZE"
	// EnvFirstProcess is the rank of the pod's first process in the whole job.
	EnvFirstProcess = "TRAINYARD_FIRST_PROCESS"
	// EnvDomain is the domain of every replica's host name.
	EnvDomain = "TRAINYARD_DOMAIN"
	// EnvRank0Host is the host name of rank 0.
	EnvRank0Host = "TRAINYARD_RANK0_HOST"
)

// generic sets nothing: what every framework gets is enough.
type generic struct{}

func (generic) env(dst []corev1.EnvVar, _ replica) []corev1.EnvVar { return dst }
