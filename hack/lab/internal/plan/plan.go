// Package plan decides, before anything exists, what a lab will consist of:
// its names and its addresses. Everything the lab creates follows from its
// plan, and the plan is on disk before the first thing is created; so
// whatever was made, by however short-lived a process, can be found again.
//
// A lab is a handful of machines around a router:
//
//	this host ──┐
//	cp ─────────┼── fabric (a router, which drops what a fault must drop)
//	node-1 … ───┘
//
// Each machine, and the router, is a network namespace. The fabric has no
// way out: nothing in the lab reaches any other network, and nothing on
// another network reaches the lab.
package plan

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
)

// Bounds of a lab.
const (
	MaxNodes          = 32
	MaxSimulatedNodes = 5000
	MaxGPUs           = 64
	// Prefix begins the name of everything the lab creates outside its
	// state folder.
	Prefix = "trainyard-"
)

// Options is what a person asks for.
type Options struct {
	// Name tells labs on one machine apart.
	Name string `json:"name"`
	// StateDir holds everything that lasts: certificates, logs, data.
	StateDir string `json:"stateDir"`
	// Subnet is a private IPv4 /16 which nothing else on this machine uses.
	Subnet string `json:"subnet"`
	// Nodes is the number of real nodes, SimulatedNodes that of simulated ones.
	Nodes          int `json:"nodes"`
	SimulatedNodes int `json:"simulatedNodes"`
	// GPUs is the nvidia.com/gpu capacity of a simulated node.
	GPUs int `json:"gpus"`
	// NodesPerRack and RacksPerBlock shape the topology.
	NodesPerRack  int `json:"nodesPerRack"`
	RacksPerBlock int `json:"racksPerBlock"`
	// LiftClientLimits lets controller manager, scheduler and kubelets ask the
	// API server as often as they like, for benchmarks.
	LiftClientLimits bool `json:"liftClientLimits"`
	// AuditWrites lets the API server log every request that changes something.
	AuditWrites bool `json:"auditWrites,omitempty"`
	// FeatureGates is passed to every Kubernetes component, as in
	// "GenericWorkload=true".
	FeatureGates string `json:"featureGates,omitempty"`
	// RuntimeConfig is the API server's, as in "scheduling.k8s.io/v1beta1=true".
	RuntimeConfig string `json:"runtimeConfig,omitempty"`
}

// Plan is a lab, decided.
type Plan struct {
	Options
	subnet netip.Prefix
}

var nameShape = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$`)

// New checks the options and returns the plan they lead to.
func New(o Options) (*Plan, error) {
	if !nameShape.MatchString(o.Name) {
		return nil, fmt.Errorf("--name %q: use 1 to 10 lower-case letters, digits and dashes, beginning with a letter", o.Name)
	}
	for _, b := range []struct {
		flag       string
		value      int
		least, max int
	}{
		{"--nodes", o.Nodes, 0, MaxNodes},
		{"--simulated-nodes", o.SimulatedNodes, 0, MaxSimulatedNodes},
		{"--gpus", o.GPUs, 0, MaxGPUs},
		{"--nodes-per-rack", o.NodesPerRack, 1, MaxSimulatedNodes},
		{"--racks-per-block", o.RacksPerBlock, 1, MaxSimulatedNodes},
	} {
		if b.value < b.least || b.value > b.max {
			return nil, fmt.Errorf("%s %d: must be between %d and %d", b.flag, b.value, b.least, b.max)
		}
	}
	if err := checkStateDir(o); err != nil {
		return nil, err
	}
	subnet, err := netip.ParsePrefix(o.Subnet)
	if err != nil || !subnet.Addr().Is4() || subnet.Bits() != 16 || !subnet.Addr().IsPrivate() || subnet.Masked() != subnet {
		return nil, fmt.Errorf("--subnet %q: must be a private IPv4 network of 16 bits, such as 10.250.0.0/16", o.Subnet)
	}
	return &Plan{Options: o, subnet: subnet}, nil
}

// hidden are the folders that a node covers with its own.
var hidden = []string{"/var/lib", "/var/log", "/run", "/var/run", "/proc", "/sys", "/dev"}

func checkStateDir(o Options) error {
	if !filepath.IsAbs(o.StateDir) {
		return fmt.Errorf("--state-dir %q: must be an absolute path", o.StateDir)
	}
	if len(o.StateDir) > 60 {
		// A socket's path may have 107 bytes, and the longest of ours ends in
		// machines/node-32/run/containerd/containerd.sock.
		return fmt.Errorf("--state-dir %q: is longer than 60 bytes, too long for the sockets below it", o.StateDir)
	}
	if o.Nodes == 0 {
		return nil
	}
	for _, dir := range hidden {
		if o.StateDir == dir || strings.HasPrefix(o.StateDir, dir+"/") {
			return fmt.Errorf("--state-dir %q: real nodes cover %s with a folder of their own; choose another place", o.StateDir, dir)
		}
	}
	return nil
}

// Isolated says whether the lab has machines of its own. Without real nodes
// the control plane runs as plain processes on the loopback, for which it
// needs neither root nor Linux.
func (p *Plan) Isolated() bool { return p.Nodes > 0 }

// ErrShrink says that a running lab cannot be changed this way.
var ErrShrink = errors.New("run `lab down` first")

// CheckChange says whether a lab that was begun with the plan before can be
// continued with this one: nodes can be added, never taken away.
func (p *Plan) CheckChange(before *Plan) error {
	switch {
	case p.Subnet != before.Subnet:
		return fmt.Errorf("the lab runs on %s, not on %s: %w", before.Subnet, p.Subnet, ErrShrink)
	case p.Isolated() != before.Isolated():
		return fmt.Errorf("the lab was begun with %d real nodes and cannot change to %d: %w", before.Nodes, p.Nodes, ErrShrink)
	case p.Nodes < before.Nodes:
		return fmt.Errorf("the lab has %d real nodes, more than the %d asked for: %w", before.Nodes, p.Nodes, ErrShrink)
	case p.SimulatedNodes < before.SimulatedNodes:
		return fmt.Errorf("the lab has %d simulated nodes, more than the %d asked for: %w", before.SimulatedNodes, p.SimulatedNodes, ErrShrink)
	}
	return nil
}
