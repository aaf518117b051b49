package procfs

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/procfs/sysfs"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// activePort is the state "4: ACTIVE" of an InfiniBand port.
const activePort = 4

// flapWindow is how far back link flaps are counted.
const flapWindow = time.Hour

// down is a number of times that links went down.
type down struct {
	at    time.Time
	times uint64
}

// portMemory is what is remembered of a port in this boot.
type portMemory struct {
	// up and fastest say that it was up, and how fast it ran at best.
	up      bool
	fastest float64
	// address is where its card is on the PCI bus.
	address string
}

// fabric reads InfiniBand and RoCE ports. A port that was up in this boot and is
// not now counts as down; one that never was is not cabled.
func (r *Reader) fabric(out *Reading, now time.Time) error {
	names, err := r.sys.InfiniBandClassDevices()
	if err != nil && len(r.ports) == 0 {
		return fmt.Errorf("infiniband: %w", err)
	}
	first := err
	down, slow, total := 0, 0, uint64(0)
	read := map[string]bool{}
	for _, name := range names {
		device, err := r.sys.InfiniBandDevice(name)
		if err != nil {
			first = err
			continue
		}
		for _, p := range device.Ports {
			port := describe(name, &p)
			out.Ports = append(out.Ports, port)
			total += port.Errors
			key := fmt.Sprintf("%s/%d", name, port.Port)
			read[key] = true
			m := r.remember(key, &port)
			switch {
			case m.up && !port.Up:
				down++
			case port.Up && port.BytesPerSecond < m.fastest:
				slow++
			}
			r.noteDowns(key, port.Downed, now)
		}
	}
	down += r.vanished(read)
	slices.SortFunc(out.Ports, func(a, b Port) int { return slices.Compare([]string{a.Device}, []string{b.Device}) })
	if len(r.ports) > 0 {
		out.Vars.Set(hardware.VarFabricLinksDown, float64(down))
		out.Vars.Set(hardware.VarFabricLinksSlow, float64(slow))
		out.Vars.Set(hardware.VarFabricErrors, float64(total))
		out.Vars.Set(hardware.VarFabricFlaps, float64(r.recentDowns(now)))
	}
	if first != nil {
		return fmt.Errorf("infiniband: %w", first)
	}
	return nil
}

// remember notes the best that a port has been in this boot.
func (r *Reader) remember(key string, port *Port) portMemory {
	m := r.ports[key]
	m.up = m.up || port.Up
	if port.Up {
		m.fastest = max(m.fastest, port.BytesPerSecond)
	}
	if target, err := filepath.EvalSymlinks(filepath.Join(r.sysRoot, "class/infiniband", port.Device, "device")); err == nil {
		m.address = filepath.Base(target)
	}
	r.ports[key] = m
	return m
}

// vanished counts ports that were up and whose card is not on the bus any more.
// A port that is not listed while its card is there was moved into a pod's
// network, or its driver is being replaced.
func (r *Reader) vanished(read map[string]bool) (n int) {
	for key, m := range r.ports {
		if read[key] || !m.up {
			continue
		}
		if present, known := r.PCIPresent(m.address); known && !present {
			n++
		}
	}
	return n
}

func describe(device string, p *sysfs.InfiniBandPort) Port {
	port := Port{Device: device, Port: int(p.Port), Up: p.StateID == activePort, BytesPerSecond: float64(p.Rate)} //nolint:gosec // a port number is small
	c := &p.Counters
	for _, counter := range []*uint64{
		c.SymbolError, c.PortRcvErrors, c.LocalLinkIntegrityErrors, c.ExcessiveBufferOverrunErrors, c.PortRcvRemotePhysicalErrors, c.LinkErrorRecovery,
	} {
		if counter != nil {
			port.Errors += *counter
		}
	}
	if c.LinkDowned != nil {
		port.Downed = *c.LinkDowned
	}
	return port
}

// noteDowns remembers by how much a port's counter of downs grew.
func (r *Reader) noteDowns(key string, count uint64, now time.Time) {
	before, seen := r.downed[key]
	r.downed[key] = count
	if seen && count > before {
		r.downs = append(r.downs, down{now, count - before})
	}
}

func (r *Reader) recentDowns(now time.Time) (times uint64) {
	r.downs = slices.DeleteFunc(r.downs, func(d down) bool { return now.Sub(d.at) > flapWindow })
	for _, d := range r.downs {
		times += d.times
	}
	return times
}

// network reads the interfaces that have a device behind them: bridges, veths
// and tunnels come and go with pods.
func (r *Reader) network(out *Reading) error {
	names, err := r.sys.NetClassDevices()
	if err != nil {
		return fmt.Errorf("network: %w", err)
	}
	lost, seen := 0, false
	for _, name := range names {
		if !exists(filepath.Join(r.sysRoot, "class/net", name, "device")) {
			continue
		}
		iface, err := r.sys.NetClassByIface(name)
		if err != nil {
			continue // it vanished between two looks
		}
		up := iface.Carrier != nil && *iface.Carrier == 1
		out.Interfaces = append(out.Interfaces, Interface{name, up})
		key := "net/" + name
		r.wasUp[key] = r.wasUp[key] || up
		if r.wasUp[key] && !up {
			lost++
		}
		seen = true
	}
	if seen {
		out.Vars.Set(hardware.VarNetworkLinksDown, float64(lost))
	}
	return nil
}
