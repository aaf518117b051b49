// Command gang measures how long a gang takes from its creation until all its
// pods run, beside a batch/v1 Indexed Job of the same pods, in turn on the same
// cluster, and what the manager writes for it. The same pods are told the same:
// a Job's template lists the variables that a TrainingJob's pods get. A Job
// without them is timed as well. The nodes are simulated; control plane, manager
// and policies are real. Client limits are lifted for all parties alike, and
// once all are left at their defaults.
//
//	go run ./test/bench/gang -manager bin/manager
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/trainyard/trainyard/test/bench/benchlab"
)

type options struct {
	manager string
	sizes   []int
	rounds  int
	nodes   int
	profile string
}

func main() {
	o := options{}
	sizes := "8,64,512"
	flag.StringVar(&o.manager, "manager", "bin/manager", "the manager's program")
	flag.StringVar(&sizes, "sizes", sizes, "numbers of pods of a gang")
	flag.IntVar(&o.rounds, "rounds", 5, "gangs, and Jobs, of each size, at most 3 with default limits, and more of small ones; the median counts")
	flag.IntVar(&o.nodes, "nodes", 80, "simulated nodes, of 8 GPUs each; a pod takes one GPU")
	flag.StringVar(&o.profile, "pprof", "0", "the manager's --pprof-bind-address")
	flag.Parse()
	benchlab.Main("bench-gang", func(ctx context.Context) error {
		for text := range strings.SplitSeq(sizes, ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > o.nodes*8 {
				return fmt.Errorf("-sizes %s: a gang has 1 to %d pods, as many as -nodes %d have GPUs", sizes, o.nodes*8, o.nodes)
			}
			o.sizes = append(o.sizes, n)
		}
		return o.run(ctx)
	})
}

// limits are the client limits of one part of the benchmark.
type limits struct {
	name    string
	rounds  int
	lab     []string
	manager []string
}

// enough pods are started of every size: a small gang takes a tenth of a second,
// and a single one of a Job's may take twice as long as the next.
const enough = 200

func (l *limits) roundsOf(size int) int { return max(l.rounds, enough/size) }

func (o *options) run(ctx context.Context) error {
	lab := []string{"--nodes", "0", "--simulated-nodes", strconv.Itoa(o.nodes), "--gpus", "8", benchlab.AuditFlag}
	lifted := limits{"lifted", o.rounds, append([]string{"--lift-client-limits"}, lab...), []string{"--kube-api-qps=10000", "--kube-api-burst=20000"}}
	return benchlab.With(ctx, benchlab.Setup{Flags: lifted.lab}, func(ctx context.Context, l *benchlab.Lab) error {
		if err := l.Install(ctx); err != nil {
			return err
		}
		for _, part := range []limits{lifted, {"default", min(3, o.rounds), lab, nil}} {
			if err := l.Change(ctx, part.lab); err != nil {
				return err
			}
			if err := o.measure(ctx, l, &part); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o *options) measure(ctx context.Context, l *benchlab.Lab, part *limits) (err error) {
	m, err := l.StartManager(ctx, o.manager, append(part.manager, "--pprof-bind-address="+o.profile)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Stop()) }()
	for _, c := range contenders { // what is done for the first time is not counted
		if _, err := c.start(ctx, l, "warm-up", 1); err != nil {
			return err
		}
		if err := c.remove(ctx, l, "warm-up"); err != nil {
			return err
		}
	}
	for _, size := range o.sizes {
		benchlab.Say("%d pods, client limits %s, %d rounds", size, part.name, part.roundsOf(size))
		if err := compare(ctx, l, part, size); err != nil {
			return err
		}
	}
	return nil
}

// compare starts gangs and Jobs of one size in turn.
func compare(ctx context.Context, l *benchlab.Lab, part *limits, size int) error {
	took := make([][]float64, len(contenders))
	var written benchlab.Writes
	rounds := part.roundsOf(size)
	for round := range rounds {
		for k := range contenders {
			which := (round + k) % len(contenders) // who begins alternates
			c := contenders[which]
			name := fmt.Sprintf("%s-%d", c.name, size)
			begun := time.Now()
			seconds, err := c.start(ctx, l, name, size)
			if err != nil {
				return err
			}
			took[which] = append(took[which], seconds)
			if which == 0 && round == rounds-1 {
				if written, err = settled(ctx, l, name, begun); err != nil {
					return err
				}
			}
			if err := c.remove(ctx, l, name); err != nil {
				return err
			}
		}
	}
	prefix := fmt.Sprintf("gang_%d_limits_%s_", size, part.name)
	for which, c := range contenders {
		benchlab.Tell(prefix+c.name, benchlab.Median(took[which]), "s")
	}
	ours, same, bare := benchlab.Median(took[0]), benchlab.Median(took[1]), benchlab.Median(took[2])
	benchlab.AtMost(prefix+"trainingjob_over_job", ours/same, "ratio", 1.1)
	benchlab.Tell(prefix+"trainingjob_over_bare-job", ours/bare, "ratio")
	tellWrites(prefix, size, written)
	return nil
}
