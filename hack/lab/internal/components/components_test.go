package components

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSelect(t *testing.T) {
	for name, tc := range map[string]struct {
		names []string
		goos  string
		want  string
		err   string
	}{
		"everything on Linux":            {goos: "linux", want: strings.Join(Names(), " ")},
		"no real nodes elsewhere":        {goos: "darwin", want: "etcd kube-apiserver kubectl kube-controller-manager kube-scheduler kwok"},
		"the named ones, in their order": {names: []string{"kubectl", "etcd"}, goos: "linux", want: "kubectl etcd"},
		"an unknown one":                 {names: []string{"kubeadm"}, goos: "linux", err: `component "kubeadm" is unknown: choose from etcd,`},
	} {
		t.Run(name, func(t *testing.T) {
			chosen, err := Select(tc.names, tc.goos)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want one with %q", err, tc.err)
				}
				return
			}
			var got []string
			for _, c := range chosen {
				got = append(got, c.Name)
			}
			if strings.Join(got, " ") != tc.want || err != nil {
				t.Errorf("selected %v (%v), want %s", got, err, tc.want)
			}
		})
	}
}

func TestOpenReadsThePinnedVersions(t *testing.T) {
	dir, err := Find(".")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range leading {
		if v := s.Version(l.module); !strings.HasPrefix(v, "v") || !strings.Contains(s.Folder(), l.short+"-"+v[1:]) {
			t.Errorf("%s: version %q is not in the folder %s", l.module, v, s.Folder())
		}
	}
}

func TestFolderChangesWithWhatIsPinned(t *testing.T) {
	dir := t.TempDir()
	for _, l := range leading {
		write(t, filepath.Join(dir, l.module, "go.mod"), "module x\n\nrequire "+l.path+" v1.2.3\n")
		write(t, filepath.Join(dir, l.module, "go.sum"), "one")
	}
	before, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "kwok", "go.sum"), "two")
	after, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if before.Folder() == after.Folder() {
		t.Errorf("both are in %s", before.Folder())
	}
}

func TestOpenNamesAModuleThatPinsNothing(t *testing.T) {
	dir := t.TempDir()
	for _, l := range leading {
		write(t, filepath.Join(dir, l.module, "go.mod"), "module x\n")
		write(t, filepath.Join(dir, l.module, "go.sum"), "")
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "requires no version of k8s.io/kubernetes") {
		t.Errorf("error %v", err)
	}
}

func TestFindOutsideACheckout(t *testing.T) {
	if _, err := Find(t.TempDir()); !errors.Is(err, ErrNoSource) {
		t.Errorf("error %v, want %v", err, ErrNoSource)
	}
}

func TestBuildLeavesAloneWhatIsThere(t *testing.T) {
	dir, err := Find(".")
	if err != nil {
		t.Fatal(err)
	}
	source, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := &Builder{Source: source, Cache: t.TempDir()}
	write(t, filepath.Join(b.Dir(), "etcd"), "built before")
	wanted, err := Select([]string{"etcd"}, "linux")
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Build(context.Background(), wanted)
	if err != nil || got != b.Dir() {
		t.Fatalf("built into %q: %v", got, err)
	}
	if content, err := os.ReadFile(filepath.Join(got, "etcd")); err != nil || string(content) != "built before" {
		t.Errorf("etcd is now %q (%v)", content, err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
