package config

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/trainyard/trainyard/hack/lab/internal/machine"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// ControlPlane is what the control plane's flags are made from.
type ControlPlane struct {
	Plan  *plan.Plan
	Ports Ports
	// Bin is the folder of the programs.
	Bin string
}

func (c *ControlPlane) pki(file string) string { return filepath.Join(c.Plan.PKIDir(), file) }

func (c *ControlPlane) file(name string) string {
	return filepath.Join(c.Plan.MachineDir("cp"), name)
}

func (c *ControlPlane) program(name string, args []string, after ...string) machine.Program {
	return machine.Program{
		Name:  name,
		Args:  append([]string{filepath.Join(c.Bin, name)}, args...),
		After: after,
		Log:   filepath.Join(c.Plan.LogDir(), name+".log"),
	}
}

// Programs lists the control plane's programs in their order.
func (c *ControlPlane) Programs() []machine.Program {
	etcd := fmt.Sprintf("tcp:127.0.0.1:%d", c.Ports.Etcd)
	api := fmt.Sprintf("tcp:%s:%d", c.Plan.APIAddress(), c.Ports.API)
	programs := []machine.Program{
		c.program("etcd", c.etcd()),
		c.program("kube-apiserver", c.apiServer(), etcd),
		c.program("kube-controller-manager", c.controllerManager(), api),
		c.program("kube-scheduler", c.scheduler(), api),
		c.program("kwok", c.kwok(), api),
	}
	if c.Plan.Isolated() {
		programs = append(programs,
			c.program("coredns", []string{"-conf", c.file("Corefile")}, api),
			c.program("kube-proxy", []string{"--config=" + c.file("kube-proxy.yaml")}, api))
	}
	return programs
}

// etcd listens on the loopback only, and only to those who have a certificate
// of its own authority.
func (c *ControlPlane) etcd() []string {
	client := fmt.Sprintf("https://127.0.0.1:%d", c.Ports.Etcd)
	peer := fmt.Sprintf("https://127.0.0.1:%d", c.Ports.EtcdPeer)
	return flags([][2]string{
		{"name", "lab"},
		{"data-dir", c.file("etcd")},
		{"listen-client-urls", client},
		{"advertise-client-urls", client},
		{"listen-peer-urls", peer},
		{"initial-advertise-peer-urls", peer},
		{"initial-cluster", "lab=" + peer},
		{"cert-file", c.pki("etcd.crt")},
		{"key-file", c.pki("etcd.key")},
		{"trusted-ca-file", c.pki("etcd-ca.crt")},
		{"client-cert-auth", "true"},
		{"peer-cert-file", c.pki("etcd.crt")},
		{"peer-key-file", c.pki("etcd.key")},
		{"peer-trusted-ca-file", c.pki("etcd-ca.crt")},
		{"peer-client-cert-auth", "true"},
		{"auto-compaction-retention", "1"},
		// A lab's data is not worth waiting for the disk.
		{"unsafe-no-fsync", "true"},
		{"log-level", "warn"},
	}...)
}

// apiServer is set up as kubeadm would: certificates, the node authorizer,
// NodeRestriction and the default admission plugins. One plugin is added:
// simulated GPU nodes are tainted as GPU nodes commonly are, and
// ExtendedResourceToleration lets in whoever asks for a GPU.
func (c *ControlPlane) apiServer() []string {
	reconciler := ""
	if !c.Plan.Isolated() {
		reconciler = "none" // a Service cannot lead to the loopback
	}
	auditPolicy, auditLog := "", ""
	if c.Plan.AuditWrites {
		auditPolicy, auditLog = c.file("audit.yaml"), filepath.Join(c.Plan.LogDir(), "kube-apiserver-audit.log")
	}
	return flags([][2]string{
		{"audit-policy-file", auditPolicy},
		{"audit-log-path", auditLog},
		{"bind-address", c.Plan.APIAddress().String()},
		{"advertise-address", c.Plan.APIAddress().String()},
		{"endpoint-reconciler-type", reconciler},
		{"secure-port", strconv.Itoa(c.Ports.API)},
		{"etcd-servers", fmt.Sprintf("https://127.0.0.1:%d", c.Ports.Etcd)},
		{"etcd-cafile", c.pki("etcd-ca.crt")},
		{"etcd-certfile", c.pki("apiserver-etcd-client.crt")},
		{"etcd-keyfile", c.pki("apiserver-etcd-client.key")},
		{"tls-cert-file", c.pki("apiserver.crt")},
		{"tls-private-key-file", c.pki("apiserver.key")},
		{"client-ca-file", c.pki("ca.crt")},
		{"anonymous-auth", "false"},
		{"authorization-mode", "Node,RBAC"},
		{"enable-admission-plugins", "NodeRestriction,ExtendedResourceToleration"},
		{"kubelet-certificate-authority", c.pki("ca.crt")},
		{"kubelet-client-certificate", c.pki("apiserver-kubelet-client.crt")},
		{"kubelet-client-key", c.pki("apiserver-kubelet-client.key")},
		{"kubelet-preferred-address-types", "InternalIP,Hostname"},
		{"requestheader-client-ca-file", c.pki("front-proxy-ca.crt")},
		{"requestheader-allowed-names", "front-proxy-client"},
		{"requestheader-extra-headers-prefix", "X-Remote-Extra-"},
		{"requestheader-group-headers", "X-Remote-Group"},
		{"requestheader-username-headers", "X-Remote-User"},
		{"proxy-client-cert-file", c.pki("front-proxy-client.crt")},
		{"proxy-client-key-file", c.pki("front-proxy-client.key")},
		{"service-account-issuer", "https://kubernetes.default.svc.cluster.local"},
		{"service-account-key-file", c.pki("sa.key")},
		{"service-account-signing-key-file", c.pki("sa.key")},
		{"service-cluster-ip-range", c.Plan.Services().String()},
		{"allow-privileged", "true"},
		{"feature-gates", c.Plan.FeatureGates},
		{"runtime-config", c.Plan.RuntimeConfig},
		{"profiling", "false"},
	}...)
}

func (c *ControlPlane) controllerManager() []string {
	kubeconfig := c.file("kube-controller-manager.kubeconfig")
	args := flags([][2]string{
		{"kubeconfig", kubeconfig},
		{"authentication-kubeconfig", kubeconfig},
		{"authorization-kubeconfig", kubeconfig},
		{"bind-address", "127.0.0.1"},
		{"secure-port", strconv.Itoa(c.Ports.ControllerManager)},
		{"root-ca-file", c.pki("ca.crt")},
		{"service-account-private-key-file", c.pki("sa.key")},
		{"use-service-account-credentials", "true"},
		{"cluster-signing-cert-file", c.pki("ca.crt")},
		{"cluster-signing-key-file", c.pki("ca.key")},
		{"service-cluster-ip-range", c.Plan.Services().String()},
		{"controllers", "*,bootstrapsigner,tokencleaner"},
		{"flex-volume-plugin-dir", c.file("flex-volumes")},
		{"feature-gates", c.Plan.FeatureGates},
		// One lab, one manager: nobody waits for a lease.
		{"leader-elect", "false"},
	}...)
	return append(args, clientLimits(c.Plan)...)
}

func (c *ControlPlane) scheduler() []string {
	kubeconfig := c.file("kube-scheduler.kubeconfig")
	args := flags([][2]string{
		{"kubeconfig", kubeconfig},
		{"authentication-kubeconfig", kubeconfig},
		{"authorization-kubeconfig", kubeconfig},
		{"bind-address", "127.0.0.1"},
		{"secure-port", strconv.Itoa(c.Ports.Scheduler)},
		{"feature-gates", c.Plan.FeatureGates},
		{"leader-elect", "false"},
	}...)
	return append(args, clientLimits(c.Plan)...)
}

// kwok plays the nodes that carry its annotation, and nobody else's.
func (c *ControlPlane) kwok() []string {
	return flags([][2]string{
		{"kubeconfig", c.file("kwok.kubeconfig")},
		{"config", c.file("kwok.yaml")},
		{"manage-all-nodes", "false"},
		{"manage-nodes-with-annotation-selector", SimulatedAnnotation + "=" + SimulatedValue},
		{"cidr", c.Plan.SimulatedPods().String()},
		{"node-ip", c.Plan.APIAddress().String()},
		{"node-port", strconv.Itoa(c.Ports.Kwok)},
		{"server-address", fmt.Sprintf("127.0.0.1:%d", c.Ports.Kwok)},
		{"node-lease-duration-seconds", "40"},
	}...)
}

// The annotation by which kwok knows its nodes.
const (
	SimulatedAnnotation = "kwok.x-k8s.io/node"
	SimulatedValue      = "fake"
)
