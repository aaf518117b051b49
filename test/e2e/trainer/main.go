package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopped is the exit code of a process that ended because of a SIGTERM.
const stopped = 143

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	cancel()
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled):
		os.Exit(stopped)
	default:
		fmt.Fprintln(os.Stderr, "trainer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == "meet" {
		return meet(ctx, os.Getenv)
	}
	flags := flag.NewFlagSet("trainer", flag.ContinueOnError)
	var t training
	flags.Int64Var(&t.steps, "steps", 1<<40, "steps to take")
	flags.DurationVar(&t.every, "every", 100*time.Millisecond, "how long a step takes")
	flags.Int64Var(&t.commitEvery, "commit-every", 5, "steps between two checkpoints")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return t.run(ctx)
}
