package agent

import (
	"context"
	"slices"
	"strconv"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/internal/kmsg"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/internal/podresources"
	"github.com/trainyard/trainyard/internal/procfs"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// Devices reads GPUs; internal/nvml implements it.
type Devices interface {
	Poll(ctx context.Context, slow bool) ([]nvml.Reading, nvml.State)
	Remember(known []nvml.Identity)
	Release()
	Resume()
	Close()
}

// Host reads the machine; internal/procfs implements it.
type Host interface {
	Read(now time.Time, slow bool) procfs.Reading
	PCIPresent(address string) (present, known bool)
}

// Pods tells which pod holds which device; internal/podresources implements it.
type Pods interface {
	List(ctx context.Context) ([]podresources.Claim, error)
}

// KernelLog tells what drivers wrote; internal/kmsg implements it.
type KernelLog interface {
	Read() ([]kmsg.Message, error)
}

// Prober reads a device from another process.
type Prober interface {
	Probe(ctx context.Context, id nvml.Identity) error
}

// maintenanceGrace is how long missing devices are not missed after the driver
// went away, the GPUs were released or split anew; settling is what is left of
// it once they are back.
const (
	maintenanceGrace = 10 * time.Minute
	settling         = 30 * time.Second
	probeAfter       = 2 // stuck polls
)

// Snapshot is everything that one look at the node found.
type Snapshot struct {
	Sample   hardware.Sample
	State    nvml.State
	Readings []nvml.Reading
	Host     procfs.Reading
	Holders  map[string][]podresources.Holder
	// Problems names sources that could not be read.
	Problems []string
}

// Sampler looks at the node. It is for one goroutine.
type Sampler struct {
	Devices Devices
	Host    Host
	// Pods may be nil: then nobody's device is known.
	Pods   Pods
	Prober Prober
	Clock  clock.Clock
	// ResetsKnown is false until it is known how often each device was reset in
	// this boot; until then nothing can look like a reset.
	ResetsKnown bool
	// Before is what an agent before this one left behind; it may be empty.
	Before Footprint

	boot        string
	memory      map[string]*deviceMemory
	slowHost    procfs.Reading
	maintenance time.Time
	wasUp       bool
	probes      chan probeResult
}

// deviceMemory is what is remembered of a device from look to look.
type deviceMemory struct {
	resets      int32
	mig         bool
	seen        bool
	owners      []string
	since       time.Time
	probing     bool
	probeFailed *bool
}

type probeResult struct {
	uuid string
	err  error
}

// Remember seeds what an earlier life of the agent knew in this boot.
func (s *Sampler) Remember(boot string, known []nvml.Identity, resets map[string]int32) {
	s.Devices.Remember(known)
	s.ResetsKnown = true
	if s.boot != "" && s.boot != boot {
		return
	}
	s.boot = boot
	for uuid, n := range resets {
		s.device(uuid).resets += n
	}
}

func (s *Sampler) device(uuid string) *deviceMemory {
	if s.memory == nil {
		s.memory = map[string]*deviceMemory{}
	}
	m := s.memory[uuid]
	if m == nil {
		m = &deviceMemory{}
		s.memory[uuid] = m
	}
	return m
}

// Look takes one look at the node. Expected is the acknowledged number of
// devices, nil for as many as are known.
func (s *Sampler) Look(ctx context.Context, slow bool, expected *int32) *Snapshot {
	now := s.Clock.Now()
	snap := &Snapshot{Holders: map[string][]podresources.Holder{}}
	snap.Readings, snap.State = s.Devices.Poll(ctx, slow)
	snap.Host = s.host(now, slow)
	snap.Problems = snap.Host.Problems
	if snap.Host.BootID != s.boot {
		s.boot, s.memory = snap.Host.BootID, nil
	}
	claimsKnown := s.holders(ctx, snap)
	snap.Sample = hardware.Sample{Time: s.Clock.Now(), BootID: s.boot, Node: snap.Host.Vars}
	s.takeProbes()
	s.noteMaintenance(now, snap)
	s.inventory(snap, expected)
	for i := range snap.Readings {
		snap.Sample.Devices = append(snap.Sample.Devices, s.sample(ctx, now, snap, &snap.Readings[i], claimsKnown))
	}
	return snap
}

// host reads the host and completes a fast reading with the last slow one.
func (s *Sampler) host(now time.Time, slow bool) procfs.Reading {
	reading := s.Host.Read(now, slow)
	if slow {
		s.slowHost = reading
		return reading
	}
	for id := range hardware.LastVar {
		if _, known := reading.Vars.Get(id); known {
			continue
		}
		if value, known := s.slowHost.Vars.Get(id); known {
			reading.Vars.Set(id, value)
		}
	}
	reading.Ports, reading.Interfaces, reading.Memory, reading.Accelerators = s.slowHost.Ports, s.slowHost.Interfaces, s.slowHost.Memory, s.slowHost.Accelerators
	return reading
}

// holders asks who holds what and reports whether the answer is known.
func (s *Sampler) holders(ctx context.Context, snap *Snapshot) bool {
	if s.Pods == nil {
		return false
	}
	claims, err := s.Pods.List(ctx)
	if err != nil {
		snap.Problems = append(snap.Problems, err.Error())
		return false
	}
	names := deviceNames(snap.Readings)
	for _, claim := range claims {
		uuid, ok := names[claim.Device]
		if ok && !slices.Contains(snap.Holders[uuid], claim.Holder) {
			snap.Holders[uuid] = append(snap.Holders[uuid], claim.Holder)
		}
	}
	return true
}

// deviceNames maps what device plugins and drivers call a device to its UUID:
// the UUID itself, the UUID of a part, or an index.
func deviceNames(readings []nvml.Reading) map[string]string {
	names := map[string]string{}
	for i := range readings {
		r := &readings[i]
		index := strconv.Itoa(r.Index)
		for _, name := range []string{r.UUID, index, "gpu-" + index, "nvidia" + index, r.PCI} {
			if name != "" {
				names[name] = r.UUID
			}
		}
		for _, part := range r.Instances {
			names[part.UUID] = r.UUID
		}
	}
	return names
}

// noteMaintenance follows whether the driver is away on purpose.
func (s *Sampler) noteMaintenance(now time.Time, snap *Snapshot) {
	up := snap.State.Mode == nvml.ModeGPU
	away := snap.State.Mode == nvml.ModeReleased || snap.State.Mode == nvml.ModeDriverDown
	split := false
	for i := range snap.Readings {
		r, m := &snap.Readings[i], s.device(snap.Readings[i].UUID)
		split = split || r.Readable && m.seen && m.mig != r.MIG
		if r.Readable {
			m.mig, m.seen = r.MIG, true
		}
	}
	switch {
	case s.wasUp && away || split || snap.State.Mode == nvml.ModeReleased:
		s.maintenance = now.Add(maintenanceGrace)
	case up && s.maintenance.After(now.Add(settling)) && !split:
		s.maintenance = now.Add(settling)
	}
	s.wasUp = up
	snap.Sample.Node.SetFlag(hardware.VarMaintenance, now.Before(s.maintenance))
	if snap.State.Mode != nvml.ModeReleased {
		snap.Sample.Node.SetFlag(hardware.VarDriverUp, up)
	}
}

// inventory compares what is there with what should be.
func (s *Sampler) inventory(snap *Snapshot, expected *int32) {
	listed := 0
	for i := range snap.Readings {
		if !isSet(&snap.Readings[i].Vars, hardware.VarAbsent) {
			listed++
		}
	}
	want := len(snap.Readings)
	if expected != nil {
		want = int(*expected)
		if listed >= want { // who is absent was acknowledged
			snap.Readings = slices.DeleteFunc(snap.Readings, func(r nvml.Reading) bool { return isSet(&r.Vars, hardware.VarAbsent) })
		}
	}
	node := &snap.Sample.Node
	node.Set(hardware.VarDevicesExpected, float64(want))
	if snap.State.Mode == nvml.ModeGPU {
		node.Set(hardware.VarDevicesSeen, float64(listed))
		node.Set(hardware.VarDevicesMissing, float64(max(want-listed, 0)))
	}
}

func isSet(v *hardware.Vars, id hardware.VarID) bool {
	value, known := v.Get(id)
	return known && value != 0
}

// sample makes one device's sample of its reading.
func (s *Sampler) sample(ctx context.Context, now time.Time, snap *Snapshot, r *nvml.Reading, claimsKnown bool) hardware.DeviceSample {
	m := s.device(r.UUID)
	if r.Reset || s.wasReset(r) {
		m.resets++
	}
	d := hardware.DeviceSample{UUID: r.UUID, Serial: r.Serial, Readable: r.Readable, Vars: r.Vars}
	if s.ResetsKnown {
		d.Epoch = strconv.Itoa(int(m.resets))
	}
	if claimsKnown {
		s.own(&d, m, owners(snap.Holders[r.UUID]), now)
	}
	s.suspect(ctx, r, m, &d)
	return d
}

// wasReset says, once, that a device was reset in this boot while no agent ran.
func (s *Sampler) wasReset(r *nvml.Reading) bool {
	before, known := s.Before.Devices[r.UUID]
	if !known || !r.Readable {
		return false
	}
	delete(s.Before.Devices, r.UUID)
	return s.Before.BootID == s.boot && turnedBack(before, counters(r))
}

// own sets who holds the device, and for how long.
func (s *Sampler) own(d *hardware.DeviceSample, m *deviceMemory, owners []string, now time.Time) {
	if !slices.Equal(owners, m.owners) {
		m.owners, m.since = owners, now
	}
	d.Owners = owners
	d.Vars.SetFlag(hardware.VarAllocated, len(owners) > 0)
	if len(owners) > 0 {
		d.Vars.Set(hardware.VarAllocatedSeconds, now.Sub(m.since).Seconds())
	}
}

func owners(holders []podresources.Holder) []string {
	var all []string
	for _, h := range holders {
		if owner := h.Owner(); !slices.Contains(all, owner) {
			all = append(all, owner)
		}
	}
	slices.Sort(all)
	return all
}

// suspect asks elsewhere about a device that does not answer: the PCI bus, and
// another process.
func (s *Sampler) suspect(ctx context.Context, r *nvml.Reading, m *deviceMemory, d *hardware.DeviceSample) {
	if r.StuckPolls < probeAfter {
		m.probeFailed = nil
		return
	}
	if present, known := s.Host.PCIPresent(r.PCI); known && !present {
		d.Vars.SetFlag(hardware.VarLost, true)
	}
	if s.Prober != nil && !m.probing {
		m.probing = true
		if s.probes == nil {
			s.probes = make(chan probeResult, 1)
		}
		go func(id nvml.Identity) {
			err := s.Prober.Probe(ctx, id)
			select {
			case s.probes <- probeResult{id.UUID, err}:
			case <-ctx.Done():
			}
		}(r.Identity)
	}
	if m.probeFailed != nil {
		d.Vars.SetFlag(hardware.VarProbeFailed, *m.probeFailed)
	}
}

func (s *Sampler) takeProbes() {
	for {
		select {
		case result := <-s.probes:
			m := s.device(result.uuid)
			failed := result.err != nil
			m.probing, m.probeFailed = false, &failed
		default:
			return
		}
	}
}
