package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/agent"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// options say which fleet lives through what.
type options struct {
	servers int
	span    time.Duration
	// nuisances scales how often they come.
	nuisances float64
	seed      uint64
	policy    hardware.Policy
	progress  io.Writer
}

func main() {
	o := options{nuisances: 1, progress: os.Stderr}
	flag.IntVar(&o.servers, "servers", traceServers, "how many servers; the trace has 400")
	days := flag.Int("days", traceDays, "how many days of the trace's 348")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of what is random")
	policyFile := flag.String("policy", "", "a HardwarePolicy to judge by; empty is the built-in one")
	verbose := flag.Bool("v", false, "list every false alarm and every incident")
	flag.Parse()
	o.span = time.Duration(*days) * day
	if err := run(o, *policyFile, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "simyear:", err)
		os.Exit(1)
	}
}

func run(o options, policyFile string, verbose bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if o.policy, err = readPolicy(policyFile); err != nil {
		return err
	}
	y, err := simulate(ctx, o)
	if err != nil {
		return err
	}
	y.table(os.Stdout, verbose)
	y.figures(os.Stdout)
	return nil
}

func readPolicy(file string) (hardware.Policy, error) {
	if file == "" {
		return hardware.Defaults(), nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return hardware.Policy{}, err
	}
	var p v1alpha1.HardwarePolicy
	if err := yaml.UnmarshalStrict(content, &p); err != nil {
		return hardware.Policy{}, fmt.Errorf("%s is no HardwarePolicy: %w", file, err)
	}
	return agent.PolicyFor(&p)
}

// simulate lets all servers live, as many at once as there are processors.
func simulate(ctx context.Context, o options) (*year, error) {
	p, err := newPlan(o)
	if err != nil {
		return nil, err
	}
	judges, errs := make([]*judge, o.servers), make([]error, o.servers)
	var next, done atomic.Int64
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for server := int(next.Add(1)) - 1; server < o.servers; server = int(next.Add(1)) - 1 {
				judges[server], errs[server] = live(ctx, p, server, o.seed<<16)
				if n := done.Add(1); n%20 == 0 {
					fmt.Fprintf(o.progress, "%d of %d servers lived\n", n, o.servers)
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return summarise(p, judges), nil
}
