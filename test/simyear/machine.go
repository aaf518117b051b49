package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	testclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/agent"
	"github.com/trainyard/trainyard/internal/kmsg"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/internal/podresources"
	"github.com/trainyard/trainyard/internal/procfs"
	"github.com/trainyard/trainyard/pkg/hardware"
)

const gpusPerServer = 8

// gpu is one device of a machine.
type gpu struct {
	id     nvml.Identity
	set    map[hardware.VarID]float64 // what is not as on a healthy device
	lost   bool
	absent bool
	// failing answers every call with an error; hangs never answers.
	failing, hangs bool
	stuck          int
	mig            bool
	reset          bool      // since the last look
	since          time.Time // when its counters began
	replays        float64
}

// machine is a server: what happens to it changes its fields, and its agent
// reads them through the interfaces that it reads a real one through.
type machine struct {
	nvml.Null
	name   string
	rng    *rand.Rand
	gpus   []*gpu
	boot   int
	driver string
	mode   nvml.Mode
	idle   bool
	host   map[hardware.VarID]float64
	// job names the workload that holds the GPUs.
	job         string
	kubeletGone bool
	readsKmsg   bool
	logged      []kmsg.Message // since boot
	unread      int            // the first one that this life of the agent has not read

	now, booted time.Time
	skew        time.Duration // of the machine's clock
	clock       *testclock.FakeClock
	sampler     *agent.Sampler
	core        *agent.Core
	report      *agent.Report
	policy      hardware.Policy
	lastSlow    time.Time
	looked      bool // this life of the agent
	left        agent.Footprint
	serials     int
}

func newMachine(name string, policy hardware.Policy, seed uint64, start time.Time) (*machine, error) {
	m := &machine{
		name: name, policy: policy, rng: rand.New(rand.NewPCG(seed, 1)), driver: "580.95.05", mode: nvml.ModeGPU, job: name + "job0",
		host: map[hardware.VarID]float64{}, now: start, booted: start.Add(-time.Hour), clock: testclock.NewFakeClock(start),
	}
	m.readsKmsg = m.rng.IntN(2) == 0
	for i := range gpusPerServer {
		m.gpus = append(m.gpus, m.newGPU(i))
	}
	return m, m.startAgent()
}

func (m *machine) newGPU(index int) *gpu {
	m.serials++
	serial := fmt.Sprintf("%s-%d", m.name, m.serials)
	return &gpu{since: m.now, set: map[hardware.VarID]float64{}, id: nvml.Identity{
		Index: index, UUID: "GPU-" + serial, Serial: serial, Model: "NVIDIA H100 80GB HBM3", PCI: fmt.Sprintf("0000:%02x:00.0", 0x18+index),
	}}
}

// startAgent starts an agent that continues the record of the one before.
func (m *machine) startAgent() error {
	core, err := agent.NewCore(m.policy)
	if err != nil {
		return err
	}
	m.core = core
	m.sampler = &agent.Sampler{Devices: m, Host: m, Pods: m, Prober: m, Clock: m.clock, Before: m.left}
	m.lastSlow, m.looked, m.unread = time.Time{}, false, 0
	var published v1alpha1.NodeHardwareStatus
	if m.report != nil {
		content, err := json.Marshal(&m.report.Status)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(content, &published); err != nil {
			return err
		}
	}
	m.core.Restore(&published)
	known, resets := agent.Inventory(&published)
	m.sampler.Remember(published.BootID, known, resets)
	return nil
}

func (m *machine) stopAgent() { m.core = nil }

func (m *machine) agentRuns() bool { return m.core != nil }

// pass lets time pass.
func (m *machine) pass(d time.Duration) { m.passUntil(m.now.Add(d)) }

func (m *machine) passUntil(t time.Time) {
	m.now = t
	m.clock.SetTime(t.Add(m.skew))
}

// look lets the agent look, if there is one.
func (m *machine) look(ctx context.Context) {
	if !m.agentRuns() {
		return
	}
	const slowly = 30 * time.Second
	slow := m.now.Sub(m.lastSlow) >= slowly
	if slow {
		m.lastSlow = m.now
	}
	snap := m.sampler.Look(ctx, slow, nil)
	if m.looked {
		m.core.Messages(m.logged[m.unread:], snap.Sample.Time.Add(-m.now.Sub(m.booted)))
		m.unread = len(m.logged)
	}
	m.report, m.looked = m.core.Take(snap), true
	if slow && m.mode == nvml.ModeGPU {
		m.left = agent.FootprintOf(snap)
	}
	m.awaitProbes()
}

// awaitProbes lets the probes of devices that hang end, which take no time here.
func (m *machine) awaitProbes() {
	for _, g := range m.gpus {
		if g.stuck > 1 {
			for range 50 {
				runtime.Gosched()
			}
			return
		}
	}
}

// xid is an error of a GPU's driver: the agent hears it at once, or finds it in
// the kernel's log if it may read that.
func (m *machine) xid(index, code int) {
	g := m.gpus[index]
	if m.agentRuns() {
		if report := m.core.Event(nvml.Event{Time: m.clock.Now(), Kind: nvml.EventXid, UUID: g.id.UUID, Data: uint64(code)}); report != nil {
			m.report = report
		}
	}
	if m.readsKmsg {
		m.logged = append(m.logged, kmsg.Message{Kind: hardware.Xid, Code: code, PCI: g.id.PCI, SinceBoot: m.now.Sub(m.booted)})
	}
}

// reset clears what a reset of a GPU clears.
func (m *machine) reset(g *gpu) {
	for _, id := range []hardware.VarID{
		hardware.VarECCVolatileUncorrected, hardware.VarECCVolatileCorrected, hardware.VarRecoveryAction, hardware.VarRemapPending,
		hardware.VarLinksInactive, hardware.VarHardwareSlowdown,
	} {
		delete(g.set, id)
	}
	g.failing, g.hangs, g.stuck, g.lost, g.since = false, false, 0, false, m.now
	g.reset = m.agentRuns() // a session that begins later saw nothing
}

// reboot takes a few minutes and ends everything but what is broken for good.
func (m *machine) reboot() error {
	m.stopAgent()
	m.pass(4 * time.Minute)
	m.boot++
	m.booted, m.logged, m.mode = m.now, nil, nvml.ModeGPU
	for _, g := range m.gpus {
		m.reset(g)
	}
	return m.startAgent()
}

// Poll reads the devices, as a session of the driver's library would.
func (m *machine) Poll(context.Context, bool) ([]nvml.Reading, nvml.State) {
	state := nvml.State{Mode: m.mode, DriverVersion: m.driver}
	var readings []nvml.Reading
	for _, g := range m.gpus {
		r := nvml.Reading{Identity: g.id}
		switch {
		case m.mode != nvml.ModeGPU:
		case g.absent:
			r.Vars.SetFlag(hardware.VarAbsent, true)
		case g.hangs:
			g.stuck++
			r.StuckPolls = g.stuck
			r.Vars.Set(hardware.VarStuckPolls, float64(g.stuck))
		default:
			m.read(g, &r)
		}
		readings = append(readings, r)
	}
	return readings, state
}

func (m *machine) read(g *gpu, r *nvml.Reading) {
	g.stuck = 0
	r.Readable = !g.lost && !g.failing
	if r.Readable {
		m.values(g, &r.Vars)
		r.MIG, r.Reset = g.mig, g.reset
		g.reset = false
	}
	r.Vars.SetFlag(hardware.VarLost, g.lost)
	r.Vars.SetFlag(hardware.VarFailing, g.failing)
	r.Vars.SetFlag(hardware.VarAbsent, false)
	r.Vars.Set(hardware.VarStuckPolls, 0)
}

// Read reads the host.
func (m *machine) Read(time.Time, bool) procfs.Reading {
	r := procfs.Reading{BootID: fmt.Sprintf("%s-boot-%d", m.name, m.boot), Uptime: m.now.Sub(m.booted)}
	for _, id := range []hardware.VarID{
		hardware.VarFabricLinksDown, hardware.VarFabricLinksSlow, hardware.VarFabricErrors, hardware.VarFabricFlaps, hardware.VarNetworkLinksDown,
		hardware.VarMemoryUncorrected, hardware.VarMemoryCorrected, hardware.VarCPUThrottleEvents, hardware.VarFilesystemReadOnly,
	} {
		r.Vars.Set(id, m.host[id])
	}
	r.Vars.Set(hardware.VarZoneMargin, 35+m.rng.NormFloat64()*3-m.host[hardware.VarZoneMargin])
	return r
}

// PCIPresent says whether a card answers on the bus.
func (m *machine) PCIPresent(address string) (present, known bool) {
	for _, g := range m.gpus {
		if g.id.PCI == address {
			return !g.lost && !g.absent, true
		}
	}
	return false, false
}

// List says who holds the devices.
func (m *machine) List(context.Context) ([]podresources.Claim, error) {
	if m.kubeletGone {
		return nil, errors.New("pod-resources: connection refused")
	}
	var claims []podresources.Claim
	for _, g := range m.gpus {
		if !m.idle {
			claims = append(claims, podresources.Claim{Resource: "nvidia.com/gpu", Device: g.id.UUID, Holder: podresources.Holder{Namespace: "team", Pod: m.job + "-0", Container: "train"}})
		}
	}
	return claims, nil
}

// Probe reads a device from elsewhere.
func (m *machine) Probe(_ context.Context, id nvml.Identity) error {
	for _, g := range m.gpus {
		if g.id.UUID == id.UUID && g.hangs {
			return errors.New("it hangs here too")
		}
	}
	return nil
}
