// Package cli is the lab's command line: flags, wiring and what is printed.
// Results go to standard output, progress and errors to standard error.
package cli

import (
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
	root.AddCommand(newBuild(o))
	return root
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
