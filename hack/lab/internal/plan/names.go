package plan

import (
	"path/filepath"
	"strings"
)

// Resource is the name under which the lab's things are known to the kernel:
// its control group, its table of packet filters, the beginning of its
// network namespaces.
func (p *Plan) Resource() string { return Resource(p.Name) }

// Resource is the kernel-wide name of the lab called name.
func Resource(name string) string { return Prefix + name }

// Namespace is the network namespace of a machine, or of the fabric.
func (p *Plan) Namespace(machine string) string { return p.Resource() + "." + machine }

// IsNamespace says whether a network namespace belongs to the lab called name.
func IsNamespace(namespace, name string) bool {
	return strings.HasPrefix(namespace, Resource(name)+".")
}

// Fabric is the name of the router's namespace among the machines'.
const Fabric = "fabric"

// HostLink is the host's end of its cable to the fabric. An interface's name
// has at most 15 bytes.
func (p *Plan) HostLink() string { return HostLink(p.Name) }

// HostLink is the host's end of the cable of the lab called name.
func HostLink(name string) string { return "ty-" + name }

// FabricPort is the fabric's end of a machine's cable.
func FabricPort(machine string) string { return "to-" + machine }

// Table is the lab's table of packet filters, in the host and in the fabric.
func Table(name string) string { return strings.ReplaceAll(Resource(name), "-", "_") }

// Paths below the state folder.

// File holds the plan itself; it is written first and removed last.
func (p *Plan) File() string { return File(p.StateDir) }

// File is where the plan of the lab in stateDir lies.
func File(stateDir string) string { return filepath.Join(stateDir, "lab.json") }

// PKIDir holds certificates and keys.
func (p *Plan) PKIDir() string { return filepath.Join(p.StateDir, "pki") }

// LogDir holds a log per program.
func (p *Plan) LogDir() string { return filepath.Join(p.StateDir, "logs") }

// SharedDir is storage that every node sees and no fault takes away.
func (p *Plan) SharedDir() string { return filepath.Join(p.StateDir, "shared") }

// Kubeconfig is the administrator's.
func (p *Plan) Kubeconfig() string { return filepath.Join(p.StateDir, "kubeconfig") }

// MachineDir holds what belongs to one machine.
func (p *Plan) MachineDir(machine string) string {
	return filepath.Join(p.StateDir, "machines", machine)
}

// MarkName and MarkState are the environment variables that every process of
// a lab carries, so that it can be recognised whoever its parent was.
const (
	MarkName  = "TRAINYARD_LAB"
	MarkState = "TRAINYARD_LAB_STATE"
)

// Marks returns the environment of the lab's processes.
func (p *Plan) Marks() []string {
	return []string{MarkName + "=" + p.Name, MarkState + "=" + p.StateDir}
}
