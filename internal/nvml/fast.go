//go:build cgo

package nvml

import (
	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainyard/trainyard/pkg/hardware"
)

const (
	milli    = 1e-3
	mega     = 1e6
	kibibyte = 1024
	kilobyte = 1000
	percent  = 0.01
)

// readFast reads what changes within seconds.
func (d *device) readFast(v *hardware.Vars) {
	before := d.before
	d.before.at = d.clock.Now()
	d.temperatures(v)
	d.powers(v, before)
	d.clocks(v)
	d.use(v)
	d.traffic(v, before)
}

func (d *device) temperatures(v *hardware.Vars) {
	var celsius uint32
	if d.call("GetTemperature", func() (ret nvml.Return) {
		celsius, ret = d.handle.GetTemperature(nvml.TEMPERATURE_GPU)
		return ret
	}) {
		v.Set(hardware.VarTemperature, float64(celsius))
	}
	var margin nvml.MarginTemperature
	if d.newer("nvmlDeviceGetMarginTemperature", "GetMarginTemperature", func() (ret nvml.Return) {
		margin, ret = d.handle.GetMarginTemperature()
		return ret
	}) {
		v.Set(hardware.VarMargin, float64(margin.MarginTemperature))
		return
	}
	// An older model has no margin; its slowdown threshold serves, with no offset.
	if _, known := v.Get(hardware.VarTemperature); known && d.slowdown > 0 {
		v.Set(hardware.VarMargin, d.slowdown-float64(celsius))
		v.Set(hardware.VarMarginSlowdown, 0)
	}
}

func (d *device) powers(v *hardware.Vars, before counters) {
	var milliwatts uint32
	if d.call("GetPowerUsage", func() (ret nvml.Return) { milliwatts, ret = d.handle.GetPowerUsage(); return ret }) {
		v.Set(hardware.VarPower, float64(milliwatts)*milli)
	}
	var millijoules uint64
	if d.call("GetTotalEnergyConsumption", func() (ret nvml.Return) {
		millijoules, ret = d.handle.GetTotalEnergyConsumption()
		return ret
	}) {
		v.Set(hardware.VarEnergy, float64(millijoules)*milli)
		return
	}
	if watts, known := v.Get(hardware.VarPower); known && d.unsupported["GetTotalEnergyConsumption"] {
		if !before.at.IsZero() {
			d.before.energy += watts * d.before.at.Sub(before.at).Seconds()
		}
		v.Set(hardware.VarEnergy, d.before.energy)
	}
}

func (d *device) clocks(v *hardware.Vars) {
	clock := func(name string, kind nvml.ClockType, id hardware.VarID) {
		var mhz uint32
		if d.call(name, func() (ret nvml.Return) { mhz, ret = d.handle.GetClockInfo(kind); return ret }) {
			v.Set(id, float64(mhz)*mega)
		}
	}
	clock("GetClockInfo/SM", nvml.CLOCK_SM, hardware.VarClock)
	clock("GetClockInfo/Memory", nvml.CLOCK_MEM, hardware.VarMemoryClock)
	var reasons uint64
	if d.newer("nvmlDeviceGetCurrentClocksEventReasons", "GetCurrentClocksEventReasons", func() (ret nvml.Return) {
		reasons, ret = d.handle.GetCurrentClocksEventReasons()
		return ret
	}) || !d.has["nvmlDeviceGetCurrentClocksEventReasons"] && d.call("GetCurrentClocksThrottleReasons", func() (ret nvml.Return) {
		reasons, ret = d.handle.GetCurrentClocksThrottleReasons()
		return ret
	}) {
		setReasons(v, reasons)
	}
}

// setReasons takes NVML's bits apart.
func setReasons(v *hardware.Vars, reasons uint64) {
	for bit, id := range map[uint64]hardware.VarID{
		0x04: hardware.VarSoftwarePowerCap, 0x08: hardware.VarHardwareSlowdown, 0x20: hardware.VarSoftwareThermal,
		0x40: hardware.VarHardwareThermal, 0x80: hardware.VarPowerBrake,
	} {
		v.SetFlag(id, reasons&bit != 0)
	}
}

func (d *device) use(v *hardware.Vars) {
	var rates nvml.Utilization
	if d.call("GetUtilizationRates", func() (ret nvml.Return) { rates, ret = d.handle.GetUtilizationRates(); return ret }) {
		v.Set(hardware.VarUtilization, float64(rates.Gpu)*percent)
		v.Set(hardware.VarMemoryUtilization, float64(rates.Memory)*percent)
	}
	d.memory(v)
	var processes []nvml.ProcessInfo
	if !d.mig && d.newer("nvmlDeviceGetComputeRunningProcesses_v3", "GetComputeRunningProcesses", func() (ret nvml.Return) {
		processes, ret = d.handle.GetComputeRunningProcesses()
		return ret
	}) {
		v.Set(hardware.VarProcesses, float64(len(processes)))
	}
	d.readTensor(v)
}

func (d *device) memory(v *hardware.Vars) {
	var v2 nvml.Memory_v2
	if d.newer("nvmlDeviceGetMemoryInfo_v2", "GetMemoryInfo_v2", func() (ret nvml.Return) { v2, ret = d.handle.GetMemoryInfo_v2(); return ret }) {
		v.Set(hardware.VarMemoryTotal, float64(v2.Total))
		v.Set(hardware.VarMemoryUsed, float64(v2.Used))
		return
	}
	var v1 nvml.Memory
	if d.call("GetMemoryInfo", func() (ret nvml.Return) { v1, ret = d.handle.GetMemoryInfo(); return ret }) {
		v.Set(hardware.VarMemoryTotal, float64(v1.Total))
		v.Set(hardware.VarMemoryUsed, float64(v1.Used))
	}
}

// allLinks asks for the sum over all NVLinks.
const allLinks = 0xFFFFFFFF

// traffic reads what moves over PCIe and NVLink, and the memory's temperature,
// which comes by the same call.
func (d *device) traffic(v *hardware.Vars, before counters) {
	values := []nvml.FieldValue{
		{FieldId: nvml.FI_DEV_MEMORY_TEMP},
		{FieldId: nvml.FI_DEV_PCIE_COUNT_TX_BYTES}, {FieldId: nvml.FI_DEV_PCIE_COUNT_RX_BYTES},
		{FieldId: nvml.FI_DEV_NVLINK_THROUGHPUT_RAW_TX, ScopeId: allLinks}, {FieldId: nvml.FI_DEV_NVLINK_THROUGHPUT_RAW_RX, ScopeId: allLinks},
	}
	if !d.fields("GetFieldValues/fast", values) {
		d.pcieThroughput(v)
		return
	}
	if celsius, ok := number(&values[0]); ok {
		v.Set(hardware.VarMemoryTemperature, celsius)
	}
	d.before.pcie, d.before.pcieKnown = sum(values[1:3])
	d.before.nvlink, d.before.linkKnown = sum(values[3:5])
	d.before.nvlink *= kibibyte
	if rate, ok := perSecond(before.pcie, d.before.pcie, before, d.before); ok && before.pcieKnown && d.before.pcieKnown {
		v.Set(hardware.VarPCIeThroughput, rate)
	} else if !d.before.pcieKnown {
		d.pcieThroughput(v)
	}
	if rate, ok := perSecond(before.nvlink, d.before.nvlink, before, d.before); ok && before.linkKnown && d.before.linkKnown {
		v.Set(hardware.VarLinkThroughput, rate)
	}
}

// pcieThroughput asks older drivers, which measure for 20 ms each way.
func (d *device) pcieThroughput(v *hardware.Vars) {
	var tx, rx uint32
	ok := d.call("GetPcieThroughput/TX", func() (ret nvml.Return) { tx, ret = d.handle.GetPcieThroughput(nvml.PCIE_UTIL_TX_BYTES); return ret }) &&
		d.call("GetPcieThroughput/RX", func() (ret nvml.Return) { rx, ret = d.handle.GetPcieThroughput(nvml.PCIE_UTIL_RX_BYTES); return ret })
	if ok {
		v.Set(hardware.VarPCIeThroughput, kilobyte*(float64(tx)+float64(rx)))
	}
}

// perSecond is the rate between two readings of a counter that did not wrap.
func perSecond(from, to float64, before, after counters) (float64, bool) {
	seconds := after.at.Sub(before.at).Seconds()
	if before.at.IsZero() || seconds <= 0 || to < from {
		return 0, false
	}
	return (to - from) / seconds, true
}
