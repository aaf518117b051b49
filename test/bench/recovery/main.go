// Command recovery measures how long a real training is interrupted when a node
// is lost or a process dies: two ranks of examples/pytorch-ddp on two of three
// real nodes, as a TrainingJob and, beside it on the same lab, as an Indexed Job
// that runs torchrun.
//
// All times are from the fault, as whoever injects it stamps it, to
//
//	detected    the failure is known: the recovery's record says so; for the
//	            Job, its lost pod is told to go
//	placed      a place is found; for the Job, the replacement is bound
//	sandbox     the replacement's sandbox is seen to be there
//	container   its training container is seen to run
//	ready       every rank has met all others, says the training's own log
//	first_step  the first step after that, says the log
//
// A dead node is one that does not run the manager that leads, and for the Job
// not the one that torchrun's rendezvous lives on. The Job's pods do not tolerate
// an unreachable node; with Kubernetes' defaults they would for 300 s more.
//
// Debian's torchrun is of PyTorch 1.13, whose --redirects and --tee fail under
// Python 3.11 at their default, since enumerations no longer list a zero; given
// for a local rank that is not there (7:1) both work, and redirect nothing.
//
//	sudo go run ./test/bench/recovery
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/test/bench/benchlab"
)

const (
	manifest = "examples/pytorch-ddp/trainingjob.yaml"
	image    = "examples/pytorch-ddp/image.yaml"
	// renewal is how often a kubelet renews its lease: faults come at any point
	// between two renewals.
	renewal = 10 * time.Second
)

type options struct {
	faults       []string
	count, peers int
}

func main() {
	o := options{}
	list := strings.Join(allFaults, ",")
	flag.IntVar(&o.count, "count", 10, "trials of each fault with a TrainingJob; median and worst count")
	flag.IntVar(&o.peers, "peers", 2, "trials of each fault with a Job and torchrun")
	flag.StringVar(&list, "faults", list, "what to break")
	flag.Parse()
	benchlab.Main("bench-recovery", func(ctx context.Context) error {
		if os.Geteuid() != 0 {
			return errors.New("this needs root, for real nodes: run it with sudo")
		}
		for fault := range strings.SplitSeq(list, ",") {
			if !slices.Contains(allFaults, fault) {
				return fmt.Errorf("-faults %s: choose from %s", fault, strings.Join(allFaults, ", "))
			}
			o.faults = append(o.faults, fault)
		}
		return o.run(ctx)
	})
}

func (o *options) run(ctx context.Context) error {
	setup := benchlab.Setup{Flags: []string{"--nodes", "3", "--simulated-nodes", "0"}, Images: []string{image}}
	return benchlab.With(ctx, setup, func(ctx context.Context, l *benchlab.Lab) error {
		content, err := os.ReadFile(manifest)
		if err != nil {
			return err
		}
		b := &bench{lab: l}
		if err := yaml.UnmarshalStrict(content, &b.example); err != nil {
			return fmt.Errorf("reading %s: %w", manifest, err)
		}
		if b.logs, err = newLogs(l.Kubeconfig()); err != nil {
			return err
		}
		for _, fault := range o.faults {
			ours, err := b.trials(ctx, trainingJob, fault, o.count)
			if err != nil {
				return err
			}
			theirs, err := b.trials(ctx, torchrunJob, fault, o.peers)
			if err != nil {
				return err
			}
			tell(fault, ours, theirs)
		}
		return nil
	})
}

// bench is what all trials share.
type bench struct {
	lab     *benchlab.Lab
	logs    *logs
	example v1alpha1.TrainingJob
}

// trials lets one fault happen some times.
func (b *bench) trials(ctx context.Context, c *contender, fault string, count int) ([]*trial, error) {
	var out []*trial
	for i := range count {
		t := &trial{bench: b, contender: c, fault: fault, id: fmt.Sprintf("%s-%s-%d", c.name, fault, i+1), at: map[string]time.Time{}}
		err := t.run(ctx)
		if err := errors.Join(err, t.cleanUp(context.WithoutCancel(ctx))); err != nil {
			return nil, fmt.Errorf("%s: %w", t.id, err)
		}
		benchlab.Say("%s: %s", t.id, t)
		out = append(out, t)
	}
	return out, nil
}

// anyMoment waits for up to a renewal of the lease.
func anyMoment(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(renewal)):
		return nil
	}
}
