// Command memory measures what the manager holds in memory, and what it costs in
// processor time, while hundreds of gangs run and thousands have ended. Nodes
// are simulated, and so are the launchers, which report progress; the manager,
// its rights and the control plane are real.
//
// The launchers answer at the addresses of simulated pods, which for that become
// this machine's own while it runs: that needs root and iproute2.
//
//	go run ./test/bench/memory -manager bin/manager
package main

import (
	"context"
	"errors"
	"flag"
	"strconv"
	"time"

	"github.com/trainyard/trainyard/test/bench/benchlab"
)

const (
	mebibyte = 1 << 20
	// gpus of a simulated node: twice what the running gangs need, so that
	// there is room for those that are to end.
	gpus = 16
)

type options struct {
	manager           string
	running, finished int
	size              int
	nodes             int
	span              time.Duration
	profile           string
}

func main() {
	o := options{}
	flag.StringVar(&o.manager, "manager", "bin/manager", "the manager's program")
	flag.IntVar(&o.running, "running", 500, "gangs that run")
	flag.IntVar(&o.finished, "finished", 2000, "gangs that have ended")
	flag.IntVar(&o.size, "size", 8, "pods of a gang, of one GPU each")
	flag.IntVar(&o.nodes, "nodes", 500, "simulated nodes, of 16 GPUs each")
	flag.DurationVar(&o.span, "span", 10*time.Minute, "how long to watch the manager when all is set up")
	flag.StringVar(&o.profile, "pprof", "0", "the manager's --pprof-bind-address")
	flag.Parse()
	benchlab.Main("bench-memory", o.run)
}

func (o *options) run(ctx context.Context) (err error) {
	launchers, err := serve(ctx, benchlab.Subnet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, launchers.close()) }()
	flags := []string{"--nodes", "0", "--simulated-nodes", strconv.Itoa(o.nodes), "--gpus", strconv.Itoa(gpus), "--lift-client-limits"}
	return benchlab.With(ctx, benchlab.Setup{Flags: flags}, func(ctx context.Context, l *benchlab.Lab) error {
		if err := l.Install(ctx); err != nil {
			return err
		}
		return o.measure(ctx, l, launchers)
	})
}

func (o *options) measure(ctx context.Context, l *benchlab.Lab, launchers *launchers) (err error) {
	m, err := l.StartManager(ctx, o.manager, "--pprof-bind-address="+o.profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Stop()) }()
	if err := launchers.follow(ctx, l.Client); err != nil {
		return err
	}
	if err := o.populate(ctx, l); err != nil {
		return err
	}
	return o.watch(ctx, m, launchers)
}

// watch looks at the manager once a second.
func (o *options) watch(ctx context.Context, m *benchlab.Manager, launchers *launchers) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	first, err := m.Usage()
	if err != nil {
		return err
	}
	asked, begun, said := launchers.asked.Load(), time.Now(), time.Now()
	last, most := first, first.Resident
	for time.Since(begun) < o.span {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if last, err = m.Usage(); err != nil {
			return err
		}
		most = max(most, last.Resident)
		if time.Since(said) >= 30*time.Second {
			said = time.Now()
			benchlab.Say("%.0f of %.0f s: %.0f MiB resident, %.0f MiB at most so far", time.Since(begun).Seconds(), o.span.Seconds(),
				last.Resident/mebibyte, most/mebibyte)
		}
	}
	seconds := time.Since(begun).Seconds()
	benchlab.AtMost("manager_rss", last.Resident/mebibyte, "MiB", 200)
	benchlab.AtMost("manager_rss_most_while_watched", most/mebibyte, "MiB", 200)
	benchlab.Tell("manager_rss_most_ever", last.Peak/mebibyte, "MiB")
	benchlab.Tell("manager_cpu", (last.Processor-first.Processor)/seconds, "cores")
	benchlab.Tell("manager_launchers_asked", float64(launchers.asked.Load()-asked)/seconds, "1/s")
	return nil
}
