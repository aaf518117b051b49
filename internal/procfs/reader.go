package procfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"github.com/prometheus/procfs/sysfs"
)

// Reader reads a host whose /proc and /sys are mounted somewhere. It remembers
// which links were up, and counters that wrap; it is for one goroutine.
type Reader struct {
	procRoot, sysRoot string
	proc              procfs.FS
	sys               sysfs.FS

	boot  string
	wasUp map[string]bool
	// ports are the fabric's ports by name, as they were when last seen.
	ports  map[string]portMemory
	downs  []down
	energy map[string]energyState
	downed map[string]uint64
	cpus   []sysfs.CPU
}

// New makes a reader. The roots are usually /proc and /sys, or where a container
// sees the host's.
func New(procRoot, sysRoot string) *Reader {
	r := &Reader{procRoot: procRoot, sysRoot: sysRoot}
	r.forget()
	return r
}

// forget begins anew, as after a boot.
func (r *Reader) forget() {
	r.wasUp, r.ports, r.energy, r.downed, r.downs = map[string]bool{}, map[string]portMemory{}, map[string]energyState{}, map[string]uint64{}, nil
}

type source struct {
	name string
	read func(*Reading) error
}

// Read looks at the host. The slow sources cost a file for every CPU.
func (r *Reader) Read(now time.Time, slow bool) Reading {
	var out Reading
	var err error
	if r.proc, err = procfs.NewFS(r.procRoot); err != nil {
		out.Problems = append(out.Problems, "proc: "+err.Error())
	}
	if r.sys, err = sysfs.NewFS(r.sysRoot); err != nil {
		out.Problems = append(out.Problems, "sys: "+err.Error())
	}
	out.BootID = r.bootID()
	out.Uptime = r.uptime()
	if out.BootID != r.boot {
		r.boot = out.BootID
		r.forget()
	}
	sources := []source{{"thermal", r.zones}, {"pressure", r.pressure}, {"load", r.load}, {"rapl", r.rapl}}
	if slow {
		sources = append(sources, source{"edac", r.edac}, source{"throttling", r.throttling}, source{"network", r.network},
			source{"infiniband", func(o *Reading) error { return r.fabric(o, now) }}, source{"mounts", r.mounts}, source{"accel", r.accelerators})
	}
	for _, s := range sources {
		if err := guarded(s, &out); err != nil && !errors.Is(err, fs.ErrNotExist) {
			out.Problems = append(out.Problems, s.name+": "+err.Error())
		}
	}
	return out
}

// guarded keeps what a garbled file may do to a parser from ending the agent.
func guarded(s source, out *Reading) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unreadable: %v", p)
		}
	}()
	return s.read(out)
}

func (r *Reader) bootID() string {
	content, err := os.ReadFile(filepath.Join(r.procRoot, "sys/kernel/random/boot_id"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

func (r *Reader) uptime() time.Duration {
	text, err := readText(filepath.Join(r.procRoot, "uptime"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(text, " ")
	up, err := time.ParseDuration(first + "s")
	if err != nil || up < 0 {
		return 0
	}
	return up
}

// PCIPresent says whether a PCI device still answers: one that fell off the bus
// reads as all ones, or is gone. The second result is whether that is known.
func (r *Reader) PCIPresent(address string) (present, known bool) {
	if address == "" {
		return false, false
	}
	folder := filepath.Join(r.sysRoot, "bus/pci/devices")
	f, err := os.Open(filepath.Join(folder, filepath.Base(address), "config"))
	if err != nil {
		_, noBus := os.Stat(folder)
		return false, errors.Is(err, fs.ErrNotExist) && noBus == nil
	}
	defer func() { _ = f.Close() }()
	var id [4]byte
	if n, err := f.Read(id[:]); err != nil || n < len(id) {
		return false, false
	}
	return id != [4]byte{0xff, 0xff, 0xff, 0xff}, true
}
