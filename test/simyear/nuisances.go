package main

import (
	"fmt"
	"time"

	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// nuisance is what is no fault and must not be taken for one.
type nuisance struct {
	name string
	// aYear is how often it comes to a server, on average.
	aYear float64
	// least and most are how long it takes.
	least, most time.Duration
	// drained nuisances are planned work: never while something is broken.
	drained bool
	begin   func(m *machine, gpu int)
	end     func(m *machine, gpu int) error
}

var nuisances = []*nuisance{
	{name: "thermal wave", aYear: 6, least: time.Hour, most: 6 * time.Hour, begin: warm, end: cooledAll},
	{name: "thermal spike", aYear: 6, least: 15 * time.Second, most: 40 * time.Second, begin: spike, end: cooledOne},
	{name: "driver rollout", aYear: 4, least: 2 * time.Minute, most: 8 * time.Minute, drained: true, begin: unload, end: load},
	{name: "agent restart", aYear: 12, least: 2 * time.Second, most: 10 * time.Minute, begin: func(m *machine, _ int) { m.stopAgent() }, end: func(m *machine, _ int) error { return m.startAgent() }},
	{name: "MIG change", aYear: 4, least: 2 * time.Hour, most: 48 * time.Hour, drained: true, begin: split, end: unsplit},
	{name: "program crashes", aYear: 20, least: time.Second, most: 5 * time.Minute, begin: crash, end: crash2},
	{name: "another job", aYear: 20, least: time.Second, most: time.Minute, begin: rest, end: work},
	{name: "kubelet restart", aYear: 6, least: 10 * time.Second, most: 3 * time.Minute, begin: func(m *machine, _ int) { m.kubeletGone = true }, end: func(m *machine, _ int) error { m.kubeletGone = false; return nil }},
	{name: "clock is set", aYear: 2, least: time.Second, most: 2 * time.Second, begin: setClock, end: nothing},
	{name: "slow call", aYear: 10, least: 6 * time.Second, most: 9 * time.Second, begin: stall, end: unstall},
	{name: "power cap", aYear: 8, least: time.Hour, most: 24 * time.Hour, begin: flags(hardware.VarSoftwarePowerCap), end: unflags(hardware.VarSoftwarePowerCap)},
	{name: "short slowdown", aYear: 4, least: time.Minute, most: 4 * time.Minute, begin: flags(hardware.VarHardwareSlowdown), end: unflags(hardware.VarHardwareSlowdown)},
	{name: "power dip", aYear: 2, least: 4 * time.Second, most: 8 * time.Second, begin: flags(hardware.VarPowerBrake), end: unflags(hardware.VarPowerBrake)},
	{name: "corrected ECC", aYear: 6, least: time.Second, most: time.Minute, begin: corrected, end: nothing},
	{name: "link blip", aYear: 4, least: 5 * time.Second, most: 35 * time.Second, begin: blip, end: unblip},
	{name: "planned reset", aYear: 3, least: time.Minute, most: 6 * time.Minute, drained: true, begin: release, end: resume},
	{name: "planned reboot", aYear: 3, least: time.Second, most: time.Minute, drained: true, begin: rest, end: func(m *machine, _ int) error { m.idle = false; return m.reboot() }},
	{name: "idle server", aYear: 12, least: time.Hour, most: 24 * time.Hour, drained: true, begin: rest, end: work},
	{name: "unknown wish", aYear: 1, least: time.Hour, most: 24 * time.Hour, begin: wish, end: unwish},
}

func nothing(*machine, int) error { return nil }

// warm brings every GPU close to where it should not run for long.
func warm(m *machine, _ int) {
	for _, g := range m.gpus {
		if _, hot := g.set[hardware.VarTemperature]; !hot {
			g.heat(temperatureMax - 4 + 3*m.rng.Float64())
			g.set[hardware.VarSoftwareThermal] = 1
		}
	}
}

func cooledAll(m *machine, _ int) error {
	for _, g := range m.gpus {
		if g.set[hardware.VarTemperature] < temperatureMax {
			g.cool()
		}
		delete(g.set, hardware.VarSoftwareThermal)
	}
	return nil
}

func spike(m *machine, i int) {
	if _, hot := m.gpus[i].set[hardware.VarTemperature]; !hot {
		m.gpus[i].heat(temperatureMax + 4)
	}
}

func cooledOne(m *machine, i int) error {
	if m.gpus[i].set[hardware.VarTemperature] == temperatureMax+4 {
		m.gpus[i].cool()
	}
	return nil
}

func unload(m *machine, _ int) { m.mode = nvml.ModeDriverDown }

// load brings a new driver, and every device back as after a reset.
func load(m *machine, _ int) error {
	m.mode, m.driver = nvml.ModeGPU, fmt.Sprintf("580.%d", 100+int(m.now.Sub(m.booted)/day))
	for _, g := range m.gpus {
		m.reset(g)
	}
	return nil
}

func split(m *machine, i int) { m.gpus[i].mig = true }

func unsplit(m *machine, i int) error {
	m.gpus[i].mig = false
	return nil
}

// crash is a program's own fault, often told by several Xids and by the others.
func crash(m *machine, i int) {
	codes := []int{13, 31, 31, 43, 45, 8, 69, 109}
	code := codes[m.rng.IntN(len(codes))]
	for range 1 + m.rng.IntN(4) {
		m.xid(i, code)
	}
	m.xid(i, 45)
}

// crash2 is the same program, started once more with the same fault.
func crash2(m *machine, i int) error {
	crash(m, i)
	return nil
}

func rest(m *machine, _ int) { m.idle = true }

func work(m *machine, _ int) error {
	m.idle = false
	m.job = fmt.Sprintf("%sjob%d", m.name, m.rng.IntN(1_000_000))
	return nil
}

// setClock sets the machine's clock by up to two hours, forward or back.
func setClock(m *machine, _ int) {
	m.skew = time.Duration(m.rng.IntN(4*3600)-2*3600) * time.Second
}

func stall(m *machine, i int) {
	if g := m.gpus[i]; !g.hangs && g.stuck == 0 {
		g.hangs = true
	}
}

func unstall(m *machine, i int) error {
	m.gpus[i].hangs = false
	return nil
}

func flags(id hardware.VarID) func(*machine, int) {
	return func(m *machine, _ int) {
		for _, g := range m.gpus {
			g.set[id] = 1
		}
	}
}

func unflags(id hardware.VarID) func(*machine, int) error {
	return func(m *machine, _ int) error {
		for _, g := range m.gpus {
			delete(g.set, id)
		}
		return nil
	}
}

func corrected(m *machine, i int) {
	m.gpus[i].set[hardware.VarECCVolatileCorrected] += float64(1 + m.rng.IntN(50))
	m.host[hardware.VarMemoryCorrected] += float64(m.rng.IntN(20))
}

func blip(m *machine, _ int) {
	m.host[hardware.VarFabricLinksDown]++
	m.host[hardware.VarFabricFlaps] = 1
}

func unblip(m *machine, _ int) error {
	m.host[hardware.VarFabricLinksDown] = max(m.host[hardware.VarFabricLinksDown]-1, 0)
	m.host[hardware.VarFabricFlaps] = 0
	return nil
}

func release(m *machine, _ int) { m.mode = nvml.ModeReleased }

func resume(m *machine, _ int) error {
	m.mode = nvml.ModeGPU
	for _, g := range m.gpus {
		m.reset(g)
	}
	return nil
}

// wish is a recovery action that no policy knows, as a new driver may have.
func wish(m *machine, i int) { m.gpus[i].set[hardware.VarRecoveryAction] = 9 }

func unwish(m *machine, i int) error {
	delete(m.gpus[i].set, hardware.VarRecoveryAction)
	return nil
}
