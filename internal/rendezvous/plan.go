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
	sets   []group
	// samePorts has all replicas on the host's network listen on the same.
	samePorts bool
}

// group is what the replicas of one set have in common.
type group struct {
	meeting   *meeting
	framework framework
	processes int32
	// firstNode and firstProcess count the first replica, and its first
	// process, within the meeting.
	firstNode    int32
	firstProcess int64
	hostNetwork  bool
	// awaits tells whether the replicas can count on rank 0 to come up.
	awaits bool
}

// framework knows the variables of the replicas of one meeting.
type framework interface {
	name() v1alpha1.Framework
	appendEnv(dst []corev1.EnvVar, r replica) []corev1.EnvVar
}

// replica is one pod of the job.
type replica struct {
	set            int
	index, attempt int32
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
	order := dependencies{job: job, layout: p.layout}
	for i, m := range meetings(job, p.layout) {
		for _, set := range m.sets {
			template := &job.Spec.ReplicaSpecs[set].Template.Spec
			_, rank0Waits := order.waits(0, set)
			p.sets[set] = group{
				meeting: m, processes: processes(job, template), hostNetwork: template.HostNetwork,
				firstNode: m.pods, firstProcess: m.processes, awaits: i == 0 && !rank0Waits,
			}
			m.pods += p.layout.Replicas(set)
			m.processes += int64(p.sets[set].processes) * int64(p.layout.Replicas(set))
		}
		f, err := p.framework(job.Spec.Framework, m)
		if err != nil {
			return nil, err
		}
		for _, set := range m.sets {
			p.sets[set].framework = f
		}
	}
	return p, nil
}

func (p *Plan) framework(name v1alpha1.Framework, m *meeting) (framework, error) {
	switch name {
	case v1alpha1.FrameworkPyTorch:
		return newPyTorch(p, m), nil
	case v1alpha1.FrameworkJAX:
		return newJAX(p, m), nil
	case v1alpha1.FrameworkTensorFlow:
		return newTensorFlow(p, m)
	case v1alpha1.FrameworkMPI:
		if m.leader() == 0 {
			return newMPI(p, m)
		}
		return generic{}, nil // a set beside the MPI job runs its own command
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

// Framework is the framework that the launchers of a set's replicas serve.
func (p *Plan) Framework(set int) v1alpha1.Framework { return p.sets[set].framework.name() }

// AwaitsRank0 tells whether a replica of the set may wait for rank 0 to be up:
// they meet, and rank 0 does not wait for this set.
func (p *Plan) AwaitsRank0(set int) bool { return p.sets[set].awaits }

// What every replica is told, so that a program of no framework's finds its
// peers, which are <set>-<index>.$TRAINYARD_DOMAIN.
const (
	// EnvSetMembers is the number of pods in the replica's set.
	EnvSetMembers = "TRAINYARD_SET_MEMBERS"
	// EnvProcesses is the number of processes that the pod starts.
	EnvProcesses = "TRAINYARD_NUM_PROC_PER_NODE"
	// EnvWorldSize is the number of processes that meet.
	EnvWorldSize = "TRAINYARD_WORLD_SIZE"
	// EnvFirstProcess is the rank among them of the pod's first process.
	EnvFirstProcess = "TRAINYARD_FIRST_PROCESS"
	// EnvDomain is the domain of every replica's host name.
	EnvDomain = "TRAINYARD_DOMAIN"
	// EnvLeaderHost is the host name of the pod with the first process.
	EnvLeaderHost = "TRAINYARD_LEADER_HOST"
)

// AppendEnv appends the variables through which the replica's processes find
// the others: those of every job, then those of its framework.
func (p *Plan) AppendEnv(dst []corev1.EnvVar, set int, index, attempt int32) []corev1.EnvVar {
	g := &p.sets[set]
	dst = append(dst,
		corev1.EnvVar{Name: EnvSetMembers, Value: decimal(p.layout.Replicas(set))},
		corev1.EnvVar{Name: EnvProcesses, Value: decimal(g.processes)},
		corev1.EnvVar{Name: EnvWorldSize, Value: decimal(g.meeting.processes)},
		corev1.EnvVar{Name: EnvFirstProcess, Value: decimal(g.process(index))},
		corev1.EnvVar{Name: EnvDomain, Value: p.domain[1:]},
		corev1.EnvVar{Name: EnvLeaderHost, Value: p.Host(g.meeting.leader(), 0)},
	)
	return g.framework.appendEnv(dst, replica{set: set, index: index, attempt: attempt})
}

// node is the number of a replica's pod in its meeting.
func (g *group) node(index int32) int32 { return g.firstNode + index }

// process is the number of a replica's first process in its meeting.
func (g *group) process(index int32) int64 {
	return g.firstProcess + int64(index)*int64(g.processes)
}

// address is where the processes of a meeting meet.
func (p *Plan) address(m *meeting, port int32) (host, number string) {
	return p.Host(m.leader(), 0), decimal(p.port(m.leader(), 0, port))
}

func decimal[T int32 | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// generic sets nothing: what every framework gets is enough.
type generic struct{}

func (generic) name() v1alpha1.Framework { return v1alpha1.FrameworkGeneric }

func (generic) appendEnv(dst []corev1.EnvVar, _ replica) []corev1.EnvVar { return dst }
