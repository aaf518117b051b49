package network

import (
	"context"
	"fmt"
	"strings"

	"github.com/trainyard/trainyard/hack/lab/internal/command"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// Names of the sets of addresses whose packets the fabric drops.
const (
	// setDark: every packet, both ways.
	setDark = "dark"
	// setNoAPI: packets from and to the API server.
	setNoAPI = "noapi"
)

// fabricRules drop what a fault must drop. They do it where the wires meet,
// so that on either side a packet just vanishes: no reset, no error.
func fabricRules(p *plan.Plan) string {
	table := plan.Table(p.Name)
	return fmt.Sprintf(`
add table ip %[1]s
add set ip %[1]s %[2]s { type ipv4_addr; flags interval; }
add set ip %[1]s %[3]s { type ipv4_addr; flags interval; }
add chain ip %[1]s wires { type filter hook prerouting priority -300; policy accept; }
flush chain ip %[1]s wires
add rule ip %[1]s wires ip saddr @%[2]s drop
add rule ip %[1]s wires ip daddr @%[2]s drop
add rule ip %[1]s wires ip saddr @%[3]s ip daddr %[4]s drop
add rule ip %[1]s wires ip daddr @%[3]s ip saddr %[4]s drop
`, table, setDark, setNoAPI, p.APIAddress())
}

// hostRules keep the lab and every other network apart.
func hostRules(p *plan.Plan) string {
	return fmt.Sprintf(`
add table inet %[1]s
add chain inet %[1]s input { type filter hook input priority -10; policy accept; }
add chain inet %[1]s forward { type filter hook forward priority -10; policy accept; }
flush table inet %[1]s
add rule inet %[1]s input ip daddr %[2]s iifname != { "lo", "%[3]s" } drop
add rule inet %[1]s forward iifname "%[3]s" drop
add rule inet %[1]s forward oifname "%[3]s" drop
`, plan.Table(p.Name), p.Network(), p.HostLink())
}

// Drop makes the fabric drop exactly these machines' packets: all of the dark
// ones, and those between the API server and the ones without it. It takes
// effect at once and as a whole.
func Drop(ctx context.Context, p *plan.Plan, dark, noAPI []plan.Machine) error {
	table := plan.Table(p.Name)
	var rules strings.Builder
	for set, machines := range map[string][]plan.Machine{setDark: dark, setNoAPI: noAPI} {
		fmt.Fprintf(&rules, "flush set ip %s %s\n", table, set)
		for _, m := range machines {
			fmt.Fprintf(&rules, "add element ip %s %s { %s, %s }\n", table, set, m.Addresses[0], m.Pods)
		}
	}
	_, err := command.Feed(ctx, rules.String(),
		"ip", "netns", "exec", p.Namespace(plan.Fabric), "nft", "-f", "-")
	return err
}
