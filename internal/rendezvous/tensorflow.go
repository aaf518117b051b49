package rendezvous

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// The types of task that TensorFlow knows.
const (
	taskChief     = "chief"
	taskWorker    = "worker"
	taskPS        = "ps"
	taskEvaluator = "evaluator"
)

// portTensorFlow is what TensorFlow's examples use.
const portTensorFlow = 2222

// tensorFlow serves TF_CONFIG: the cluster, which is the same for all, and the
// task of the one who reads it.
type tensorFlow struct {
	// head is TF_CONFIG up to the task.
	head string
	// tasks are what the replicas of each set are to TensorFlow.
	tasks map[int]task
}

type task struct {
	kind string
	// first is the index of the set's first replica among all of its kind.
	first int32
}

func newTensorFlow(p *Plan, m *meeting) (*tensorFlow, error) {
	f := &tensorFlow{tasks: map[int]task{}}
	cluster := map[string][]string{}
	count := map[string]int32{}
	for _, set := range m.sets {
		kind := taskOf(p.layout.Name(set))
		f.tasks[set] = task{kind: kind, first: count[kind]}
		count[kind] += p.layout.Replicas(set)
		if kind == taskEvaluator {
			continue // it reads checkpoints and is no member of the cluster
		}
		for index := range p.layout.Replicas(set) {
			address := p.Host(set, index) + ":" + decimal(p.port(set, index, portTensorFlow))
			cluster[kind] = append(cluster[kind], address)
		}
	}
	raw, err := json.Marshal(cluster)
	if err != nil {
		return nil, fmt.Errorf("encode TF_CONFIG: %w", err)
	}
	f.head = `{"cluster":` + string(raw) + `,"environment":"cloud","task":`
	if len(f.head) > maxVariable {
		return nil, fmt.Errorf("spec.replicaSpecs: the list of hosts in TF_CONFIG has %d bytes and Linux passes %d: use fewer replicas, or shorter names for the sets, the job and its namespace", len(f.head), maxVariable)
	}
	return f, nil
}

// maxVariable is what Linux passes of one variable to a program (MAX_ARG_STRLEN,
// 128 KiB), less room for the name and for what differs between ranks.
const maxVariable = 128<<10 - 1<<10

func (*tensorFlow) name() v1alpha1.Framework { return v1alpha1.FrameworkTensorFlow }

func (f *tensorFlow) appendEnv(dst []corev1.EnvVar, r replica) []corev1.EnvVar {
	t := f.tasks[r.set]
	return append(dst, corev1.EnvVar{
		Name:  "TF_CONFIG",
		Value: f.head + `{"type":"` + t.kind + `","index":` + decimal(t.first+r.index) + `}}`,
	})
}

// taskOf is the type of task that a set's name asks for; every set of another
// name holds workers.
func taskOf(set string) string {
	switch set {
	case "chief", "master", "coordinator":
		return taskChief
	case "ps", "parameter-server", "parameter-servers":
		return taskPS
	case "evaluator", "eval":
		return taskEvaluator
	}
	return taskWorker
}
