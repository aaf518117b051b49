package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/trainyard/trainyard/hack/lab/internal/cluster"
)

func newKubeconfig(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the path of the administrator's kubeconfig",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := cluster.Open(o.stateDir)
			if err != nil {
				return err
			}
			fmt.Fprintln(o.out, p.Kubeconfig())
			return nil
		},
	}
}

// ErrUnhealthy says that something in the lab does not run that should.
var ErrUnhealthy = errors.New("not everything runs: see `lab logs`")

func newStatus(o *options) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say what runs; exit 1 if something does not that should",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := cluster.Open(o.stateDir)
			if err != nil {
				return err
			}
			machines := cluster.Machines(p)
			if format == "json" {
				err = json.NewEncoder(o.out).Encode(machines)
			} else {
				err = o.printMachines(machines)
			}
			if err != nil {
				return err
			}
			for _, m := range machines {
				if !m.Healthy() {
					return ErrUnhealthy
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a table")
	return cmd
}

func (o *options) printMachines(machines []cluster.MachineStatus) error {
	w := tabwriter.NewWriter(o.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "MACHINE\tPROGRAM\tSTATE\tRESTARTS")
	for _, m := range machines {
		for _, program := range m.Programs {
			state := "running"
			switch {
			case m.Faults.Has(cluster.FaultKilled):
				state = "killed"
			case !m.Running || !program.Running:
				state = "stopped"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", m.Name, program.Name, state, program.Restarts)
		}
	}
	return w.Flush()
}

func newLogs(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "logs [COMPONENT]",
		Short: "Print a component's log, or list the components",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := cluster.Open(o.stateDir)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return o.printLog(filepath.Join(p.LogDir(), filepath.Base(args[0])+".log"))
			}
			for _, name := range logNames(p.LogDir()) {
				fmt.Fprintln(o.out, name)
			}
			return nil
		},
	}
}

func (o *options) printLog(file string) error {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s has no log: choose from %s", strings.TrimSuffix(filepath.Base(file), ".log"),
			strings.Join(logNames(filepath.Dir(file)), ", "))
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(o.out, f)
	return err
}

func logNames(dir string) []string {
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return nil
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".log")
	}
	return files
}
