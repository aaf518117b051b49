package hardware

// Scope says what a variable describes.
type Scope string

// The scopes.
const (
	ScopeDevice Scope = "device"
	ScopeNode   Scope = "node"
)

// Variable describes a name that a rule's expression may use.
type Variable struct {
	Name  string
	Scope Scope
	// Flag variables are true or false; the others are numbers.
	Flag bool
	// Unit is the unit of a number; empty for a flag and for a plain count.
	Unit string
	Help string
}

// The variables of a device.
const (
	VarLost VarID = iota
	VarAbsent
	VarStuckPolls
	VarProbeFailed
	VarFailing
	VarRecoveryAction
	VarAllocated
	VarAllocatedSeconds
	VarProcesses
	VarTemperature
	VarMemoryTemperature
	VarMargin
	VarMarginSlowdown
	VarTemperatureMax
	VarMemoryTemperatureMax
	VarPower
	VarPowerLimit
	VarEnergy
	VarUtilization
	VarMemoryUtilization
	VarTensorActive
	VarMemoryUsed
	VarMemoryTotal
	VarClock
	VarClockMax
	VarMemoryClock
	VarHardwareSlowdown
	VarHardwareThermal
	VarPowerBrake
	VarSoftwareThermal
	VarSoftwarePowerCap
	VarECCVolatileUncorrected
	VarECCVolatileCorrected
	VarECCAggregateUncorrected
	VarSRAMThreshold
	VarRemapPending
	VarRemapFailed
	VarRemapUncorrectable
	VarRemapCorrectable
	VarRetiredPages
	VarRetirementPending
	VarPCIeGeneration
	VarPCIeGenerationMax
	VarPCIeWidth
	VarPCIeWidthMax
	VarPCIeReplays
	VarPCIeReplayRate
	VarPCIeThroughput
	VarLinksInactive
	VarLinkCRCErrors
	VarLinkCRCRate
	VarLinkReplays
	VarLinkReplayRate
	VarLinkRecoveries
	VarLinkRecoveryRate
	VarLinkThroughput
	VarClockPeerRatio
	VarPowerPeerRatio
	VarTemperaturePeerDelta
	// The variables of the node.
	VarDriverUp
	VarMaintenance
	VarDevicesExpected
	VarDevicesSeen
	VarDevicesMissing
	VarMemoryUncorrected
	VarMemoryCorrected
	VarMemoryCorrectedRate
	VarCPUThrottleEvents
	VarCPUThrottleRate
	VarZoneTemperature
	VarZoneMargin
	VarMemoryPressure
	VarIOPressure
	VarLoadPerCore
	VarFabricLinksDown
	VarFabricLinksSlow
	VarFabricErrors
	VarFabricErrorRate
	VarFabricFlaps
	VarNetworkLinksDown
	VarFilesystemReadOnly
	numVars

	// LastVar is the last variable.
	LastVar = numVars - 1
)

var variables = [numVars]Variable{
	VarLost:                    device("lost", flag, "the driver says that the GPU is lost, or its PCI configuration reads as all ones"),
	VarAbsent:                  device("absent", flag, "the device was known in this inventory and is not listed any more"),
	VarStuckPolls:              device("stuck_polls", "", "polls since a driver call that has not returned"),
	VarProbeFailed:             device("probe_failed", flag, "an independent process could not read the device either"),
	VarFailing:                 device("failing", flag, "every driver call about the device answers an error, while the driver itself answers"),
	VarRecoveryAction:          device("recovery_action", "", "what the driver asks for, as its own number; 0 is nothing"),
	VarAllocated:               device("allocated", flag, "a pod holds the device"),
	VarAllocatedSeconds:        device("allocated_seconds", "s", "how long the present owner has held the device"),
	VarProcesses:               device("processes", "", "compute processes on the device"),
	VarTemperature:             device("temperature_celsius", "°C", "temperature of the core"),
	VarMemoryTemperature:       device("memory_temperature_celsius", "°C", "temperature of the memory"),
	VarMargin:                  device("margin_celsius", "°C", "distance to the nearest thermal limit (T.Limit), signed"),
	VarMarginSlowdown:          device("margin_slowdown_celsius", "°C", "the margin at which the hardware slows down, read from the driver"),
	VarTemperatureMax:          device("temperature_max_celsius", "°C", "highest core temperature for sustained work (GPU_MAX), read from the driver"),
	VarMemoryTemperatureMax:    device("memory_temperature_max_celsius", "°C", "highest memory temperature for sustained work (MEM_MAX), read from the driver"),
	VarPower:                   device("power_watts", "W", "power drawn"),
	VarPowerLimit:              device("power_limit_watts", "W", "power limit in force"),
	VarEnergy:                  device("energy_joules", "J", "energy used, as a running counter"),
	VarMemoryUtilization:       device("memory_utilization_ratio", "0-1", "share of the time in which device memory was read or written"),
	VarMemoryClock:             device("memory_clock_hertz", "Hz", "clock of the memory"),
	VarUtilization:             device("utilization_ratio", "0-1", "share of the time in which a kernel ran"),
	VarTensorActive:            device("tensor_active_ratio", "0-1", "share of the time in which a tensor pipe worked"),
	VarMemoryUsed:              device("memory_used_bytes", "B", "device memory in use"),
	VarMemoryTotal:             device("memory_total_bytes", "B", "device memory"),
	VarClock:                   device("clock_hertz", "Hz", "clock of the multiprocessors"),
	VarClockMax:                device("clock_max_hertz", "Hz", "highest clock of the multiprocessors"),
	VarHardwareSlowdown:        device("hardware_slowdown", flag, "clocks are held down by the hardware (0x8)"),
	VarHardwareThermal:         device("hardware_thermal_slowdown", flag, "clocks are held down by heat, in hardware (0x40)"),
	VarPowerBrake:              device("power_brake", flag, "the power supply pulled the brake (0x80)"),
	VarSoftwareThermal:         device("software_thermal_slowdown", flag, "clocks are held down by heat, in software (0x20)"),
	VarSoftwarePowerCap:        device("software_power_cap", flag, "clocks are held down by the power limit (0x4)"),
	VarECCVolatileUncorrected:  device("ecc_uncorrected", "", "uncorrected memory errors since the driver was loaded"),
	VarECCVolatileCorrected:    device("ecc_corrected", "", "corrected memory errors since the driver was loaded"),
	VarECCAggregateUncorrected: device("ecc_uncorrected_lifetime", "", "uncorrected memory errors in the life of the device"),
	VarSRAMThreshold:           device("sram_threshold_exceeded", flag, "the driver says that SRAM errors passed its threshold"),
	VarRemapPending:            device("remap_pending", flag, "a row remap waits for a reset"),
	VarRemapFailed:             device("remap_failed", flag, "a row could not be remapped"),
	VarRemapUncorrectable:      device("remapped_rows_uncorrectable", "", "rows remapped for uncorrectable errors"),
	VarRemapCorrectable:        device("remapped_rows_correctable", "", "rows remapped for correctable errors"),
	VarRetiredPages:            device("retired_pages", "", "memory pages retired"),
	VarRetirementPending:       device("retirement_pending", flag, "a page retirement waits for a reboot"),
	VarPCIeGeneration:          device("pcie_generation", "", "PCIe generation of the link now"),
	VarPCIeGenerationMax:       device("pcie_generation_max", "", "PCIe generation that device and slot allow"),
	VarPCIeWidth:               device("pcie_width", "lanes", "PCIe lanes of the link now"),
	VarPCIeWidthMax:            device("pcie_width_max", "lanes", "PCIe lanes that device and slot allow"),
	VarPCIeReplays:             device("pcie_replays", "", "PCIe replays, as a running counter"),
	VarPCIeReplayRate:          device("pcie_replays_per_minute_lane", "1/min", "PCIe replays a minute and lane"),
	VarPCIeThroughput:          device("pcie_bytes_per_second", "B/s", "PCIe traffic, both ways"),
	VarLinksInactive:           device("nvlink_inactive", "", "NVLinks that should be active and are not"),
	VarLinkCRCErrors:           device("nvlink_crc_errors", "", "NVLink CRC errors of all links, as a running counter"),
	VarLinkCRCRate:             device("nvlink_crc_errors_per_second", "1/s", "NVLink CRC errors a second"),
	VarLinkReplays:             device("nvlink_replays", "", "NVLink replays, as a running counter"),
	VarLinkReplayRate:          device("nvlink_replays_per_second", "1/s", "NVLink replays a second"),
	VarLinkRecoveries:          device("nvlink_recoveries", "", "NVLink recoveries, as a running counter"),
	VarLinkRecoveryRate:        device("nvlink_recoveries_per_second", "1/s", "NVLink recoveries a second"),
	VarLinkThroughput:          device("nvlink_bytes_per_second", "B/s", "NVLink traffic, both ways"),
	VarClockPeerRatio:          device("clock_peer_ratio", "", "clock over the median of the node's busy devices"),
	VarPowerPeerRatio:          device("power_peer_ratio", "", "power over the median of the node's busy devices"),
	VarTemperaturePeerDelta:    device("temperature_peer_delta_celsius", "°C", "temperature above the median of the node's busy devices"),
	VarDriverUp:                node("driver_up", flag, "the GPU driver answers"),
	VarMaintenance:             node("maintenance", flag, "a driver upgrade, a MIG change or a reset is under way"),
	VarDevicesExpected:         node("devices_expected", "", "devices in the acknowledged inventory"),
	VarDevicesSeen:             node("devices_seen", "", "devices that the driver lists"),
	VarDevicesMissing:          node("devices_missing", "", "devices of the acknowledged inventory that the driver does not list"),
	VarMemoryUncorrected:       node("memory_uncorrected_errors", "", "uncorrected errors of the host's memory (EDAC)"),
	VarMemoryCorrected:         node("memory_corrected_errors", "", "corrected errors of the host's memory (EDAC), as a running counter"),
	VarMemoryCorrectedRate:     node("memory_corrected_errors_per_hour", "1/h", "corrected errors of the host's memory an hour"),
	VarCPUThrottleEvents:       node("cpu_throttle_events", "", "thermal throttling events of the CPU packages, as a running counter"),
	VarCPUThrottleRate:         node("cpu_throttle_events_per_minute", "1/min", "thermal throttling events of the CPU packages a minute"),
	VarZoneTemperature:         node("zone_temperature_celsius", "°C", "hottest thermal zone"),
	VarZoneMargin:              node("zone_margin_celsius", "°C", "smallest distance of a thermal zone to its critical trip point"),
	VarMemoryPressure:          node("memory_pressure_ratio", "0-1", "share of the last minute in which all tasks waited for memory"),
	VarIOPressure:              node("io_pressure_ratio", "0-1", "share of the last minute in which all tasks waited for I/O"),
	VarLoadPerCore:             node("load_per_core", "", "load average of one minute over the number of cores"),
	VarFabricLinksDown:         node("infiniband_links_down", "", "InfiniBand and RoCE ports that were up in this boot and are down, or gone with their card"),
	VarFabricLinksSlow:         node("infiniband_links_slow", "", "InfiniBand and RoCE ports that run slower than they did in this boot"),
	VarFabricErrors:            node("infiniband_errors", "", "InfiniBand symbol, receive and integrity errors, as a running counter"),
	VarFabricErrorRate:         node("infiniband_errors_per_hour", "1/h", "InfiniBand symbol, receive and integrity errors an hour"),
	VarFabricFlaps:             node("infiniband_flaps", "", "times an InfiniBand or RoCE port went down in the last hour"),
	VarNetworkLinksDown:        node("network_links_down", "", "network interfaces that were up in this boot and have no carrier"),
	VarFilesystemReadOnly:      node("filesystem_readonly", flag, "a file system of the node fell back to read-only"),
}

const flag = "flag"

func device(name, unit, help string) Variable { return variable(ScopeDevice, name, unit, help) }

func node(name, unit, help string) Variable { return variable(ScopeNode, name, unit, help) }

func variable(scope Scope, name, unit, help string) Variable {
	v := Variable{Name: name, Scope: scope, Unit: unit, Help: help}
	if unit == flag {
		v.Flag, v.Unit = true, ""
	}
	return v
}

var variableByName = func() map[string]VarID {
	m := make(map[string]VarID, numVars)
	for id, v := range variables {
		m[v.Name] = VarID(id)
	}
	return m
}()

// Variables lists every variable that an expression may use.
func Variables() []Variable { return append([]Variable(nil), variables[:]...) }

// Lookup finds a variable by its name.
func Lookup(name string) (VarID, bool) {
	id, ok := variableByName[name]
	return id, ok
}

// String is the variable's name.
func (id VarID) String() string {
	if int(id) >= len(variables) {
		return "unknown"
	}
	return variables[id].Name
}
