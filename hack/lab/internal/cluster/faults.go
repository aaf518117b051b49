package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/atomicfile"
	"github.com/trainyard/trainyard/hack/lab/internal/machine"
	"github.com/trainyard/trainyard/hack/lab/internal/network"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// Fault is what is wrong with a node, on purpose.
type Fault string

// The faults a node can have.
const (
	// FaultKilled: kubelet, runtime and every container died at once; the
	// kernel closed their connections.
	FaultKilled Fault = "killed"
	// FaultSilenced: every packet from and to the node vanishes on the wire,
	// which is what the others see of a power loss.
	FaultSilenced Fault = "silenced"
	// FaultCut: the node's cable is unplugged, which the node can see.
	FaultCut Fault = "cut"
	// FaultCutAPI: only packets between the node and the API server vanish.
	FaultCutAPI Fault = "cut-api"
)

// Faults is the set of faults of one node.
type Faults []Fault

// Has says whether one of the faults is f.
func (f Faults) Has(one Fault) bool { return slices.Contains(f, one) }

func faultsFile(p *plan.Plan) string { return filepath.Join(p.StateDir, "faults.json") }

// ReadFaults returns the faults of every node that has any.
func ReadFaults(p *plan.Plan) map[string]Faults {
	all := map[string]Faults{}
	if content, err := os.ReadFile(faultsFile(p)); err == nil {
		_ = json.Unmarshal(content, &all) // what cannot be read is no fault
	}
	return all
}

func writeFaults(p *plan.Plan, all map[string]Faults) error {
	content, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode the faults: %w", err)
	}
	return atomicfile.Write(faultsFile(p), content, 0o644)
}

// Inject does something bad to a node and returns the instant of it: the last
// one at which the node was certainly whole. The fault is complete a few
// milliseconds later at most.
func Inject(ctx context.Context, p *plan.Plan, m plan.Machine, f Fault) (time.Time, error) {
	all := ReadFaults(p)
	if !all[m.Name].Has(f) {
		all[m.Name] = append(all[m.Name], f)
	}
	if err := writeFaults(p, all); err != nil {
		return time.Time{}, err
	}
	at := time.Now()
	if f == FaultKilled {
		return at, machine.Kill(p.MachineDir(m.Name))
	}
	if err := network.Drop(ctx, p, affected(p, all, FaultSilenced, FaultCut), affected(p, all, FaultCutAPI)); err != nil {
		return at, err
	}
	if f == FaultCut {
		return at, network.Disconnect(ctx, p, m)
	}
	return at, nil
}

// Heal undoes every fault of a node: its cable is whole again and, if it had
// been killed, it starts. It returns the instant at which the wire was whole.
func Heal(ctx context.Context, p *plan.Plan, m plan.Machine, self string) (time.Time, error) {
	all := ReadFaults(p)
	killed := all[m.Name].Has(FaultKilled)
	delete(all, m.Name)
	if err := network.Connect(ctx, p, m); err != nil {
		return time.Time{}, err
	}
	if err := network.Drop(ctx, p, affected(p, all, FaultSilenced, FaultCut), affected(p, all, FaultCutAPI)); err != nil {
		return time.Time{}, err
	}
	at := time.Now()
	if err := writeFaults(p, all); err != nil {
		return at, err
	}
	if killed {
		return at, StartNode(ctx, p, m, self)
	}
	return at, nil
}

// Restart turns a node off, if it runs, and on again. Faults of its network
// stay. It returns the instant at which it was turned off.
func Restart(ctx context.Context, p *plan.Plan, m plan.Machine, self string) (time.Time, error) {
	at := time.Now()
	if err := machine.Kill(p.MachineDir(m.Name)); err != nil {
		return at, err
	}
	all := ReadFaults(p)
	all[m.Name] = slices.DeleteFunc(all[m.Name], func(f Fault) bool { return f == FaultKilled })
	maps.DeleteFunc(all, func(_ string, f Faults) bool { return len(f) == 0 })
	if err := writeFaults(p, all); err != nil {
		return at, err
	}
	return at, StartNode(ctx, p, m, self)
}

// affected lists the real nodes that have one of the faults.
func affected(p *plan.Plan, all map[string]Faults, faults ...Fault) []plan.Machine {
	var machines []plan.Machine
	for _, m := range p.RealNodes() {
		if slices.ContainsFunc(faults, all[m.Name].Has) {
			machines = append(machines, m)
		}
	}
	return machines
}
