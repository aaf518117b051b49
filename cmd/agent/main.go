// Command agent is a node's agent: it reads the node's devices, says what their
// signals mean, keeps the node's NodeHardware true and serves metrics.
//
//	agent run      work as the node's agent
//	agent probe    take one sample, say what it means, and exit
//	agent replay   say what a policy would have said about a recording
//	agent policy   check a HardwarePolicy in a file
//	agent rules    print the built-in rules
//	agent release  let go of the GPUs so that one can be reset
//	agent resume   take the GPUs up again
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"k8s.io/utils/clock"
)

// streams are where a command reads and writes.
type streams struct {
	out, err io.Writer
	clock    clock.WithTicker
}

type command struct {
	name, help string
	run        func(ctx context.Context, s streams, args []string) error
}

func commands() []command {
	return []command{
		{"run", "work as the node's agent", run},
		{"probe", "take one sample, say what it means, and exit", probe},
		{"replay", "FILE: say what a policy would have said about a recording", replay},
		{"policy", "FILE: check a HardwarePolicy", checkPolicy},
		{"rules", "print the built-in rules", rules},
		{"release", "let go of the GPUs so that one can be reset", release},
		{"resume", "take the GPUs up again", resume},
		{"probe-device", "UUID: read one GPU, for an agent whose own call hangs", probeDevice},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, streams{os.Stdout, os.Stderr, clock.RealClock{}}, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, s streams, args []string) error {
	if len(args) == 0 {
		usage(s.err)
		return errors.New("name a command, for example: agent probe")
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, s, args[1:])
		}
	}
	usage(s.err)
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return nil
	}
	return fmt.Errorf("%q is no command; see the list above", args[0])
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: agent COMMAND [flags]")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-13s %s\n", c.name, c.help)
	}
	fmt.Fprintln(w, "  agent COMMAND -h lists a command's flags")
}

// parse reads a command's flags and returns what is left, which must be want
// words long.
func parse(flags *flag.FlagSet, args []string, want int) ([]string, error) {
	if err := flags.Parse(args); err != nil {
		return nil, fmt.Errorf("agent %s: %w", flags.Name(), err)
	}
	rest := flags.Args()
	if len(rest) > want { // flags may follow words
		words := rest[:want:want]
		if err := flags.Parse(rest[want:]); err != nil {
			return nil, fmt.Errorf("agent %s: %w", flags.Name(), err)
		}
		rest = slices.Concat(words, flags.Args())
	}
	if len(rest) != want {
		return nil, fmt.Errorf("agent %s takes %d words beside its flags, and got %d: %q", flags.Name(), want, len(rest), rest)
	}
	return rest, nil
}
