package config

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/trainyard/trainyard/hack/lab/internal/machine"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

func testPlan(t *testing.T, change func(*plan.Options)) *plan.Plan {
	t.Helper()
	o := plan.Options{Name: "lab", StateDir: "/srv/lab", Subnet: "10.250.0.0/16", Nodes: 2, SimulatedNodes: 1,
		NodesPerRack: 1, RacksPerBlock: 1}
	if change != nil {
		change(&o)
	}
	p, err := plan.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func nodeFiles(t *testing.T, p *plan.Plan, h Host) map[string][]byte {
	t.Helper()
	files, err := (&Node{Plan: p, Machine: p.Node(2), Host: h, Bin: "/bin"}).Files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestKubeletFile(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*plan.Options)
		host   Host
		want   map[string]any
		absent []string
	}{
		"plain": {
			want: map[string]any{"cgroupRoot": "/trainyard-lab/node-2", "readOnlyPort": 0.0,
				"tlsCertFile": "/srv/lab/pki/kubelet-node-2-server.crt", "clusterDNS": []any{"10.250.0.3"}},
			absent: []string{"failCgroupV1", "kubeAPIQPS", "featureGates"},
		},
		"older control groups": {host: Host{CgroupV1: true}, want: map[string]any{"failCgroupV1": false}},
		"lifted limits and gates": {
			change: func(o *plan.Options) { o.LiftClientLimits, o.FeatureGates = true, "A=true,B=false" },
			want:   map[string]any{"kubeAPIQPS": 10000.0, "featureGates": map[string]any{"A": true, "B": false}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]any{}
			if err := yaml.UnmarshalStrict(nodeFiles(t, testPlan(t, tc.change), tc.host)["kubelet.yaml"], &got); err != nil {
				t.Fatal(err)
			}
			for field, want := range tc.want {
				if a, b := encoded(t, got[field]), encoded(t, want); a != b {
					t.Errorf("%s is %s, want %s", field, a, b)
				}
			}
			for _, field := range tc.absent {
				if value, there := got[field]; there {
					t.Errorf("%s is %v, want it absent", field, value)
				}
			}
		})
	}
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestContainerdFile(t *testing.T) {
	p := testPlan(t, nil)
	plain := string(nodeFiles(t, p, Host{CNI: "/opt/cni/bin"})["containerd.toml"])
	for _, want := range []string{`root = "/srv/lab/machines/node-2/containerd"`, `bin_dir = "/opt/cni/bin"`,
		`sandbox_image = "` + PauseImage + `"`, "netns_mounts_under_state_dir = true", `path = "/srv/lab/machines/node-2/opt"`} {
		if !strings.Contains(plain, want) {
			t.Errorf("containerd.toml lacks %s", want)
		}
	}
	const restricted = "restrict_oom_score_adj = true"
	if strings.Contains(plain, restricted) || !strings.Contains(string(nodeFiles(t, p, Host{NoSysResource: true})["containerd.toml"]), restricted) {
		t.Errorf("%s does not follow the host's capabilities", restricted)
	}
}

func TestNetworkFileIsTheNodesOwn(t *testing.T) {
	var conf struct {
		Plugins []struct {
			IPMasq bool
			IPAM   struct{ Ranges [][]struct{ Subnet string } }
		}
	}
	if err := json.Unmarshal(nodeFiles(t, testPlan(t, nil), Host{})["cni/10-lab.conflist"], &conf); err != nil {
		t.Fatal(err)
	}
	if got := conf.Plugins[0].IPAM.Ranges[0][0].Subnet; got != "10.250.18.0/24" || conf.Plugins[0].IPMasq {
		t.Errorf("pods of node-2 live in %s, masqueraded: %t", got, conf.Plugins[0].IPMasq)
	}
}

func TestKwokFileIsWellFormed(t *testing.T) {
	files, err := (&ControlPlane{Plan: testPlan(t, nil)}).Files()
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(string(files["kwok.yaml"]), "\n---\n") {
		var object struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal([]byte(document), &object); err != nil || object.Kind == "" {
			t.Errorf("%v in\n%s", err, document)
		}
	}
}

func TestControlPlanePrograms(t *testing.T) {
	for name, tc := range map[string]struct {
		nodes    int
		programs string
		address  string
	}{
		"with machines":   {2, "etcd kube-apiserver kube-controller-manager kube-scheduler kwok coredns kube-proxy", "10.250.0.2"},
		"on the loopback": {0, "etcd kube-apiserver kube-controller-manager kube-scheduler kwok", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := testPlan(t, func(o *plan.Options) { o.Nodes = tc.nodes })
			programs := (&ControlPlane{Plan: p, Ports: UsualPorts(), Bin: "/bin"}).Programs()
			var names []string
			for _, program := range programs {
				names = append(names, program.Name)
			}
			if got := strings.Join(names, " "); got != tc.programs {
				t.Errorf("programs %s, want %s", got, tc.programs)
			}
			requireArgument(t, programs[1], "--bind-address="+tc.address)
		})
	}
}

// Nothing listens on every address of the host, whatever the lab is like.
func TestNobodyListensEverywhere(t *testing.T) {
	for _, nodes := range []int{0, 2} {
		p := testPlan(t, func(o *plan.Options) { o.Nodes = nodes })
		for _, program := range (&ControlPlane{Plan: p, Ports: UsualPorts()}).Programs() {
			for _, arg := range program.Args {
				if strings.Contains(arg, "0.0.0.0") || strings.Contains(arg, "[::]") {
					t.Errorf("%s: %s", program.Name, arg)
				}
			}
		}
	}
}

func TestSecurityOfTheAPIServer(t *testing.T) {
	programs := (&ControlPlane{Plan: testPlan(t, nil), Ports: UsualPorts()}).Programs()
	for _, want := range []string{"--authorization-mode=Node,RBAC", "--anonymous-auth=false",
		"--enable-admission-plugins=NodeRestriction,ExtendedResourceToleration",
		"--kubelet-certificate-authority=/srv/lab/pki/ca.crt", "--etcd-cafile=/srv/lab/pki/etcd-ca.crt"} {
		requireArgument(t, programs[1], want)
	}
	requireArgument(t, programs[0], "--client-cert-auth=true")
}

func TestLiftedClientLimits(t *testing.T) {
	for _, lift := range []bool{false, true} {
		p := testPlan(t, func(o *plan.Options) { o.LiftClientLimits = lift })
		for _, program := range (&ControlPlane{Plan: p, Ports: UsualPorts()}).Programs()[2:4] {
			if got := slices.Contains(program.Args, "--kube-api-qps="+liftedQPS); got != lift {
				t.Errorf("%s: limits lifted: %t, want %t", program.Name, got, lift)
			}
		}
	}
}

func TestAudit(t *testing.T) {
	for _, audit := range []bool{false, true} {
		p := testPlan(t, func(o *plan.Options) { o.AuditWrites = audit })
		c := &ControlPlane{Plan: p, Ports: UsualPorts()}
		if got := slices.Contains(c.Programs()[1].Args, "--audit-policy-file=/srv/lab/machines/cp/audit.yaml"); got != audit {
			t.Errorf("requests are logged: %t, want %t", got, audit)
		}
		files, err := c.Files()
		if err != nil {
			t.Fatal(err)
		}
		var policy struct{ Rules []struct{ Level string } }
		if err := yaml.Unmarshal(files["audit.yaml"], &policy); err != nil || len(policy.Rules) == 0 {
			t.Errorf("audit.yaml: %v, %+v", err, policy)
		}
	}
}

func requireArgument(t *testing.T, p machine.Program, want string) {
	t.Helper()
	if !slices.Contains(p.Args, want) {
		t.Errorf("%s lacks %s: %v", p.Name, want, p.Args)
	}
}

func TestKubeconfig(t *testing.T) {
	var got struct {
		Clusters []struct {
			Cluster struct {
				Server string
				CA     []byte `json:"certificate-authority-data"`
			}
		}
	}
	content := Kubeconfig("lab", "https://10.250.0.2:6443", "me", []byte("ca"), []byte("cert"), []byte("key"))
	if err := yaml.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	if c := got.Clusters[0].Cluster; c.Server != "https://10.250.0.2:6443" || string(c.CA) != "ca" {
		t.Errorf("kubeconfig:\n%s", content)
	}
}
