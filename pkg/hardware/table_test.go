package hardware

import (
	"fmt"
	"testing"
	"time"
)

// TestXidTable walks the lines of the fault table that are about Xids.
func TestXidTable(t *testing.T) {
	application := wanted{Healthy, ClassApplication, ActionRestartJob}
	fatal := wanted{Fatal, ClassHardware, ActionResetDevice}
	tests := []struct {
		line  string
		codes []int
		want  wanted
	}{
		{"application", []int{8, 11, 25, 32, 39, 40, 41, 60, 68, 69, 70, 71, 72, 75, 76, 77, 80}, application},
		{"application that a tenant can provoke", []int{13, 31}, application},
		{"application that stopped itself", []int{43}, wanted{Healthy, ClassApplication, ActionNone}},
		{"secondary", []int{45}, wanted{Healthy, ClassSecondary, ActionFollowRelated}},
		{"informational", []int{37, 38, 44, 66, 67, 92, 93, 121, 141, 157, 160, 161}, wanted{Healthy, ClassInformational, ActionCount}},
		{"row remap", []int{63}, wanted{Degraded, ClassHardware, ActionResetWhenIdle}},
		{"contained ECC", []int{94}, wanted{Degraded, ClassHardware, ActionResetWhenIdle}},
		{"fatal", []int{46, 62, 64, 95, 110, 119, 120, 136, 140, 143, 155, 156, 158}, fatal},
		{"fatal that a tenant can provoke", []int{109}, application},
		{"double-bit ECC", []int{48}, fatal},
		{"NVLink", []int{74}, fatal},
		{"NVLink 5 without a text", []int{144, 145, 146, 147, 148, 149, 150}, wanted{Healthy, ClassSecondary, ActionFollowRelated}},
		{"fallen off the bus", []int{79}, wanted{Fatal, ClassHardware, ActionPowerCycle}},
		{"auxiliary power", []int{54}, wanted{Degraded, ClassOperator, ActionCheckMechanics}},
		{"vGPU start", []int{78}, wanted{Degraded, ClassOperator, ActionUpdateSoftware}},
		{"unexplained", []int{142}, wanted{Degraded, ClassOperator, ActionContactSupport}},
		{"virtual machine", []int{151}, wanted{Degraded, ClassOperator, ActionRestartVM}},
		{"PCIe fatal timeout", []int{167}, wanted{Healthy, ClassWarning, ActionRebootNode}},
		{"recovery action changed", []int{154}, wanted{Healthy, ClassSecondary, ActionFollowRelated}},
		{"a code no rule knows", []int{999}, wanted{Healthy, ClassUnrecognised, ActionObserve}},
	}
	for _, tt := range tests {
		for _, code := range tt.codes {
			t.Run(fmt.Sprintf("%s %d", tt.line, code), func(t *testing.T) {
				w := newWorld(t)
				w.want(healthy)
				w.xid(code)
				w.want(tt.want)
			})
		}
	}
}

func TestHintedEvents(t *testing.T) {
	tests := []struct {
		name string
		give Event
		want wanted
	}{
		{"NVLink 5, fatal", Event{Kind: Xid, Code: 149, Device: gpu0, Hint: HintFatal}, wanted{Fatal, ClassHardware, ActionResetDevice}},
		{"NVLink 5, not fatal", Event{Kind: Xid, Code: 145, Device: gpu0, Hint: HintNonFatal}, wanted{Healthy, ClassWarning, ActionObserve}},
		{"a hint on a code that needs none", Event{Kind: Xid, Code: 79, Device: gpu0, Hint: HintNonFatal}, wanted{Fatal, ClassHardware, ActionPowerCycle}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.tick()
			w.event(tt.give)
			w.want(tt.want)
		})
	}
}

func TestSwitchErrors(t *testing.T) {
	for hint, want := range map[Hint]wanted{
		HintFatal: {Fatal, ClassHardware, ActionRebootNode}, HintNonFatal: {Healthy, ClassWarning, ActionObserve},
	} {
		w := newWorld(t)
		w.tick()
		w.event(Event{Kind: SXid, Code: 12028, Hint: hint})
		v := w.tick().Node
		if got := (wanted{v.Severity, v.Class, v.Action}); got != want {
			t.Errorf("SXid with hint %s: verdict = %+v, want %+v", hint, got, want)
		}
		if v := w.last.Devices[0].Verdict; v.Severity != Healthy {
			t.Errorf("SXid with hint %s condemned a GPU: %+v", hint, v)
		}
	}
}

type numbers map[string]float64

// TestConditionTable walks the lines of the fault table that are about other
// signals: each just below and just at its threshold.
func TestConditionTable(t *testing.T) {
	fatal := func(action Action) wanted { return wanted{Fatal, ClassHardware, action} }
	degraded := func(action Action) wanted { return wanted{Degraded, ClassHardware, action} }
	warning := wanted{Healthy, ClassWarning, ActionObserve}
	tests := []struct {
		line      string
		fine, bad numbers
		sustained time.Duration
		want      wanted
	}{
		{"GPU is lost", numbers{"lost": 0, "absent": 0}, numbers{"lost": 1, "absent": 0}, 0, fatal(ActionRebootNode)},
		{"GPU vanished", numbers{"absent": 0, "lost": 0}, numbers{"absent": 1}, 0, fatal(ActionRebootNode)},
		{"every call fails", numbers{"failing": 0}, numbers{"failing": 1}, time.Minute, fatal(ActionResetDevice)},
		{"volatile double-bit ECC", numbers{"ecc_uncorrected": 0}, numbers{"ecc_uncorrected": 1}, 0, fatal(ActionResetDevice)},
		{"row remap pending", numbers{"remap_pending": 0}, numbers{"remap_pending": 1}, 0, degraded(ActionResetWhenIdle)},
		{"page retirement pending", numbers{"retirement_pending": 0}, numbers{"retirement_pending": 1}, 0, degraded(ActionResetWhenIdle)},
		{"row remap failure", numbers{"remap_failed": 0}, numbers{"remap_failed": 1}, 0, fatal(ActionReplaceDevice)},
		{"512 uncorrectable remaps", numbers{"remapped_rows_uncorrectable": 511}, numbers{"remapped_rows_uncorrectable": 512}, 0, fatal(ActionReplaceDevice)},
		{"63 retired pages", numbers{"retired_pages": 62}, numbers{"retired_pages": 63}, 0, fatal(ActionReplaceDevice)},
		{"SRAM threshold flag", numbers{"sram_threshold_exceeded": 0}, numbers{"sram_threshold_exceeded": 1}, 0, fatal(ActionReplaceDevice)},
		{"NVLink inactive", numbers{"nvlink_inactive": 0}, numbers{"nvlink_inactive": 1}, 30 * time.Second, fatal(ActionResetDevice)},
		{"NVLink CRC errors", numbers{"nvlink_crc_errors_per_second": 99}, numbers{"nvlink_crc_errors_per_second": 100}, 0, warning},
		{"NVLink replay", numbers{"nvlink_replays_per_second": 0}, numbers{"nvlink_replays_per_second": 0.01}, 0, warning},
		{"NVLink recovery", numbers{"nvlink_recoveries_per_second": 0}, numbers{"nvlink_recoveries_per_second": 0.01}, 0, warning},
		{"PCIe replays, Gen4", numbers{"pcie_generation": 4, "pcie_replays_per_minute_lane": 0.96}, numbers{"pcie_generation": 4, "pcie_replays_per_minute_lane": 0.97}, 5 * time.Minute, warning},
		{"PCIe replays, Gen5", numbers{"pcie_generation": 5, "pcie_replays_per_minute_lane": 1.92}, numbers{"pcie_generation": 5, "pcie_replays_per_minute_lane": 1.93}, 5 * time.Minute, warning},
		{"PCIe width", numbers{"pcie_width": 16, "pcie_width_max": 16}, numbers{"pcie_width": 8, "pcie_width_max": 16}, 5 * time.Minute, degraded(ActionCheckMechanics)},
		{"thermal margin", numbers{"margin_celsius": -2, "margin_slowdown_celsius": -2}, numbers{"margin_celsius": -3, "margin_slowdown_celsius": -2}, time.Minute, fatal(ActionInspectHardware)},
		{"core above GPU_MAX", numbers{"temperature_celsius": 85, "temperature_max_celsius": 85}, numbers{"temperature_celsius": 86, "temperature_max_celsius": 85}, time.Minute, degraded(ActionInspectHardware)},
		{"memory above MEM_MAX", numbers{"memory_temperature_celsius": 95, "memory_temperature_max_celsius": 95}, numbers{"memory_temperature_celsius": 96, "memory_temperature_max_celsius": 95}, time.Minute, degraded(ActionInspectHardware)},
		{"hardware slowdown", numbers{"hardware_slowdown": 0, "hardware_thermal_slowdown": 0}, numbers{"hardware_slowdown": 1, "hardware_thermal_slowdown": 0}, 6 * time.Minute, degraded(ActionInspectHardware)},
		{"power brake", numbers{"power_brake": 0}, numbers{"power_brake": 1}, 10 * time.Second, degraded(ActionInspectHardware)},
		{"software power cap", numbers{"software_power_cap": 0}, numbers{"software_power_cap": 1}, 0, wanted{Healthy, ClassInformational, ActionCount}},
		{"a call stuck for 3 polls", numbers{"stuck_polls": 2, "probe_failed": 1}, numbers{"stuck_polls": 3, "probe_failed": 1}, 0, fatal(ActionRebootNode)},
		{"a call stuck in this process only", numbers{"stuck_polls": 2, "probe_failed": 0}, numbers{"stuck_polls": 3, "probe_failed": 0}, 0, degraded(ActionRestartAgent)},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			w := newWorld(t)
			w.vars = tt.fine
			w.pass(tt.sustained + 10*time.Second)
			w.want(healthy)
			w.vars = tt.bad
			if tt.sustained > 0 {
				w.pass(tt.sustained - 10*time.Second)
				w.want(healthy)
				w.pass(15 * time.Second)
			}
			w.want(tt.want)
			w.vars = tt.fine
			w.pass(2 * time.Hour)
			w.want(healthy)
		})
	}
}

// TestNodeTable does the same for the signals of the node.
func TestNodeTable(t *testing.T) {
	tests := []struct {
		line      string
		bad       numbers
		sustained time.Duration
		want      wanted
	}{
		{"fewer GPUs than the inventory", numbers{"devices_missing": 1}, 0, wanted{Fatal, ClassHardware, ActionRebootNode}},
		{"fewer GPUs during maintenance", numbers{"devices_missing": 1, "maintenance": 1}, 0, healthy},
		{"driver down", numbers{"driver_up": 0, "devices_expected": 8}, 11 * time.Minute, wanted{Degraded, ClassOperator, ActionUpdateSoftware}},
		{"driver down for a while", numbers{"driver_up": 0, "devices_expected": 8}, 5 * time.Minute, healthy},
		{"driver away for maintenance", numbers{"driver_up": 0, "devices_expected": 8, "maintenance": 1}, time.Hour, healthy},
		{"no driver and no GPU expected", numbers{"driver_up": 0, "devices_expected": 0}, time.Hour, healthy},
		{"host memory", numbers{"memory_uncorrected_errors": 1}, 0, wanted{Fatal, ClassHardware, ActionReplaceDevice}},
		{"fabric link", numbers{"infiniband_links_down": 1}, 70 * time.Second, wanted{Degraded, ClassHardware, ActionCheckMechanics}},
		{"fabric link slow", numbers{"infiniband_links_slow": 1}, 310 * time.Second, wanted{Degraded, ClassHardware, ActionCheckMechanics}},
		{"fabric flaps", numbers{"infiniband_flaps": 3}, 0, wanted{Degraded, ClassHardware, ActionCheckMechanics}},
		{"thermal zone", numbers{"zone_margin_celsius": 4}, 70 * time.Second, wanted{Degraded, ClassHardware, ActionInspectHardware}},
		{"read-only file system", numbers{"filesystem_readonly": 1}, 0, wanted{Degraded, ClassHardware, ActionRebootNode}},
		{"corrected memory errors", numbers{"memory_corrected_errors_per_hour": 101}, 0, wanted{Healthy, ClassWarning, ActionObserve}},
		{"fabric errors", numbers{"infiniband_errors_per_hour": 121}, 0, wanted{Healthy, ClassWarning, ActionObserve}},
		{"CPU throttled", numbers{"cpu_throttle_events_per_minute": 2}, 11 * time.Minute, wanted{Healthy, ClassWarning, ActionObserve}},
		{"network link", numbers{"network_links_down": 1}, 70 * time.Second, wanted{Healthy, ClassWarning, ActionObserve}},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			w := newWorld(t)
			for name, value := range tt.bad {
				w.node[name] = value
			}
			w.pass(tt.sustained + 5*time.Second)
			v := w.tick().Node
			if got := (wanted{v.Severity, v.Class, v.Action}); got != tt.want {
				t.Errorf("verdict = %+v, want %+v (%s)", got, tt.want, v.Reason)
			}
		})
	}
}

func TestRecoveryActionTable(t *testing.T) {
	tests := []struct {
		value int
		want  wanted
	}{
		{0, healthy},
		{1, wanted{Fatal, ClassHardware, ActionResetDevice}},
		{2, wanted{Fatal, ClassHardware, ActionRebootNode}},
		{3, wanted{Degraded, ClassHardware, ActionDrainPeerToPeer}},
		{4, wanted{Degraded, ClassHardware, ActionResetWhenIdle}},
		{5, wanted{Degraded, ClassHardware, ActionRecoverIMEX}},
		{6, wanted{Fatal, ClassHardware, ActionResetBus}},
		{7, wanted{Fatal, ClassHardware, ActionRebootNode}},
		{8, healthy}, // unknown: observed and alerted
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.value), func(t *testing.T) {
			w := newWorld(t)
			w.vars["recovery_action"] = float64(tt.value)
			w.want(tt.want)
			if observed := tt.value == 8; observed != (len(w.last.Devices[0].Findings) == 1 && w.last.Devices[0].Findings[0].Observed) {
				t.Errorf("findings = %+v", w.last.Devices[0].Findings)
			}
		})
	}
}

func TestHeuristicsOnlyObserve(t *testing.T) {
	tests := []struct {
		rule string
		vars numbers
		span time.Duration
	}{
		{"hang-suspected", numbers{
			"processes": 1, "utilization_ratio": 1, "power_watts": 120, "power_limit_watts": 700, "tensor_active_ratio": 0, "nvlink_bytes_per_second": 0,
		}, 6 * time.Minute},
		{"starvation-suspected", numbers{"allocated": 1, "allocated_seconds": 1000, "utilization_ratio": 0.01}, 11 * time.Minute},
		{"straggler-suspected", numbers{"allocated": 1, "clock_peer_ratio": 0.6, "utilization_ratio": 0.9}, 11 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			w := newWorld(t)
			w.vars = tt.vars
			w.pass(tt.span)
			w.want(healthy)
			findings := w.last.Devices[0].Findings
			if len(findings) != 1 || findings[0].Rule != tt.rule || !findings[0].Observed {
				t.Errorf("findings = %+v, want one observed %s", findings, tt.rule)
			}
			delete(w.vars, "utilization_ratio") // absent is not zero
			w2 := newWorld(t)
			w2.vars = w.vars
			w2.pass(tt.span)
			if len(w2.last.Devices[0].Findings) != 0 {
				t.Errorf("suspects without having read the utilisation: %+v", w2.last.Devices[0].Findings)
			}
		})
	}
}
