package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/trainyard/trainyard/hack/lab/internal/cluster"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

func newNode(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "node", Short: "Break nodes and mend them"}
	var apiOnly bool
	cut := o.faultCommand("cut NAME", "Unplug a node's cable, or with --api-only drop what it exchanges with the API server",
		func(ctx context.Context, p *plan.Plan, m plan.Machine, _ string) (time.Time, error) {
			if apiOnly {
				return cluster.Inject(ctx, p, m, cluster.FaultCutAPI)
			}
			return cluster.Inject(ctx, p, m, cluster.FaultCut)
		})
	cut.Flags().BoolVar(&apiOnly, "api-only", false, "cut only the path to the API server")
	cmd.AddCommand(cut,
		o.faultCommand("kill NAME", "End a node's kubelet, runtime and containers at once", inject(cluster.FaultKilled)),
		o.faultCommand("silence NAME", "Drop every packet from and to a node, without a reset, as a power loss does", inject(cluster.FaultSilenced)),
		o.faultCommand("restart NAME", "Turn a node off, if it runs, and on", cluster.Restart),
		o.faultCommand("heal NAME", "Undo every fault of a node", cluster.Heal),
		newNodeList(o))
	return cmd
}

// act does something to a node and returns the instant of it.
type act func(ctx context.Context, p *plan.Plan, m plan.Machine, self string) (time.Time, error)

func inject(f cluster.Fault) act {
	return func(ctx context.Context, p *plan.Plan, m plan.Machine, _ string) (time.Time, error) {
		return cluster.Inject(ctx, p, m, f)
	}
}

// faultCommand prints, alone on a line, the instant at which the fault took
// effect.
func (o *options) faultCommand(use, short string, do act) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, m, err := o.realNode(args[0])
			if err != nil {
				return err
			}
			unlock, err := cluster.Lock(cmd.Context(), p.StateDir, o.report)
			if err != nil {
				return err
			}
			defer unlock()
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find the own program: %w", err)
			}
			at, err := do(cmd.Context(), p, m, self)
			if err != nil {
				return err
			}
			fmt.Fprintln(o.out, at.UTC().Format(time.RFC3339Nano))
			return nil
		},
	}
}

func (o *options) realNode(name string) (*plan.Plan, plan.Machine, error) {
	p, err := cluster.Open(o.stateDir)
	if err != nil {
		return nil, plan.Machine{}, err
	}
	if m, ok := p.FindNode(name); ok {
		return p, m, nil
	}
	names := make([]string, 0, p.Nodes)
	for _, m := range p.RealNodes() {
		names = append(names, m.Name)
	}
	if len(names) == 0 {
		return nil, plan.Machine{}, fmt.Errorf("node %q: this lab has no real nodes: begin one with `lab up --nodes 3`", name)
	}
	return nil, plan.Machine{}, fmt.Errorf("node %q is no real node of this lab: choose from %s", name, strings.Join(names, ", "))
}

func newNodeList(o *options) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the nodes and what is wrong with them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := cluster.Open(o.stateDir)
			if err != nil {
				return err
			}
			nodes := cluster.Nodes(cmd.Context(), p)
			if format == "json" {
				return json.NewEncoder(o.out).Encode(nodes)
			}
			w := tabwriter.NewWriter(o.out, 0, 0, 3, ' ', 0)
			fmt.Fprintln(w, "NAME\tKIND\tADDRESS\tPODS\tREADY\tFAULTS")
			for _, n := range nodes {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", n.Name, n.Kind, n.Address, n.Pods, n.Ready, joined(n.Faults))
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a table")
	return cmd
}

func joined(faults cluster.Faults) string {
	words := make([]string, len(faults))
	for i, f := range faults {
		words[i] = string(f)
	}
	return strings.Join(words, ",")
}
