package host

import (
	"errors"
	"os"
	"path/filepath"
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
