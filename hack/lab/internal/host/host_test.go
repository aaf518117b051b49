package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMissingPackages(t *testing.T) {
	for name, tc := range map[string]struct {
		absent []string
		cni    bool
		want   []string
	}{
		"nothing is missing":   {cni: true},
		"a package named once": {absent: []string{"containerd", "ctr"}, cni: true, want: []string{"containerd"}},
		"everything": {
			absent: []string{"containerd", "ctr", "runc", "ip", "nft", "nsenter"},
			want:   []string{"containerd", "runc", "iproute2", "nftables", "util-linux", "containernetworking-plugins"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			look := func(tool string) (string, error) {
				for _, a := range tc.absent {
					if a == tool {
						return "", errors.New("not found")
					}
				}
				return "/bin/" + tool, nil
			}
			if diff := cmp.Diff(tc.want, missingPackages(look, tc.cni)); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCNIDirMustBeComplete(t *testing.T) {
	half, whole := t.TempDir(), t.TempDir()
	for i, plugin := range cniPlugins {
		for _, dir := range []string{half, whole} {
			if dir == half && i > 0 {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, plugin), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := cniDir([]string{"/nowhere", half, whole}); got != whole {
		t.Errorf("plugins in %q, want %q", got, whole)
	}
	if got := cniDir([]string{half}); got != "" {
		t.Errorf("half of the plugins in %q", got)
	}
}

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
