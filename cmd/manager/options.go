package main

import (
	"flag"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// options are the manager's flags.
type options struct {
	leaderElect    bool
	metricsAddress string
	probeAddress   string
	pprofAddress   string
	launcherImage  string
	clusterDomain  string
	topologyLabels []string
	bindTimeout    time.Duration
	progressEvery  time.Duration
	workers        int
	qps            float64
	burst          int
	log            zap.Options
}

func parse() *options {
	o := &options{}
	topology := "topology.kubernetes.io/zone,topology.trainyard.dev/block,topology.trainyard.dev/rack"
	flag.BoolVar(&o.leaderElect, "leader-elect", false, "let one of several managers lead")
	flag.StringVar(&o.metricsAddress, "metrics-bind-address", ":8443", "address of the authenticated metrics endpoint; 0 disables it")
	flag.StringVar(&o.probeAddress, "health-probe-bind-address", ":8081", "address of the health and readiness probes")
	flag.StringVar(&o.pprofAddress, "pprof-bind-address", "0", "address of Go's profiles, which anybody who reaches it may read; 0 disables them")
	flag.StringVar(&o.launcherImage, "launcher-image", "trainyard-launcher:dev", "image that the launcher is installed from")
	flag.StringVar(&o.clusterDomain, "cluster-domain", "", "cluster domain that ends the ranks' host names; empty: names end in .svc")
	flag.StringVar(&topology, "topology-labels", topology, "node labels that name topology domains, the widest first")
	flag.DurationVar(&o.bindTimeout, "bind-timeout", time.Minute, "how long a pod may stay unbound before its node is excluded")
	flag.DurationVar(&o.progressEvery, "progress-interval", 10*time.Second, "how often at most a job's status is written for progress alone")
	flag.IntVar(&o.workers, "workers", 8, "number of jobs that each controller works on at once")
	flag.Float64Var(&o.qps, "kube-api-qps", 200, "requests a second to the API server, in the long run; negative: no limit")
	flag.IntVar(&o.burst, "kube-api-burst", 400, "requests to the API server at once")
	o.log.BindFlags(flag.CommandLine)
	flag.Parse()
	o.topologyLabels = strings.Split(topology, ",")
	return o
}
