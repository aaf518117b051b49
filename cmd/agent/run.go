package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/trainyard/trainyard/internal/agent"
	"github.com/trainyard/trainyard/internal/kmsg"
)

const (
	defaultState   = "/run/trainyard"
	defaultRelease = 10 * time.Minute
)

// runOptions are the flags of run.
type runOptions struct {
	sources
	node, kubeconfig, metrics, certificates, state, record, policy string
	fast, slow, heartbeat                                          time.Duration
	dcgm, insecure, offline                                        bool
}

func (o *runOptions) register(flags *flag.FlagSet) {
	o.sources.register(flags)
	flags.StringVar(&o.node, "node", os.Getenv("NODE_NAME"), "the name of this node")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "a kubeconfig; empty uses the pod's service account")
	flags.BoolVar(&o.offline, "offline", false, "publish nothing and serve metrics only")
	flags.StringVar(&o.policy, "policy", "", "with --offline: a HardwarePolicy to judge by")
	flags.StringVar(&o.metrics, "metrics-address", ":9403", "where to serve /metrics and /healthz; empty serves nothing")
	flags.StringVar(&o.certificates, "metrics-cert-dir", "", "a folder with tls.crt and tls.key for HTTPS, read again when they change; empty makes a self-signed certificate")
	flags.BoolVar(&o.insecure, "metrics-insecure", false, "serve metrics over plain HTTP to everybody who asks")
	flags.BoolVar(&o.dcgm, "metrics-dcgm", false, "serve dcgm-exporter's names too; not beside dcgm-exporter")
	flags.DurationVar(&o.fast, "fast", 5*time.Second, "how often to read what changes within seconds")
	flags.DurationVar(&o.slow, "slow", 30*time.Second, "how often to read what changes within minutes")
	flags.DurationVar(&o.heartbeat, "heartbeat", 6*time.Minute, "how often to publish when nothing changes; at least 5m")
	flags.StringVar(&o.state, "state", defaultState, "a folder on the node for the lock and the control socket; empty uses neither")
	flags.StringVar(&o.record, "record", "", "append every sample to this file, for agent replay")
}

func (o *runOptions) validate() error {
	switch {
	case !o.offline && o.node == "":
		return errors.New("--node: \"\": name this node, or set NODE_NAME from the pod's spec.nodeName, or use --offline")
	case o.fast < time.Second || o.fast > time.Minute:
		return fmt.Errorf("--fast: %v: use 1s to 1m", o.fast)
	case o.slow < o.fast:
		return fmt.Errorf("--slow: %v: use at least --fast (%v)", o.slow, o.fast)
	case o.policy != "" && !o.offline:
		return fmt.Errorf("--policy: %q: with a cluster the HardwarePolicy there is used; use --offline", o.policy)
	case o.insecure && o.certificates != "":
		return fmt.Errorf("--metrics-cert-dir: %q: with --metrics-insecure nothing is encrypted; leave out one of the two", o.certificates)
	case o.offline && o.metrics != "" && !o.insecure:
		return errors.New("--metrics-insecure: false: without a cluster nobody can be authenticated; set it, or --metrics-address=\"\"")
	}
	return nil
}

// run works as the node's agent until it is told to end.
func run(ctx context.Context, s streams, args []string) error {
	flags := newFlags("run", s.err)
	var o runOptions
	o.register(flags)
	if _, err := parse(flags, args, 0); err != nil {
		return err
	}
	if err := o.validate(); err != nil {
		return err
	}
	log := logr.FromSlogHandler(slog.NewJSONHandler(s.err, nil))
	if o.state != "" {
		lock, err := agent.Lock(ctx, o.state, s.clock, func() { log.Info("Another agent serves this node; waiting for it to end") })
		if err != nil {
			return fmt.Errorf("--state: %q: %w; mount a folder of the node there, or set it empty", o.state, err)
		}
		defer func() { _ = lock.Close() }()
	}
	return o.work(ctx, s, log)
}

func (o *runOptions) work(ctx context.Context, s streams, log logr.Logger) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := agent.NewMetrics(registry, o.node, o.dcgm)
	a, guard, err := o.assemble(s, log, metrics)
	if err != nil {
		return err
	}
	if o.record != "" {
		file, err := os.OpenFile(o.record, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("--record: %w", err)
		}
		defer func() { _ = file.Close() }()
		a.Recorder = agent.NewRecorder(file)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if o.metrics != "" {
		if err := o.serve(ctx, s, log, cancel, registry, guard); err != nil {
			return err
		}
	}
	if o.state != "" {
		control := &agent.Control{Devices: a.Sampler.Devices, Clock: s.clock}
		go func() {
			if err := control.Serve(ctx, o.state); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		}()
	}
	log.Info("Working", "node", o.node, "fast", o.fast.String(), "slow", o.slow.String())
	a.Run(ctx)
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return fmt.Errorf("ended by a fault: %w", cause)
	}
	return nil
}

// assemble puts the agent together.
func (o *runOptions) assemble(s streams, log logr.Logger, metrics *agent.Metrics) (*agent.Agent, *agent.Guard, error) {
	policy, err := readPolicy(o.policy)
	if err != nil {
		return nil, nil, err
	}
	core, err := agent.NewCore(policy)
	if err != nil {
		return nil, nil, err
	}
	a := &agent.Agent{
		Core: core, Metrics: metrics, Intervals: agent.Intervals{Fast: o.fast, Slow: o.slow}, Clock: s.clock, Log: log,
	}
	a.Sampler = o.sampler(s, a.Event, metrics)
	if o.state != "" {
		a.State = o.state
		if a.Sampler.Before, err = agent.LoadFootprint(o.state); err != nil {
			log.Error(err, "Starting without what the agent before left")
		}
	}
	if o.kmsg != "" {
		a.KernelLog = kmsg.New(o.kmsg)
	}
	var guard *agent.Guard
	if !o.offline {
		cluster, err := o.cluster()
		if err != nil {
			return nil, nil, err
		}
		a.Cluster = cluster
		a.Publisher = agent.NewPublisher(cluster, s.clock, o.heartbeat, log)
		a.Publisher.Wrote = metrics.Wrote
		guard = &agent.Guard{Authorizer: cluster, Clock: s.clock}
	}
	return agent.New(a), guard, nil
}

func (o *runOptions) cluster() (*agent.KubeAPI, error) {
	var config *rest.Config
	var err error
	if o.kubeconfig != "" {
		config, err = clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	} else {
		config, err = rest.InClusterConfig()
	}
	if err != nil {
		return nil, fmt.Errorf("no cluster (use --kubeconfig, or --offline): %w", err)
	}
	return agent.NewKubeAPI(config, o.node)
}
