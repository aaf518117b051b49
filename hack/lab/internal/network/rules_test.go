package network

import (
	"strings"
	"testing"

	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

func TestRules(t *testing.T) {
	p, err := plan.New(plan.Options{Name: "a-b", StateDir: "/srv/lab", Subnet: "10.250.0.0/16", Nodes: 1, NodesPerRack: 1, RacksPerBlock: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		rules string
		want  []string
	}{
		"the fabric drops the dark, and the API server of those without": {fabricRules(p), []string{
			"add table ip trainyard_a_b", "wires ip saddr @dark drop", "wires ip daddr @dark drop",
			"wires ip saddr @noapi ip daddr 10.250.0.2 drop", "wires ip daddr @noapi ip saddr 10.250.0.2 drop"}},
		"the host lets nobody else in, and nothing through": {hostRules(p), []string{
			`input ip daddr 10.250.0.0/16 iifname != { "lo", "ty-a-b" } drop`,
			`forward iifname "ty-a-b" drop`, `forward oifname "ty-a-b" drop`}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, want := range tc.want {
				if !strings.Contains(tc.rules, want) {
					t.Errorf("no rule %q in\n%s", want, tc.rules)
				}
			}
		})
	}
}
