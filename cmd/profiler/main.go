// Command profiler says whether data has drifted. It needs no cluster.
//
//	profiler compare   hold current data against a reference
//	profiler profile   save a reference, to compare with it often
//	profiler watch     replay a stream in windows, and see when it drifted
//	profiler evaluate  hold a candidate model against the champion
//	profiler merge     join the parts that compare --shard wrote
//	profiler import    turn a suite of another tool into a schema file
//
// It exits with 0 if nothing drifted, 1 for a drift, 2 where the data is not fit
// to be judged, and 3 for an error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"k8s.io/utils/clock"
)

// The exit codes.
const (
	exitNothing = 0
	exitDrift   = 1
	exitBadData = 2
	exitError   = 3
)

// grace is how long a command may take to end after a signal.
const grace = 700 * time.Millisecond

// streams are where a command reads and writes.
type streams struct {
	out, err io.Writer
	clock    clock.WithTicker
	cleanup  *cleanup
}

type command struct {
	name, help string
	run        func(ctx context.Context, s streams, args []string) (code int, err error)
}

func commands() []command {
	return []command{
		{"compare", "hold current data against a reference, column by column", runCompare},
		{"profile", "save a reference, to compare with it often", runProfile},
		{"watch", "replay a stream in windows, and see when it drifted", runWatch},
		{"evaluate", "hold a candidate model against the champion, on the same rows", runEvaluate},
		{"merge", "join the parts that compare --shard wrote", runMerge},
		{"import", "turn a suite of Evidently or Great Expectations into a schema file", runImport},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	s := streams{os.Stdout, os.Stderr, clock.RealClock{}, &cleanup{}}
	os.Exit(supervise(ctx, stop, s, os.Args[1:]))
}

// supervise runs a command and, once a signal came, waits no longer than grace for
// it: a column can take longer than that to sort.
func supervise(ctx context.Context, stop func(), s streams, args []string) int {
	type result struct {
		code int
		err  error
	}
	done := make(chan result, 1)
	go func() {
		// A panic's own exit code would read as bad data.
		defer func() {
			if r := recover(); r != nil {
				done <- result{exitError, fmt.Errorf("this is a fault of the profiler, please report it: %v\n%s", r, debug.Stack())}
			}
		}()
		code, err := dispatch(ctx, s, args)
		done <- result{code, err}
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		stop() // a second signal ends the process as it always would
		select {
		case r = <-done:
		case <-s.clock.After(grace):
			r = result{exitError, errors.New("stopped by a signal")}
		}
	}
	s.cleanup.all()
	if r.err == nil || errors.Is(r.err, flag.ErrHelp) {
		return r.code
	}
	fmt.Fprintln(s.err, "profiler:", r.err)
	return exitError
}

func dispatch(ctx context.Context, s streams, args []string) (int, error) {
	if len(args) == 0 {
		usage(s.err)
		return exitError, errors.New("name a command, for example: profiler compare --reference a.parquet --current b.parquet")
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, s, args[1:])
		}
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(s.out)
		return exitNothing, nil
	}
	usage(s.err)
	return exitError, fmt.Errorf("%q is no command; see the list above", args[0])
}

func usage(w io.Writer) {
	fmt.Fprint(w, `profiler says whether data has drifted.

  profiler compare --reference last-year.parquet --current this-week.parquet

Commands:
`)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.help)
	}
	fmt.Fprint(w, `
  profiler COMMAND -h lists a command's flags.

It exits with 0 if nothing drifted, 1 for a drift, 2 where the data is not fit to
be judged, 3 for an error.
`)
}

// cleanup is what must be undone however the program ends.
type cleanup struct {
	lock  sync.Mutex
	steps []func()
}

func (c *cleanup) add(step func()) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.steps = append(c.steps, step)
}

func (c *cleanup) all() {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, step := range c.steps {
		step()
	}
	c.steps = nil
}
