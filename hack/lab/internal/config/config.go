// Package config renders what the lab's programs read: their flags and their
// files. It is pure: values in, bytes out.
package config

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"text/template"

	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// Host is what matters of the machine the lab runs on.
type Host struct {
	// CgroupV1 says that the host mounts the older hierarchy.
	CgroupV1 bool
	// NoSysResource says that root lacks CAP_SYS_RESOURCE and cannot lower a
	// process's OOM score.
	NoSysResource bool
	// CNI is the folder of the network plugins.
	CNI string
}

// Ports are the control plane's. On a machine of its own they are the usual
// ones; on the loopback they are what was free.
type Ports struct {
	API               int `json:"api"`
	Etcd              int `json:"etcd"`
	EtcdPeer          int `json:"etcdPeer"`
	ControllerManager int `json:"controllerManager"`
	Scheduler         int `json:"scheduler"`
	Kwok              int `json:"kwok"`
}

// UsualPorts are the ports of a machine of its own.
func UsualPorts() Ports {
	return Ports{API: 6443, Etcd: 2379, EtcdPeer: 2380, ControllerManager: 10257, Scheduler: 10259, Kwok: 10247}
}

// Server is the API server's URL.
func Server(address netip.Addr, port int) string {
	return "https://" + netip.AddrPortFrom(address, uint16(port)).String()
}

// render fills in a template of this package.
func render(name string, data any) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").Parse(templates[name])
	if err != nil {
		return nil, fmt.Errorf("parse the template of %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// flags turns name and value pairs into arguments, without the empty ones.
func flags(pairs ...[2]string) []string {
	var args []string
	for _, p := range pairs {
		if p[1] != "" {
			args = append(args, "--"+p[0]+"="+p[1])
		}
	}
	return args
}

// featureGates turns "A=true,B=false" into the lines of a YAML map.
func featureGates(p *plan.Plan) map[string]string {
	gates := map[string]string{}
	for gate := range strings.SplitSeq(p.FeatureGates, ",") {
		if name, value, ok := strings.Cut(gate, "="); ok {
			gates[name] = value
		}
	}
	return gates
}

// lifted are the client limits used for benchmarks: higher than anybody asks.
const (
	liftedQPS   = "10000"
	liftedBurst = "20000"
)

func clientLimits(p *plan.Plan) []string {
	if !p.LiftClientLimits {
		return nil
	}
	return flags([2]string{"kube-api-qps", liftedQPS}, [2]string{"kube-api-burst", liftedBurst})
}
