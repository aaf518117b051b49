// Package host looks at the machine the lab is to run on and says, in one
// line with the cure, why it cannot.
package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/hack/lab/internal/config"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// needed maps the tools of real nodes to the Debian packages that bring them.
var needed = []struct{ tool, pkg string }{
	{"containerd", "containerd"},
	{"ctr", "containerd"},
	{"runc", "runc"},
	{"ip", "iproute2"},
	{"nft", "nftables"},
	{"nsenter", "util-linux"},
}

const cniPackage = "containernetworking-plugins"

// cniPlugins are the network plugins a node uses.
var cniPlugins = []string{"bridge", "host-local", "loopback"}

// cniDirs are where distributions put them.
var cniDirs = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}

// Facts finds out what the configuration depends on.
func Facts() config.Host {
	f := config.Host{CNI: cniDir(cniDirs)}
	f.CgroupV1, f.NoSysResource = cgroupV1(), lacksSysResource()
	return f
}

// CheckReal says whether this host can carry real nodes.
func CheckReal() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("real nodes need Linux, this is %s: use --nodes 0", runtime.GOOS)
	}
	missing := missingPackages(exec.LookPath, cniDir(cniDirs) != "")
	if len(missing) > 0 {
		return fmt.Errorf("real nodes need packages that are not installed: run `%sapt-get install -y --no-install-recommends %s`, or use --nodes 0",
			sudo(), strings.Join(missing, " "))
	}
	if os.Geteuid() != 0 {
		return errors.New("real nodes need root: run the same command with sudo, or use --nodes 0")
	}
	return nil
}

func sudo() string {
	if os.Geteuid() != 0 {
		return "sudo "
	}
	return ""
}

func missingPackages(look func(string) (string, error), cni bool) []string {
	var missing []string
	for _, n := range needed {
		if _, err := look(n.tool); err != nil && !slices.Contains(missing, n.pkg) {
			missing = append(missing, n.pkg)
		}
	}
	if !cni {
		missing = append(missing, cniPackage)
	}
	return missing
}

func cniDir(dirs []string) string {
	for _, dir := range dirs {
		complete := true
		for _, plugin := range cniPlugins {
			if _, err := os.Stat(filepath.Join(dir, plugin)); err != nil {
				complete = false
			}
		}
		if complete {
			return dir
		}
	}
	return ""
}

// Space a lab needs: images and unpacked layers where there are real nodes.
const (
	spaceReal = 4 << 30
	spaceNone = 512 << 20
)

// CheckSpace says whether the disk below the state folder has room.
func CheckSpace(p *plan.Plan) error {
	existing := p.StateDir
	for existing != filepath.Dir(existing) {
		if _, err := os.Stat(existing); err == nil {
			break
		}
		existing = filepath.Dir(existing)
	}
	free, err := freeBytes(existing)
	if err != nil {
		return err
	}
	need := uint64(spaceNone)
	if p.Isolated() {
		need = spaceReal
	}
	if free < need {
		return fmt.Errorf("%s has %d MiB free and the lab needs %d: free some, or choose another disk with --state-dir",
			p.StateDir, free>>20, need>>20)
	}
	return nil
}

// CheckSubnet says whether anything else uses the lab's network.
func CheckSubnet(p *plan.Plan) error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("list the network interfaces: %w", err)
	}
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil || i.Name == p.HostLink() {
			continue
		}
		for _, a := range addresses {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Overlaps(p.Network()) {
				return subnetTaken(p, i.Name, prefix.Masked())
			}
		}
	}
	routes, err := readRoutes()
	if err != nil {
		return err
	}
	for _, r := range routes {
		if r.Interface != p.HostLink() && r.To.Bits() > 0 && r.To.Overlaps(p.Network()) {
			return subnetTaken(p, r.Interface, r.To)
		}
	}
	return nil
}

func subnetTaken(p *plan.Plan, name string, by netip.Prefix) error {
	return fmt.Errorf("the network %s is taken: %s leads to %s; choose another with --subnet, such as --subnet 10.251.0.0/16",
		p.Network(), by, name)
}

// Route is an entry of the host's routing table.
type Route struct {
	Interface string
	To        netip.Prefix
}
