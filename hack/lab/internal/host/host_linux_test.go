package host

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRoutes(t *testing.T) {
	const table = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0102000A	0003	0	0	0	00000000	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
ty-lab	FE00FA0A	00000000	0005	0	0	0	FFFFFFFF	0	0	0
`
	var got []string
	for _, r := range parseRoutes(table) {
		got = append(got, r.Interface+" "+r.To.String())
	}
	want := []string{"eth0 0.0.0.0/0", "docker0 172.17.0.0/16", "ty-lab 10.250.0.254/32"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestLacksCapability(t *testing.T) {
	for status, want := range map[string]bool{
		"CapPrm:\t0\nCapEff:\t000001fffeffffff\n": true,
		"CapEff:\t000001ffffffffff\n":             false,
		"nothing of it":                           false,
	} {
		if got := lacksCapability(status, capSysResource); got != want {
			t.Errorf("%s: lacks CAP_SYS_RESOURCE: %t", strings.TrimSpace(status), got)
		}
	}
}
