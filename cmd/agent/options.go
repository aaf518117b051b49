package main

import (
	"flag"
	"io"
	"os"
	"time"

	"github.com/trainyard/trainyard/internal/agent"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/internal/podresources"
	"github.com/trainyard/trainyard/internal/procfs"
)

// sources say where the agent finds the node.
type sources struct {
	library, proc, sys, kubelet, podLogs, kmsg string
	timeout                                    time.Duration
}

func newFlags(name string, w io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(w)
	return flags
}

func (s *sources) register(flags *flag.FlagSet) {
	flags.StringVar(&s.library, "nvml-library", "", "path of libnvidia-ml.so.1; empty searches as the loader does")
	flags.StringVar(&s.proc, "proc", "/proc", "where the host's /proc is mounted")
	flags.StringVar(&s.sys, "sys", "/sys", "where the host's /sys is mounted")
	flags.StringVar(&s.kubelet, "pod-resources", "/var/lib/kubelet/pod-resources/kubelet.sock", "the kubelet's pod-resources socket; empty asks nobody")
	flags.StringVar(&s.podLogs, "pod-logs", "/var/log/pods", "the folder whose entries' names tell pods' UIDs; no log is read")
	flags.StringVar(&s.kmsg, "kmsg", "/dev/kmsg", "the kernel's log; empty reads none")
	flags.DurationVar(&s.timeout, "nvml-timeout", 2*time.Second, "how long to wait for a device")
}

// sampler makes a sampler; the event callback and the metrics may be nil.
func (s *sources) sampler(st streams, event func(nvml.Event), metrics *agent.Metrics) *agent.Sampler {
	options := nvml.Options{Library: s.library, Timeout: s.timeout, Event: event}
	if metrics != nil {
		options.CallDone = metrics.CallDone
	}
	sampler := &agent.Sampler{Devices: nvml.New(options, st.clock), Host: procfs.New(s.proc, s.sys), Clock: st.clock}
	if s.kubelet != "" {
		if _, err := os.Stat(s.kubelet); err == nil || metrics != nil {
			sampler.Pods = podresources.New(s.kubelet, s.podLogs, s.timeout)
		}
	}
	if self, err := os.Executable(); err == nil {
		sampler.Prober = agent.ProcessProber{Command: []string{self, "probe-device", "-nvml-library", s.library}}
	}
	return sampler
}
