package main

import (
	"context"
	"time"

	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// kind is a kind of fault: how it is done to a server, and what its agent must
// say about it.
type kind struct {
	name string
	// onNode says that the fault is the server's, not one of its GPUs'.
	onNode bool
	// everyGPU says that it befalls all of them.
	everyGPU bool
	begin    func(m *machine, gpu int)
	repair   func(m *machine, gpu int) error
	// severity is the least that must be said, within so long.
	severity hardware.Severity
	within   time.Duration
	// actions are those that would be right.
	actions []hardware.Action
	// settles is how long after the repair it may still be shown.
	settles time.Duration
}

var (
	resets   = []hardware.Action{hardware.ActionResetDevice, hardware.ActionRebootNode, hardware.ActionPowerCycle, hardware.ActionReplaceDevice, hardware.ActionContactSupport, hardware.ActionInspectHardware}
	reboots  = []hardware.Action{hardware.ActionRebootNode, hardware.ActionPowerCycle, hardware.ActionContactSupport, hardware.ActionInspectHardware}
	inspects = []hardware.Action{hardware.ActionInspectHardware, hardware.ActionContactSupport}
	reseats  = []hardware.Action{hardware.ActionCheckMechanics}
)

// kinds are what the trace's descriptions stand for. What is not here happens
// outside of what an agent on the node can see: fans and power supplies are the
// management controller's, a slow path between GPUs needs a test that loads it.
var kinds = map[string]*kind{
	"GPU DBE(Double Bit ECC) > Threshold":       {name: "double-bit ECC", begin: doubleBit, repair: resetGPU, severity: hardware.Fatal, within: time.Minute, actions: resets, settles: quietly},
	"GPU xid Error":                             {name: "fatal Xid", begin: fatalXid, repair: rebootServer, severity: hardware.Fatal, within: time.Minute, actions: resets, settles: quietly},
	"GPU Temperature High":                      {name: "GPU overheats", begin: overheat, repair: cooled, severity: hardware.Degraded, within: 3 * time.Minute, actions: inspects, settles: quietly},
	"GPU Lost":                                  {name: "GPU lost", begin: loseGPU, repair: rebootServer, severity: hardware.Fatal, within: time.Minute, actions: reboots, settles: quietly},
	"GPU device unknow error":                   {name: "GPU answers errors", begin: failGPU, repair: resetGPU, severity: hardware.Fatal, within: 3 * time.Minute, actions: resets, settles: quietly},
	"GPU PCI link width low":                    {name: "PCIe width", begin: narrow, repair: widen, severity: hardware.Degraded, within: 10 * time.Minute, actions: reseats, settles: quietly},
	"nvidia-smi Timeout":                        {name: "driver call hangs", begin: hang, repair: rebootServer, severity: hardware.Fatal, within: time.Minute, actions: reboots, settles: quietly},
	"GPU device not found":                      {name: "GPU not listed", begin: hideGPU, repair: unhideGPU, severity: hardware.Fatal, within: time.Minute, actions: reboots, settles: quietly},
	"Link Down":                                 hostKind("fabric link down", hardware.VarFabricLinksDown, 3*time.Minute),
	"NIC Lost":                                  hostKind("fabric card lost", hardware.VarFabricLinksDown, 3*time.Minute),
	"NIC Link Speed low":                        hostKind("fabric link slow", hardware.VarFabricLinksSlow, 10*time.Minute),
	"Machine Check Exception ( Uncorrectable )": {name: "host memory", onNode: true, begin: hostMemory, repair: rebootServer, severity: hardware.Fatal, within: time.Minute, actions: []hardware.Action{hardware.ActionReplaceDevice}, settles: quietly},
	"FS Readonly":                               {name: "file system read-only", onNode: true, begin: readOnly, repair: rebootServer, severity: hardware.Degraded, within: time.Minute, actions: []hardware.Action{hardware.ActionRebootNode}, settles: quietly},
}

// quietly covers the longest that a rule waits for quiet before it ends.
const quietly = 15 * time.Minute

func doubleBit(m *machine, i int) {
	g := m.gpus[i]
	m.xid(i, 48)
	m.xid(i, 63+m.rng.IntN(2)) // a row remap is recorded, or fails to be
	m.xid(i, 45)
	g.set[hardware.VarECCVolatileUncorrected] = float64(1 + m.rng.IntN(4))
	g.set[hardware.VarRemapPending] = 1
	g.set[hardware.VarRecoveryAction] = float64(m.rng.IntN(2))
}

func fatalXid(m *machine, i int) {
	codes := []int{62, 64, 74, 79, 95, 119, 120, 140, 143}
	m.xid(i, codes[m.rng.IntN(len(codes))])
	m.xid(i, 45)
}

func overheat(m *machine, i int) { m.gpus[i].heat(temperatureMax + 2 + float64(m.rng.IntN(8))) }

func loseGPU(m *machine, i int) {
	m.xid(i, 79)
	m.gpus[i].lost = true
}

func failGPU(m *machine, i int) { m.gpus[i].failing = true }

func narrow(m *machine, i int) {
	m.gpus[i].set[hardware.VarPCIeWidth] = float64(int(8) >> m.rng.IntN(3))
}

func hang(m *machine, i int) { m.gpus[i].hangs = true }

func hideGPU(m *machine, i int) { m.gpus[i].absent = true }

func hostMemory(m *machine, _ int) { m.host[hardware.VarMemoryUncorrected]++ }

func readOnly(m *machine, _ int) { m.host[hardware.VarFilesystemReadOnly] = 1 }

// hostKind is a fault that one of the host's variables counts.
func hostKind(name string, id hardware.VarID, within time.Duration) *kind {
	return &kind{
		name: name, onNode: true, severity: hardware.Degraded, within: within, actions: reseats, settles: quietly,
		begin:  func(m *machine, _ int) { m.host[id]++ },
		repair: func(m *machine, _ int) error { m.host[id] = max(m.host[id]-1, 0); return nil },
	}
}

// resetGPU resets a GPU, which an agent at work stands in the way of: it is asked
// to let go, or sent away, and what it saw in between is nothing.
func resetGPU(m *machine, i int) error {
	if m.rng.IntN(2) == 0 || !m.agentRuns() {
		m.mode = nvml.ModeReleased
		m.pass(time.Minute)
		m.look(context.Background())
		m.mode = nvml.ModeGPU
		for _, g := range m.gpus { // a session that begins anew cannot tell
			g.reset = m.agentRuns()
		}
		m.reset(m.gpus[i])
		return nil
	}
	m.stopAgent()
	m.pass(time.Minute)
	m.reset(m.gpus[i])
	m.pass(time.Minute)
	return m.startAgent()
}

// rebootServer is the cure for most; every third time the card is replaced too.
func rebootServer(m *machine, i int) error {
	m.host[hardware.VarMemoryUncorrected], m.host[hardware.VarFilesystemReadOnly] = 0, 0
	if i >= 0 && m.rng.IntN(3) == 0 {
		m.gpus[i] = m.newGPU(i)
	}
	return m.reboot()
}

func cooled(m *machine, i int) error {
	m.gpus[i].cool()
	return nil
}

func widen(m *machine, i int) error {
	delete(m.gpus[i].set, hardware.VarPCIeWidth)
	return m.reboot()
}

func unhideGPU(m *machine, i int) error {
	m.gpus[i].absent = false
	return m.reboot()
}
