// Package components builds the programs the lab runs (the control plane, the
// kubelet, the name server, the simulator) from their Go modules. Their
// versions are pinned by the go.mod files below hack/lab/components; nothing
// is downloaded as a prebuilt binary. What was built lies in a cache outside
// the tree, in a folder whose name holds the versions, and is built once.
package components

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// Component is one program: the module folder it is built in and the package
// that holds its main.
type Component struct {
	Name    string
	Module  string
	Package string
	// LinuxOnly marks what only real nodes need, which exist on Linux alone.
	LinuxOnly bool
}

// All lists the programs in the order in which they are built: what the API
// tests need comes first.
func All() []Component {
	k8s := func(name string) Component {
		return Component{Name: name, Module: "kubernetes", Package: "k8s.io/kubernetes/cmd/" + name}
	}
	linux := func(c Component) Component { c.LinuxOnly = true; return c }
	return []Component{
		{Name: "etcd", Module: "etcd", Package: "."},
		k8s("kube-apiserver"),
		k8s("kubectl"),
		k8s("kube-controller-manager"),
		k8s("kube-scheduler"),
		{Name: "kwok", Module: "kwok", Package: "sigs.k8s.io/kwok/cmd/kwok"},
		linux(k8s("kubelet")),
		linux(k8s("kube-proxy")),
		linux(Component{Name: "coredns", Module: "coredns", Package: "github.com/coredns/coredns"}),
	}
}

// Select returns the components with the given names, or all that this
// operating system can run when names is empty.
func Select(names []string, goos string) ([]Component, error) {
	var chosen []Component
	for _, c := range All() {
		if len(names) == 0 && (!c.LinuxOnly || goos == "linux") {
			chosen = append(chosen, c)
		}
	}
	for _, name := range names {
		i := indexOf(name)
		if i < 0 {
			return nil, fmt.Errorf("component %q is unknown: choose from %s", name, strings.Join(Names(), ", "))
		}
		chosen = append(chosen, All()[i])
	}
	return chosen, nil
}

func indexOf(name string) int {
	for i, c := range All() {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// Names lists every component's name.
func Names() []string {
	all := All()
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Name
	}
	return names
}

// leading maps a component module to the dependency whose version stands for
// the whole of it.
var leading = []struct{ module, short, path string }{
	{"kubernetes", "kubernetes", "k8s.io/kubernetes"},
	{"etcd", "etcd", "go.etcd.io/etcd/server/v3"},
	{"kwok", "kwok", "sigs.k8s.io/kwok"},
	{"coredns", "coredns", "github.com/coredns/coredns"},
}

// Source is the folder hack/lab/components of a checkout, read.
type Source struct {
	Dir      string
	versions map[string]string
	digest   string
}

// ErrNoSource says that no checkout was found.
var ErrNoSource = errors.New("hack/lab/components not found: run from inside the repository, or pass --source")

// Find looks for hack/lab/components upwards from each start folder in turn.
func Find(starts ...string) (string, error) {
	for _, start := range starts {
		abs, err := filepath.Abs(start)
		if err != nil {
			return "", fmt.Errorf("make %s absolute: %w", start, err)
		}
		for dir := abs; ; dir = filepath.Dir(dir) {
			candidate := filepath.Join(dir, "hack", "lab", "components")
			if info, err := os.Stat(candidate); err == nil && info.IsDir() {
				return candidate, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", ErrNoSource
}

// Open reads the versions that the component modules pin.
func Open(dir string) (*Source, error) {
	s := &Source{Dir: dir, versions: map[string]string{}}
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH, flags("X"))
	for _, l := range leading {
		for _, file := range []string{"go.mod", "go.sum", "main.go"} {
			content, err := os.ReadFile(filepath.Join(dir, l.module, file))
			if errors.Is(err, os.ErrNotExist) && file == "main.go" {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("read the pinned versions of %s: %w", l.module, err)
			}
			fmt.Fprintf(sum, "%s/%s %d\n", l.module, file, len(content))
			sum.Write(content)
			if file == "go.mod" {
				if s.versions[l.module] = requiredVersion(string(content), l.path); s.versions[l.module] == "" {
					return nil, fmt.Errorf("%s/go.mod requires no version of %s", l.module, l.path)
				}
			}
		}
	}
	s.digest = hex.EncodeToString(sum.Sum(nil))[:8]
	return s, nil
}

func requiredVersion(gomod, path string) string {
	m := regexp.MustCompile(`(?m)^(?:require)?\s*` + regexp.QuoteMeta(path) + ` (v\S+)`).FindStringSubmatch(gomod)
	if m == nil {
		return ""
	}
	return m[1]
}

// Version returns the pinned version of a component module, as "v1.37.1".
func (s *Source) Version(module string) string { return s.versions[module] }

// Folder names the cache folder of this source: the versions a person looks
// for, the platform, and a digest of everything else that decides the bytes.
func (s *Source) Folder() string {
	parts := make([]string, 0, len(leading)+3)
	for _, l := range leading {
		parts = append(parts, l.short+"-"+strings.TrimPrefix(s.versions[l.module], "v"))
	}
	parts = append(parts, runtime.GOOS, runtime.GOARCH, s.digest)
	return strings.Join(parts, "_")
}
