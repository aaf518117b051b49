package plan

import (
	"net/netip"
	"strings"
	"testing"
)

func valid() Options {
	return Options{Name: "lab", StateDir: "/srv/lab", Subnet: "10.250.0.0/16", Nodes: 3, SimulatedNodes: 6, GPUs: 8,
		NodesPerRack: 2, RacksPerBlock: 2}
}

func mustPlan(t *testing.T, change func(*Options)) *Plan {
	t.Helper()
	o := valid()
	if change != nil {
		change(&o)
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNewRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"a name too long for an interface": {func(o *Options) { o.Name = "abcdefghijk" }, `--name "abcdefghijk"`},
		"a name with a dot":                {func(o *Options) { o.Name = "a.b" }, "--name"},
		"too many nodes":                   {func(o *Options) { o.Nodes = 33 }, "--nodes 33: must be between 0 and 32"},
		"a negative number":                {func(o *Options) { o.SimulatedNodes = -1 }, "--simulated-nodes -1"},
		"racks of nothing":                 {func(o *Options) { o.NodesPerRack = 0 }, "--nodes-per-rack 0"},
		"a relative state folder":          {func(o *Options) { o.StateDir = "lab" }, "must be an absolute path"},
		"a state folder the nodes hide":    {func(o *Options) { o.StateDir = "/var/lib/lab" }, "real nodes cover /var/lib"},
		"a state folder too deep":          {func(o *Options) { o.StateDir = "/" + strings.Repeat("x", 60) }, "too long for the sockets"},
		"a public network":                 {func(o *Options) { o.Subnet = "8.8.0.0/16" }, "--subnet"},
		"a small network":                  {func(o *Options) { o.Subnet = "10.250.0.0/24" }, "--subnet"},
		"an address for a network":         {func(o *Options) { o.Subnet = "10.250.1.0/16" }, "--subnet"},
	} {
		t.Run(name, func(t *testing.T) {
			o := valid()
			tc.change(&o)
			if _, err := New(o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestStateFolderMayBeAnywhereWithoutRealNodes(t *testing.T) {
	mustPlan(t, func(o *Options) { o.Nodes, o.StateDir = 0, "/var/lib/lab" })
}

// Every address of a full lab is its own, and inside the subnet.
func TestAddressesDoNotOverlap(t *testing.T) {
	p := mustPlan(t, func(o *Options) { o.Nodes = MaxNodes })
	taken := []netip.Prefix{p.Services(), p.SimulatedPods(), host(p.HostAddress()), host(p.Gateway())}
	for _, m := range p.Machines() {
		for _, a := range m.Addresses {
			taken = append(taken, host(a))
		}
		if m.Pods.IsValid() {
			taken = append(taken, m.Pods)
		}
	}
	for i, a := range taken {
		if !p.Network().Contains(a.Addr()) || a.Bits() < p.Network().Bits() {
			t.Errorf("%s is outside of %s", a, p.Network())
		}
		for _, b := range taken[:i] {
			if a.Overlaps(b) {
				t.Errorf("%s overlaps %s", a, b)
			}
		}
	}
	if !p.Services().Contains(p.APIService()) {
		t.Errorf("the API server's Service %s is none of %s", p.APIService(), p.Services())
	}
}

func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, 32) }

func TestWithoutRealNodesEverythingIsOnTheLoopback(t *testing.T) {
	p := mustPlan(t, func(o *Options) { o.Nodes = 0 })
	if p.Isolated() || !p.APIAddress().IsLoopback() || len(p.ControlPlane().Addresses) > 0 {
		t.Errorf("the API server listens on %s, isolated: %t", p.APIAddress(), p.Isolated())
	}
}

func TestNamesFitTheKernel(t *testing.T) {
	p := mustPlan(t, func(o *Options) { o.Name = "abcdefghij" })
	for _, name := range []string{p.HostLink(), FabricPort(NodeName(MaxNodes)), FabricPort("host"), FabricPort("cp")} {
		if len(name) > 15 {
			t.Errorf("the interface %s has %d bytes, and 15 is the most", name, len(name))
		}
	}
}

func TestNamespacesOfLabsWithSimilarNames(t *testing.T) {
	p := mustPlan(t, nil)
	if !IsNamespace(p.Namespace("node-1"), "lab") || IsNamespace(p.Namespace("node-1"), "la") {
		t.Errorf("%s belongs to another lab", p.Namespace("node-1"))
	}
}

func TestSimulatedTopology(t *testing.T) {
	p := mustPlan(t, nil)
	want := []string{"block-1/rack-1", "block-1/rack-1", "block-1/rack-2", "block-1/rack-2", "block-2/rack-3", "block-2/rack-3"}
	for i, n := range p.Simulated() {
		if got := n.Block + "/" + n.Rack; got != want[i] || n.GPUs != 8 {
			t.Errorf("%s stands in %s with %d GPUs, want %s with 8", n.Name, got, n.GPUs, want[i])
		}
	}
}

func TestFindNode(t *testing.T) {
	p := mustPlan(t, nil)
	if m, ok := p.FindNode("node-2"); !ok || m.Addresses[0].String() != "10.250.1.2" || m.Pods.String() != "10.250.18.0/24" {
		t.Errorf("node-2 is %+v (%t)", m, ok)
	}
	for _, name := range []string{"node-4", "sim-1", "cp", ""} {
		if _, ok := p.FindNode(name); ok {
			t.Errorf("%q is a real node", name)
		}
	}
}

func TestCheckChange(t *testing.T) {
	before := mustPlan(t, nil)
	for name, tc := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"the same":               {func(*Options) {}, ""},
		"one more of each":       {func(o *Options) { o.Nodes++; o.SimulatedNodes++ }, ""},
		"other limits":           {func(o *Options) { o.LiftClientLimits = true }, ""},
		"a real node fewer":      {func(o *Options) { o.Nodes-- }, "more than the 2 asked for: run `lab down` first"},
		"a simulated node fewer": {func(o *Options) { o.SimulatedNodes-- }, "6 simulated nodes"},
		"without real nodes":     {func(o *Options) { o.Nodes = 0 }, "cannot change to 0"},
		"on another network":     {func(o *Options) { o.Subnet = "10.251.0.0/16" }, "runs on 10.250.0.0/16"},
	} {
		t.Run(name, func(t *testing.T) {
			err := mustPlan(t, tc.change).CheckChange(before)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}
