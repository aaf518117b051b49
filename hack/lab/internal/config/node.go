package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/trainyard/trainyard/hack/lab/internal/machine"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// PauseImage is the sandbox image, which the lab builds and loads itself.
const PauseImage = "trainyard.dev/lab/pause:1"

// SharedPath is where every real node shows the lab's shared folder: storage
// that stays reachable whatever happens to the network.
const SharedPath = "/var/lib/trainyard/shared"

// Labels of the topology, as the planner reads them.
const (
	LabelBlock = "topology.trainyard.dev/block"
	LabelRack  = "topology.trainyard.dev/rack"
	LabelZone  = "topology.kubernetes.io/zone"
	Zone       = "lab"
)

// Node is what a real node's files are made from.
type Node struct {
	Plan    *plan.Plan
	Machine plan.Machine
	Host    Host
	Bin     string
}

// Dir is the machine's folder; Data is where containerd keeps images, which
// must be the same path on the host and on the node.
func (n *Node) Dir() string  { return n.Plan.MachineDir(n.Machine.Name) }
func (n *Node) data() string { return filepath.Join(n.Dir(), "containerd") }

func (n *Node) file(name string) string { return filepath.Join(n.Dir(), name) }

// CgroupRoot is the control group below which the node's pods live.
func (n *Node) CgroupRoot() string { return "/" + n.Plan.Resource() + "/" + n.Machine.Name }

// Overlays are the folders in which a node keeps what must be its own. All
// are at their usual places inside the node, so that a DaemonSet which mounts
// /var/lib/kubelet finds there what it would find anywhere.
func (n *Node) Overlays() []machine.Overlay {
	return []machine.Overlay{
		{Source: n.file("var-lib"), Target: "/var/lib"},
		{Source: n.file("var-log"), Target: "/var/log"},
		{Source: n.file("run"), Target: "/run"},
		{Source: n.Plan.SharedDir(), Target: SharedPath},
	}
}

// Believed are the kernel settings that a kubelet would change for the whole
// host, which is not the lab's to tune.
func Believed() map[string]string {
	return map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
}

// Programs lists the node's programs.
func (n *Node) Programs() []machine.Program {
	socket := "unix:/run/containerd/containerd.sock"
	log := func(name string) string {
		return filepath.Join(n.Plan.LogDir(), n.Machine.Name+"."+name+".log")
	}
	kubelet := append([]string{filepath.Join(n.Bin, "kubelet")}, flags([][2]string{
		{"config", n.file("kubelet.yaml")},
		{"kubeconfig", n.file("kubelet.kubeconfig")},
		{"hostname-override", n.Machine.Name},
		{"node-ip", n.Machine.Addresses[0].String()},
		{"node-labels", n.labels()},
	}...)...)
	return []machine.Program{
		{Name: "containerd", Args: []string{"containerd", "--config", n.file("containerd.toml")}, Log: log("containerd")},
		{Name: "kubelet", Args: kubelet, After: []string{socket}, Log: log("kubelet")},
		{Name: "kube-proxy", Args: []string{filepath.Join(n.Bin, "kube-proxy"), "--config=" + n.file("kube-proxy.yaml"),
			"--hostname-override=" + n.Machine.Name}, Log: log("kube-proxy")},
	}
}

// labels puts every real node into a rack of its own, in a block apart from
// the simulated ones.
func (n *Node) labels() string {
	return strings.Join([]string{
		LabelZone + "=" + Zone,
		LabelBlock + "=block-real",
		LabelRack + "=rack-" + n.Machine.Name,
	}, ",")
}

// Files renders the node's files, by their names in its folder.
func (n *Node) Files() (map[string][]byte, error) {
	data := map[string]any{
		"Machine":       n.Machine.Name,
		"Gateway":       n.Machine.Pods.Addr().Next(),
		"Pods":          n.Machine.Pods,
		"Services":      n.Plan.Services(),
		"DNS":           n.Plan.DNSAddress(),
		"PKI":           n.Plan.PKIDir(),
		"Data":          n.data(),
		"Dir":           n.Dir(),
		"CgroupRoot":    n.CgroupRoot(),
		"CgroupV1":      n.Host.CgroupV1,
		"NoSysResource": n.Host.NoSysResource,
		"Pause":         PauseImage,
		"CNI":           n.Host.CNI,
		"FeatureGates":  featureGates(n.Plan),
		"Lifted":        n.Plan.LiftClientLimits,
		"Kubeconfig":    n.file("kube-proxy.kubeconfig"),
	}
	files := map[string][]byte{}
	for _, name := range []string{"kubelet.yaml", "containerd.toml", "kube-proxy.yaml", "10-lab.conflist", "resolv.conf"} {
		content, err := render(name, data)
		if err != nil {
			return nil, err
		}
		target := name
		if name == "10-lab.conflist" {
			target = filepath.Join("cni", name)
		}
		files[target] = content
	}
	return files, nil
}

// Files renders the control plane's files, by their names in its folder.
func (c *ControlPlane) Files() (map[string][]byte, error) {
	data := map[string]any{
		"Machine":      "cp",
		"DNS":          c.Plan.DNSAddress(),
		"Kubeconfig":   c.file("kube-proxy.kubeconfig"),
		"Corefig":      c.file("coredns.kubeconfig"),
		"Pods":         c.Plan.Network(),
		"FeatureGates": featureGates(c.Plan),
	}
	files := map[string][]byte{"kwok.yaml": []byte(templates["kwok.yaml"]), "audit.yaml": []byte(templates["audit.yaml"])}
	if !c.Plan.Isolated() {
		return files, nil
	}
	for _, name := range []string{"Corefile", "kube-proxy.yaml"} {
		content, err := render(name, data)
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
	return files, nil
}

// Kubeconfig renders a kubeconfig that holds everything it needs.
func Kubeconfig(cluster, server, user string, ca, cert, key []byte) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: %[1]s
clusters:
- name: %[1]s
  cluster:
    server: %[2]s
    certificate-authority-data: %[4]s
contexts:
- name: %[1]s
  context: {cluster: %[1]s, user: %[3]s}
users:
- name: %[3]s
  user:
    client-certificate-data: %[5]s
    client-key-data: %[6]s
`, cluster, server, user, encode(ca), encode(cert), encode(key))
}
