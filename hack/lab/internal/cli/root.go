// Package cli is the lab's command line: flags, wiring and what is printed.
// Results go to standard output, progress and errors to standard error.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/trainyard/trainyard/hack/lab/internal/progress"
)

// Main runs the lab with the process's arguments and returns the exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := New(os.Stdout, os.Stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "lab: "+err.Error())
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) && coded.ExitCode() > 0 {
		return coded.ExitCode()
	}
	return 1
}

// options are what every command shares.
type options struct {
	out    io.Writer
	report *progress.Reporter
	cache  string
	source string
	// name and stateDir say which lab.
	name     string
	stateDir string
}

// New returns the root command.
func New(out, errOut io.Writer) *cobra.Command {
	o := &options{out: out, report: progress.To(errOut)}
	root := &cobra.Command{
		Use:           "lab",
		Short:         "A real Kubernetes cluster on one machine, with real and simulated nodes",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(out)
	root.SetErr(errOut)
	flags := root.PersistentFlags()
	flags.StringVar(&o.cache, "cache", defaultCache(), "folder for what is built and kept between labs (env TRAINYARD_CACHE)")
	flags.StringVar(&o.source, "source", "", "folder hack/lab/components of a checkout (default: looked for upwards)")
	flags.StringVar(&o.name, "name", cmp.Or(os.Getenv("TRAINYARD_LAB_NAME"), "lab"), "name of the lab, for there can be several (env TRAINYARD_LAB_NAME)")
	flags.StringVar(&o.stateDir, "state-dir", os.Getenv("TRAINYARD_LAB_STATE_DIR"),
		"folder of the lab's state (env TRAINYARD_LAB_STATE_DIR; default: ~/.local/state/trainyard/NAME)")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return o.completeStateDir() }
	root.AddCommand(newBuild(o), newUp(o), newDown(o), newNode(o), newImage(o),
		newKubeconfig(o), newStatus(o), newLogs(o), newMachine())
	return root
}

func (o *options) completeStateDir() error {
	if o.stateDir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("find the home folder: %w: say --state-dir", err)
		}
		o.stateDir = filepath.Join(cmp.Or(os.Getenv("XDG_STATE_HOME"), filepath.Join(home, ".local", "state")), "trainyard", o.name)
	}
	abs, err := filepath.Abs(o.stateDir)
	if err != nil {
		return fmt.Errorf("make %s absolute: %w", o.stateDir, err)
	}
	o.stateDir = abs
	return nil
}

func defaultCache() string {
	if dir := os.Getenv("TRAINYARD_CACHE"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = os.TempDir()
	}
	return filepath.Join(home, ".cache", "trainyard")
}
