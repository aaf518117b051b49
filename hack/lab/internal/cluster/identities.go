package cluster

import (
	"net/netip"
	"path/filepath"

	"github.com/trainyard/trainyard/hack/lab/internal/config"
	"github.com/trainyard/trainyard/hack/lab/internal/pki"
)

// Users of the lab that Kubernetes has no built-in roles for.
const (
	userKubeletClient = "kube-apiserver-kubelet-client"
	userCoreDNS       = "lab:coredns"
	userKwok          = "lab:kwok"
)

// authorities are the lab's three: an etcd client is no cluster user, and no
// cluster user is a front proxy.
type authorities struct {
	cluster, etcd, frontProxy *pki.Authority
}

func (c *Cluster) issueCertificates() error {
	a, err := c.authorities()
	if err != nil {
		return err
	}
	if err := c.issueServers(a); err != nil {
		return err
	}
	if _, _, err := pki.EnsureKey(filepath.Join(c.Plan.PKIDir(), "sa.key")); err != nil {
		return err
	}
	if err := c.issueUsers(a.cluster); err != nil {
		return err
	}
	return c.issueNodes(a.cluster)
}

func (c *Cluster) authorities() (a authorities, err error) {
	dir := c.Plan.PKIDir()
	if a.cluster, err = pki.NewAuthority(dir, "ca"); err != nil {
		return a, err
	}
	if a.etcd, err = pki.NewAuthority(dir, "etcd-ca"); err != nil {
		return a, err
	}
	a.frontProxy, err = pki.NewAuthority(dir, "front-proxy-ca")
	return a, err
}

func (c *Cluster) issueServers(a authorities) error {
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	certificates := []struct {
		authority *pki.Authority
		file      string
		subject   pki.Subject
	}{
		{a.etcd, "etcd", pki.Subject{Name: "etcd", DNSNames: []string{"localhost"}, Addresses: []netip.Addr{loopback}}},
		{a.etcd, "apiserver-etcd-client", pki.Subject{Name: "kube-apiserver"}},
		{a.frontProxy, "front-proxy-client", pki.Subject{Name: "front-proxy-client"}},
		{a.cluster, "apiserver-kubelet-client", pki.Subject{Name: userKubeletClient}},
		{a.cluster, "apiserver", pki.Subject{
			Name: "kube-apiserver",
			DNSNames: []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
				"kubernetes.default.svc.cluster.local"},
			Addresses: []netip.Addr{loopback, c.Plan.APIAddress(), c.Plan.APIService()},
		}},
	}
	for _, cert := range certificates {
		if _, err := cert.authority.Issue(cert.file, cert.subject); err != nil {
			return err
		}
	}
	return nil
}

// issueUsers gives every client of the API server an identity and a
// kubeconfig of its own.
func (c *Cluster) issueUsers(ca *pki.Authority) error {
	cp := c.Plan.MachineDir("cp")
	users := []struct {
		name       string
		subject    pki.Subject
		kubeconfig string
	}{
		{"admin", pki.Subject{Name: "lab-admin", Groups: []string{"system:masters"}}, c.Plan.Kubeconfig()},
		{"kube-controller-manager", pki.Subject{Name: "system:kube-controller-manager"}, ""},
		{"kube-scheduler", pki.Subject{Name: "system:kube-scheduler"}, ""},
		{"kube-proxy", pki.Subject{Name: "system:kube-proxy"}, ""},
		{"coredns", pki.Subject{Name: userCoreDNS}, ""},
		{"kwok", pki.Subject{Name: userKwok}, ""},
	}
	for _, u := range users {
		file := u.kubeconfig
		if file == "" {
			file = filepath.Join(cp, u.name+".kubeconfig")
		}
		if err := c.issueUser(ca, u.name, u.subject, file); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) issueUser(ca *pki.Authority, name string, s pki.Subject, kubeconfig string) error {
	pair, err := ca.Issue(name, s)
	if err != nil {
		return err
	}
	server := config.Server(c.Plan.APIAddress(), c.ports.API)
	return write(kubeconfig, config.Kubeconfig(c.Plan.Resource(), server, s.Name, ca.CertPEM, pair.CertPEM, pair.KeyPEM))
}

// issueNodes gives each kubelet what the node authorizer knows it by, and a
// certificate to serve logs and exec with, which the API server verifies.
func (c *Cluster) issueNodes(ca *pki.Authority) error {
	for _, m := range c.Plan.RealNodes() {
		dir := c.Plan.MachineDir(m.Name)
		node := pki.Subject{Name: "system:node:" + m.Name, Groups: []string{"system:nodes"}}
		if err := c.issueUser(ca, "kubelet-"+m.Name, node, filepath.Join(dir, "kubelet.kubeconfig")); err != nil {
			return err
		}
		server := node
		server.DNSNames, server.Addresses = []string{m.Name}, m.Addresses
		if _, err := ca.Issue("kubelet-"+m.Name+"-server", server); err != nil {
			return err
		}
		proxy := pki.Subject{Name: "system:kube-proxy"}
		if err := c.issueUser(ca, "kube-proxy", proxy, filepath.Join(dir, "kube-proxy.kubeconfig")); err != nil {
			return err
		}
	}
	return nil
}
