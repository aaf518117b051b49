package main

import "github.com/trainyard/trainyard/pkg/hardware"

// The thresholds of the simulated model.
const (
	temperatureMax       = 87
	memoryTemperatureMax = 95
	marginSlowdown       = -2
)

type assignment struct {
	id    hardware.VarID
	value float64
}

// values are what a device measures: a healthy one at work or at rest, and then
// what was done to it.
func (m *machine) values(g *gpu, v *hardware.Vars) {
	noise := m.rng.NormFloat64()
	load, temperature, power, clock, generation := 0.97, 62+2*noise, 640+10*noise, 1.95e9+1e7*noise, 5.0
	if m.idle {
		load, temperature, power, clock, generation = 0, 34+noise, 70, 3.45e8, 1 // links rest too
	}
	g.replays += float64(m.rng.IntN(50) / 49) // one in fifty looks finds one more
	for _, a := range [...]assignment{
		{hardware.VarTemperature, temperature}, {hardware.VarTemperatureMax, temperatureMax}, {hardware.VarMemoryTemperature, temperature + 10},
		{hardware.VarMemoryTemperatureMax, memoryTemperatureMax}, {hardware.VarMargin, temperatureMax - temperature}, {hardware.VarMarginSlowdown, marginSlowdown},
		{hardware.VarPower, power}, {hardware.VarPowerLimit, 700}, {hardware.VarUtilization, load}, {hardware.VarClock, clock}, {hardware.VarProcesses, 1},
		{hardware.VarTensorActive, load / 2}, {hardware.VarLinkThroughput, load * 1e11}, {hardware.VarPCIeGeneration, generation}, {hardware.VarPCIeWidth, 16},
		{hardware.VarPCIeWidthMax, 16}, {hardware.VarPCIeReplays, g.replays}, {hardware.VarLinksInactive, 0}, {hardware.VarLinkCRCErrors, 0}, {hardware.VarLinkReplays, 0},
		{hardware.VarLinkRecoveries, 0}, {hardware.VarEnergy, 500 * m.now.Sub(g.since).Seconds()}, {hardware.VarRecoveryAction, 0}, {hardware.VarHardwareSlowdown, 0}, {hardware.VarHardwareThermal, 0}, {hardware.VarPowerBrake, 0},
		{hardware.VarSoftwareThermal, 0}, {hardware.VarSoftwarePowerCap, 0}, {hardware.VarECCVolatileUncorrected, 0}, {hardware.VarECCVolatileCorrected, 0},
		{hardware.VarSRAMThreshold, 0}, {hardware.VarRemapPending, 0}, {hardware.VarRemapFailed, 0}, {hardware.VarRemapUncorrectable, 0},
	} {
		v.Set(a.id, a.value)
	}
	for id, value := range g.set {
		v.Set(id, value)
	}
	if g.mig { // as the driver has it
		for _, id := range []hardware.VarID{hardware.VarUtilization, hardware.VarProcesses, hardware.VarRemapPending, hardware.VarRemapFailed, hardware.VarRemapUncorrectable} {
			v.Unset(id)
		}
	}
}

// heat makes a device so many degrees hotter than its work does.
func (g *gpu) heat(celsius float64) {
	g.set[hardware.VarTemperature] = celsius
	g.set[hardware.VarMargin] = temperatureMax - celsius
}

func (g *gpu) cool() {
	delete(g.set, hardware.VarTemperature)
	delete(g.set, hardware.VarMargin)
}
