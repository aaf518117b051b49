package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/trainyard/trainyard/hack/lab/internal/cluster"
	"github.com/trainyard/trainyard/hack/lab/internal/components"
	"github.com/trainyard/trainyard/hack/lab/internal/machine"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

func newUp(o *options) *cobra.Command {
	var want plan.Options
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring the lab up, or complete it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			want.Name, want.StateDir = o.name, o.stateDir
			return o.up(cmd, want)
		},
	}
	f := cmd.Flags()
	f.IntVar(&want.Nodes, "nodes", 0, "real nodes; they need Linux, root and containerd")
	f.IntVar(&want.SimulatedNodes, "simulated-nodes", 4, "simulated nodes")
	f.IntVar(&want.GPUs, "gpus", 8, "GPUs of a simulated node")
	f.IntVar(&want.NodesPerRack, "nodes-per-rack", 2, "simulated nodes in a rack")
	f.IntVar(&want.RacksPerBlock, "racks-per-block", 2, "racks in a block")
	f.StringVar(&want.Subnet, "subnet", "10.250.0.0/16", "a private network that nothing else on this machine uses")
	f.BoolVar(&want.LiftClientLimits, "lift-client-limits", false, "let scheduler, controller manager and kubelets ask without limits, for benchmarks")
	f.BoolVar(&want.AuditWrites, "audit-writes", false, "log who changes what: see `lab logs kube-apiserver-audit`")
	f.StringVar(&want.FeatureGates, "feature-gates", "", "feature gates of every Kubernetes component, as A=true,B=false")
	f.StringVar(&want.RuntimeConfig, "runtime-config", "", "the API server's --runtime-config")
	return cmd
}

func (o *options) up(cmd *cobra.Command, want plan.Options) error {
	ctx := cmd.Context()
	p, err := plan.New(want)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the own program: %w", err)
	}
	c := &cluster.Cluster{Plan: p, Report: o.report, Self: self}
	if err := c.Check(); err != nil {
		return err
	}
	builder, err := o.builder()
	if err != nil {
		return err
	}
	wanted, err := components.Select(nil, runtime.GOOS)
	if err != nil {
		return err
	}
	if c.Bin, err = builder.Build(ctx, wanted); err != nil {
		return err
	}
	if p.Isolated() {
		pause, err := o.buildImage(cmd, filepath.Join(filepath.Dir(builder.Source.Dir), "pause", "image.yaml"))
		if err != nil {
			return err
		}
		c.Pause = pause.Archive
	}
	unlock, err := cluster.Lock(ctx, p.StateDir, o.report)
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.Up(ctx); err != nil {
		return err
	}
	o.report.Printf("the lab is up: export KUBECONFIG=%s", p.Kubeconfig())
	return nil
}

func newDown(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Take the lab away, whatever state it is in",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			unlock := func() {}
			if _, err := os.Stat(o.stateDir); err == nil {
				if unlock, err = cluster.Lock(cmd.Context(), o.stateDir, o.report); err != nil {
					return err
				}
			}
			defer unlock()
			return cluster.Sweep(o.name, o.stateDir).Down(cmd.Context(), o.report)
		},
	}
}

// newMachine is what the lab starts as the first process of each machine.
func newMachine() *cobra.Command {
	return &cobra.Command{
		Use:    "machine SPEC",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(_ *cobra.Command, args []string) error { return machine.Supervise(args[0]) },
	}
}
