package cluster

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trainyard/trainyard/hack/lab/internal/machine"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// MachineStatus is a machine and what runs on it.
type MachineStatus struct {
	Name     string                  `json:"name"`
	Running  bool                    `json:"running"`
	Faults   Faults                  `json:"faults,omitempty"`
	Programs []machine.ProgramStatus `json:"programs"`
}

// Healthy says whether everything runs that nobody has killed on purpose.
func (m *MachineStatus) Healthy() bool {
	if m.Faults.Has(FaultKilled) {
		return true
	}
	stopped := func(p machine.ProgramStatus) bool { return !p.Running }
	return m.Running && len(m.Programs) > 0 && !slices.ContainsFunc(m.Programs, stopped)
}

// Machines says how every machine of the lab is.
func Machines(p *plan.Plan) []MachineStatus {
	faults := ReadFaults(p)
	var all []MachineStatus
	for _, m := range p.Machines() {
		dir := p.MachineDir(m.Name)
		status, _ := machine.ReadStatus(dir) // none yet: no programs
		all = append(all, MachineStatus{
			Name: m.Name, Running: machine.PID(dir) != 0, Faults: faults[m.Name], Programs: status.Programs})
	}
	return all
}

// NodeStatus is a node as a script wants to know it.
type NodeStatus struct {
	Name string `json:"name"`
	// Kind is real or simulated.
	Kind    string `json:"kind"`
	Address string `json:"address,omitempty"`
	Pods    string `json:"pods,omitempty"`
	// Ready is True, False or Unknown, as the API server has it.
	Ready  string `json:"ready"`
	Faults Faults `json:"faults,omitempty"`
}

// Nodes lists the lab's nodes. Where the API server does not answer, Ready is
// Unknown.
func Nodes(ctx context.Context, p *plan.Plan) []NodeStatus {
	ready := readiness(ctx, p)
	faults := ReadFaults(p)
	var all []NodeStatus
	for _, m := range p.RealNodes() {
		all = append(all, NodeStatus{Name: m.Name, Kind: "real", Address: m.Addresses[0].String(),
			Pods: m.Pods.String(), Ready: ready(m.Name), Faults: faults[m.Name]})
	}
	for _, n := range p.Simulated() {
		all = append(all, NodeStatus{Name: n.Name, Kind: "simulated", Ready: ready(n.Name)})
	}
	return all
}

func readiness(ctx context.Context, p *plan.Plan) func(string) string {
	known := map[string]string{}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if client, err := Connect(p); err == nil {
		if list, err := client.Core.Nodes().List(ctx, metav1.ListOptions{}); err == nil {
			for i := range list.Items {
				known[list.Items[i].Name] = condition(&list.Items[i])
			}
		}
	}
	return func(name string) string {
		if status, ok := known[name]; ok {
			return status
		}
		return string(corev1.ConditionUnknown)
	}
}

func condition(n *corev1.Node) string {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return string(c.Status)
		}
	}
	return string(corev1.ConditionUnknown)
}
