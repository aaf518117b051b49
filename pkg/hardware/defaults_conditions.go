package hardware

import "time"

// presenceRules: is the device there, and does it answer?
func presenceRules() []Rule {
	fatal := func(action Action, advice string) Outcome {
		return Outcome{Fatal, ClassHardware, action, advice}
	}
	stuckAlone := condition("driver-call-stuck-in-agent", "stuck_polls >= 3 && !probe_failed", 0,
		Outcome{Degraded, ClassHardware, ActionRestartAgent, "a driver call hangs in the agent while another process still reads the device: restart the agent, then reset the device"})
	failing := condition("gpu-failing", "failing && !maintenance", time.Minute,
		fatal(ActionResetDevice, "the driver answers every call about the GPU with an error: reset the GPU, reboot if that fails"))
	failing.For, failing.Next = time.Minute, ActionRebootNode
	driverDown := condition("driver-down", "!driver_up && devices_expected > 0 && !maintenance", 0,
		Outcome{Degraded, ClassOperator, ActionUpdateSoftware, "GPUs are expected and no driver answers: install or repair the driver"})
	driverDown.For = 10 * time.Minute
	return []Rule{
		condition("gpu-lost", "(lost || absent) && !maintenance", 0, fatal(ActionRebootNode, "the GPU does not answer any more: reboot the node")),
		condition("gpu-missing", "devices_missing > 0 && driver_up && !maintenance", 0,
			fatal(ActionRebootNode, "fewer GPUs than the acknowledged inventory: reboot the node, or lower spec.expectedDevices if one was removed")),
		condition("driver-call-stuck", "stuck_polls >= 3 && probe_failed", 0,
			fatal(ActionRebootNode, "driver calls do not return, in another process neither: reboot the node")),
		stuckAlone,
		failing,
		driverDown,
	}
}

// eccRules: the device's own memory.
func eccRules() []Rule {
	fatal := func(action Action, advice string) Outcome {
		return Outcome{Fatal, ClassHardware, action, advice}
	}
	replace := "the memory is worn out: replace the GPU (RMA)"
	return []Rule{
		condition("ecc-uncorrected", "ecc_uncorrected > 0", 0, fatal(ActionResetDevice, "uncorrected memory errors: reset the GPU")),
		condition("row-remap-pending", "remap_pending", 0,
			Outcome{Degraded, ClassHardware, ActionResetWhenIdle, "a row remap waits: no new work, reset the GPU"}),
		condition("page-retirement-pending", "retirement_pending", 0,
			Outcome{Degraded, ClassHardware, ActionResetWhenIdle, "a page retirement waits: no new work, reset the GPU"}),
		condition("row-remap-failed", "remap_failed", 0, fatal(ActionReplaceDevice, "a row could not be remapped: replace the GPU (RMA)")),
		condition("rows-exhausted", "remapped_rows_uncorrectable >= 512", 0, fatal(ActionReplaceDevice, replace)),
		condition("pages-exhausted", "retired_pages >= 63", 0, fatal(ActionReplaceDevice, replace)),
		condition("sram-threshold", "sram_threshold_exceeded", 0, fatal(ActionReplaceDevice, "the driver's SRAM error threshold was passed: replace the GPU (RMA)")),
	}
}

// linkRules: NVLink and PCIe.
func linkRules() []Rule {
	warning := func(advice string) Outcome { return Outcome{Healthy, ClassWarning, ActionObserve, advice} }
	replays := func(name, when string) Rule {
		rule := condition(name, when, pastBaseline, warning("the PCIe link retransmits: reseat the card or the riser at the next maintenance"))
		rule.For = 5 * time.Minute
		return rule
	}
	inactive := condition("nvlink-inactive", "nvlink_inactive > 0 && !maintenance", time.Minute,
		Outcome{Fatal, ClassHardware, ActionResetDevice, "an NVLink that should be active is not: reset the GPU, reboot if it stays down"})
	inactive.For, inactive.Next = 30*time.Second, ActionRebootNode
	width := condition("pcie-width", "pcie_width < pcie_width_max", pastBaseline,
		Outcome{Degraded, ClassHardware, ActionCheckMechanics, "the PCIe link runs on fewer lanes than slot and card allow: reseat the card"})
	width.For = 5 * time.Minute
	return []Rule{
		inactive,
		condition("nvlink-crc", "nvlink_crc_errors_per_second >= 100", pastBaseline, warning("NVLink CRC errors: watch the link, clean or replace it at the next maintenance")),
		condition("nvlink-replay", "nvlink_replays_per_second > 0", pastBaseline, warning("the NVLink replays: watch it")),
		condition("nvlink-recovery", "nvlink_recoveries_per_second > 0", pastBaseline, warning("the NVLink retrains: watch it")),
		replays("pcie-replays", "pcie_generation <= 4 && pcie_replays_per_minute_lane > 0.96"),
		replays("pcie-replays-gen5", "pcie_generation >= 5 && pcie_replays_per_minute_lane > 1.92"),
		width,
	}
}

// thermalRules: heat and power.
func thermalRules() []Rule {
	inspect := func(advice string) Outcome {
		return Outcome{Degraded, ClassHardware, ActionInspectHardware, advice}
	}
	sustained := func(name, when string, span time.Duration, outcome Outcome) Rule {
		rule := condition(name, when, 5*time.Minute, outcome)
		rule.For = span
		return rule
	}
	slowdown := condition("hardware-slowdown", "hardware_slowdown || hardware_thermal_slowdown", 10*time.Minute,
		inspect("the hardware held its clocks down for most of ten minutes: a candidate for quarantine, check cooling and power"))
	slowdown.For, slowdown.Within = 6*time.Minute, 10*time.Minute
	return []Rule{
		sustained("thermal-margin", "margin_celsius < margin_slowdown_celsius", time.Minute,
			Outcome{Fatal, ClassHardware, ActionInspectHardware, "past the slowdown limit for a minute: move the work, check fans and air"}),
		sustained("core-hot", "temperature_celsius > temperature_max_celsius", time.Minute,
			inspect("the core is hotter than it should run for long: check the cooling")),
		sustained("memory-hot", "memory_temperature_celsius > memory_temperature_max_celsius", time.Minute,
			inspect("the memory is hotter than it should run for long: check the cooling")),
		slowdown,
		sustained("power-brake", "power_brake", 10*time.Second, inspect("the power supply pulled the brake: check the node's power")),
		condition("power-cap", "software_power_cap", 0, Outcome{Healthy, ClassInformational, ActionCount, "held at its power limit, as configured"}),
	}
}

// hostRules: what carries the devices.
func hostRules() []Rule {
	degraded := func(action Action, advice string) Outcome {
		return Outcome{Degraded, ClassHardware, action, advice}
	}
	warning := func(advice string) Outcome { return Outcome{Healthy, ClassWarning, ActionObserve, advice} }
	sustained := func(span time.Duration, rule Rule) Rule {
		rule.For = span
		return rule
	}
	memory := condition("host-memory-uncorrected", "memory_uncorrected_errors > 0", 0,
		Outcome{Fatal, ClassHardware, ActionReplaceDevice, "uncorrected errors in the host's memory: replace the module"})
	memory.ClearOn = ClearReboot
	return []Rule{
		memory,
		condition("host-memory-corrected", "memory_corrected_errors_per_hour > 100", time.Hour, warning("the host's memory corrects many errors: plan to replace the module")),
		sustained(10*time.Minute, condition("cpu-throttled", "cpu_throttle_events_per_minute > 1", 10*time.Minute, warning("the CPUs throttle for heat: check fans and air"))),
		sustained(time.Minute, condition("zone-critical", "zone_margin_celsius < 5", 5*time.Minute, degraded(ActionInspectHardware, "a thermal zone is close to its critical point: check fans and air"))),
		sustained(time.Minute, condition("fabric-link-down", "infiniband_links_down > 0", 5*time.Minute, degraded(ActionCheckMechanics, "a fabric port went down: check cable, transceiver and card"))),
		sustained(5*time.Minute, condition("fabric-link-slow", "infiniband_links_slow > 0", pastBaseline, degraded(ActionCheckMechanics, "a fabric port runs slower than it did: check cable, transceiver and card"))),
		condition("fabric-link-flaps", "infiniband_flaps >= 3", time.Hour, degraded(ActionCheckMechanics, "a fabric port flaps: check cable and transceiver")),
		condition("fabric-errors", "infiniband_errors_per_hour > 120", time.Hour, warning("the fabric port sees errors: clean or replace the cable at the next maintenance")),
		sustained(time.Minute, condition("network-link-down", "network_links_down > 0", 5*time.Minute, warning("a network interface lost its carrier"))),
		condition("filesystem-readonly", "filesystem_readonly", 0, degraded(ActionRebootNode, "a file system fell back to read-only: check the disk, then reboot")),
	}
}

// heuristicRules judge behaviour from outside. They are shown, not enforced:
// only the job's own progress tells a hang from a wait.
func heuristicRules() []Rule {
	observe := func(span time.Duration, name, when, advice string) Rule {
		rule := condition(name, when, time.Minute, Outcome{Degraded, ClassHeuristic, ActionInspectJob, advice})
		rule.For, rule.Mode = span, Observe
		return rule
	}
	return []Rule{
		observe(5*time.Minute, "hang-suspected",
			"processes > 0 && utilization_ratio >= 0.99 && power_watts < 0.35 * power_limit_watts && tensor_active_ratio <= 0.001 && nvlink_bytes_per_second < 1000000",
			"busy without work: it may be stuck in a collective"),
		observe(10*time.Minute, "starvation-suspected", "allocated && allocated_seconds > 900 && utilization_ratio < 0.05",
			"held and idle: it may wait for input"),
		observe(10*time.Minute, "straggler-suspected", "allocated && clock_peer_ratio < 0.75 && utilization_ratio >= 0.5",
			"slower than its neighbours: check its clocks and its cooling"),
	}
}
