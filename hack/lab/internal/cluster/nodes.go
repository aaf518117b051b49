package cluster

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/command"
	"github.com/trainyard/trainyard/hack/lab/internal/config"
	"github.com/trainyard/trainyard/hack/lab/internal/machine"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// startNodes starts every real node that is not dead on purpose, and gives
// each the sandbox image.
func (c *Cluster) startNodes(ctx context.Context) error {
	faults := ReadFaults(c.Plan)
	var group sync.WaitGroup
	errs := make([]error, c.Plan.Nodes)
	for i, m := range c.Plan.RealNodes() {
		if faults[m.Name].Has(FaultKilled) {
			continue
		}
		group.Go(func() { errs[i] = c.startNode(ctx, m) })
	}
	group.Wait()
	return cmp.Or(errs...) // what ails one ails all
}

func (c *Cluster) startNode(ctx context.Context, m plan.Machine) error {
	n := &config.Node{Plan: c.Plan, Machine: m, Host: c.host, Bin: c.Bin}
	files, err := n.Files()
	if err != nil {
		return err
	}
	if err := writeFiles(n.Dir(), files); err != nil {
		return err
	}
	spec := &machine.Spec{
		Name:      m.Name,
		Dir:       n.Dir(),
		Namespace: c.Plan.Namespace(m.Name),
		Overlays:  n.Overlays(),
		Sysctls:   map[string]string{"net/ipv4/ip_forward": "1"},
		Believed:  config.Believed(),
		Fresh:     []string{filepath.Join(n.Dir(), "run")},
		Env:       machineEnv(c.Plan),
		Programs:  withDigests(n.Programs(), n.Dir(), files),
	}
	if err := machine.Start(spec, c.Self); err != nil {
		return err
	}
	if err := awaitContainerd(ctx, c.Plan, m); err != nil {
		return err
	}
	return loadPause(ctx, c.Plan, m, c.Pause)
}

// Socket is where a node's containerd listens, as seen from the host.
func Socket(p *plan.Plan, node string) string {
	return filepath.Join(p.MachineDir(node), "run", "containerd", "containerd.sock")
}

// ctr returns a command of containerd's own client for a node, in the
// namespace in which the kubelet keeps its images.
func ctr(p *plan.Plan, node string, args ...string) []string {
	return append([]string{"ctr", "--address", Socket(p, node), "--namespace", "k8s.io"}, args...)
}

func awaitContainerd(ctx context.Context, p *plan.Plan, m plan.Machine) error {
	err := poll(ctx, 100*time.Millisecond, func(ctx context.Context) (bool, error) {
		if machine.Hopeless(p.MachineDir(m.Name), "containerd") {
			return false, errHopeless
		}
		if _, err := os.Stat(Socket(p, m.Name)); err != nil {
			return false, err
		}
		_, err := command.Run(ctx, ctr(p, m.Name, "version")...)
		return err == nil, err
	})
	if err != nil {
		logFile := filepath.Join(p.LogDir(), m.Name+".containerd.log")
		return fmt.Errorf("containerd of %s does not answer: %w; its last words: %s", m.Name, err, machine.LastLine(logFile))
	}
	return nil
}

func loadPause(ctx context.Context, p *plan.Plan, m plan.Machine, archive string) error {
	if archive == "" {
		return nil
	}
	_, err := command.Run(ctx, ctr(p, m.Name, "images", "import", archive)...)
	return err
}

// StartNode starts one node again with what was rendered for it before.
func StartNode(ctx context.Context, p *plan.Plan, m plan.Machine, self string) error {
	spec, err := machine.Load((&machine.Spec{Dir: p.MachineDir(m.Name)}).File())
	if err != nil {
		return err
	}
	if err := machine.Start(spec, self); err != nil {
		return err
	}
	return awaitContainerd(ctx, p, m)
}
