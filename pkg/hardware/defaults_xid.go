package hardware

// application faults are those of the program that ran.
func applicationRules() []Rule {
	restart := Outcome{Healthy, ClassApplication, ActionRestartJob, "the program failed; restart the job"}
	provoked := xid("xid-provokable", Outcome{
		Degraded, ClassHardware, ActionRunDiagnostics,
		"two different jobs failed alike on this GPU within a day: run diagnostics before new work",
	}, 13, 31)
	provoked.Owners, provoked.Window, provoked.Below = 2, day, &restart
	provoked.ClearAfter = day
	timeout := latched(xid("xid-context-switch-timeout", Outcome{
		Fatal, ClassHardware, ActionResetDevice,
		"two different jobs saw a context switch time out on this GPU: quarantine and reset",
	}, 109))
	timeout.Owners, timeout.Window, timeout.Below = 2, day, &restart
	return []Rule{
		xid("xid-application", restart, 8, 11, 25, 32, 39, 40, 41, 60, 68, 69, 70, 71, 72, 75, 76, 77, 80),
		provoked,
		timeout,
		xid("xid-application-exit", Outcome{Healthy, ClassApplication, ActionNone, "the program stopped itself; nothing to do"}, 43),
		xid("xid-secondary", Outcome{Healthy, ClassSecondary, ActionFollowRelated, "follow the Xid reported beside it"}, 45),
		xid("xid-informational", Outcome{Healthy, ClassInformational, ActionCount, "worth counting only"},
			37, 38, 44, 66, 67, 92, 93, 121, 141, 157, 160, 161),
		xid("xid-recovery-action", Outcome{Healthy, ClassSecondary, ActionFollowRelated, "the driver changed its recovery action; the action itself decides"}, 154),
		xid("xid-other", Outcome{Healthy, ClassUnrecognised, ActionObserve, "no rule knows this Xid; look it up and add a rule"}),
	}
}

func memoryRules() []Rule {
	remap := latched(xid("xid-row-remap", Outcome{
		Degraded, ClassHardware, ActionResetWhenIdle, "a memory row was remapped: no new work, reset at the next drain",
	}, 63))
	contained := latched(xid("xid-contained-ecc", Outcome{
		Degraded, ClassHardware, ActionResetWhenIdle, "a memory error was contained: restart the job on it, reset the GPU when it is idle",
	}, 94))
	doubleBit := latched(xid("xid-double-bit-ecc", Outcome{
		Fatal, ClassHardware, ActionResetDevice, "uncorrected memory error: reset the GPU, then check the SRAM threshold",
	}, 48))
	return []Rule{remap, contained, doubleBit}
}

func fatalXidRules() []Rule {
	fatal := latched(xid("xid-fatal", Outcome{
		Fatal, ClassHardware, ActionResetDevice, "quarantine, start the job elsewhere, reset the GPU; reboot if the reset fails",
	}, 46, 62, 64, 95, 110, 119, 120, 136, 140, 143, 155, 156, 158))
	bus := latched(xid("xid-fallen-off-the-bus", Outcome{
		Fatal, ClassHardware, ActionPowerCycle, "the GPU fell off the bus: power-cycle or reboot the host",
	}, 79))
	bus.ClearOn, bus.Next = ClearReboot, ""
	pcie := xid("xid-pcie-fatal-timeout", Outcome{
		Healthy, ClassWarning, ActionRebootNode, "a fatal PCIe time-out: reboot the node when it suits",
	}, 167)
	pcie.ClearOn, pcie.ClearAfter = ClearReboot, 0
	return []Rule{fatal, bus, pcie}
}

// nvlinkRules: NVLink 5 errors (144-150) carry their own weight in their text;
// without the text the driver's recovery action decides alone.
func nvlinkRules() []Rule {
	codes := []int{144, 145, 146, 147, 148, 149, 150}
	hinted := func(name string, hint Hint, outcome Outcome) Rule {
		rule := xid(name, outcome, codes...)
		rule.Hint = hint
		return rule
	}
	fatal := latched(hinted("xid-nvlink5-fatal", HintFatal, Outcome{Fatal, ClassHardware, ActionResetDevice, "a fatal NVLink error: reset the GPU, and its links with it"}))
	nvlink := latched(xid("xid-nvlink", Outcome{Fatal, ClassHardware, ActionResetDevice, "an NVLink failed: reset the GPU, reboot if the link stays down"}, 74))
	switchFatal := Rule{
		Name: "sxid-fatal", Kind: SXid, Hint: HintFatal, ClearOn: ClearReboot,
		Outcome: Outcome{Fatal, ClassHardware, ActionRebootNode, "an NVSwitch failed: reboot the node to reset GPUs and switches together"},
	}
	return []Rule{
		nvlink,
		fatal,
		hinted("xid-nvlink5-nonfatal", HintNonFatal, Outcome{Healthy, ClassWarning, ActionObserve, "an NVLink error that the hardware survived"}),
		xid("xid-nvlink5", Outcome{Healthy, ClassSecondary, ActionFollowRelated, "an NVLink error; the driver's recovery action decides"}, codes...),
		switchFatal,
		{
			Name: "sxid-other", Kind: SXid, ClearOn: ClearQuiet, ClearAfter: pastBaseline,
			Outcome: Outcome{Healthy, ClassWarning, ActionObserve, "an NVSwitch error that the fabric survived"},
		},
	}
}

func operatorRules() []Rule {
	rule := func(name string, code int, action Action, advice string) Rule {
		r := xid(name, Outcome{Degraded, ClassOperator, action, advice}, code)
		r.ClearOn, r.ClearAfter = ClearReboot, 0
		return r
	}
	return []Rule{
		rule("xid-auxiliary-power", 54, ActionCheckMechanics, "auxiliary power is missing: check the board's power cables"),
		rule("xid-vgpu-start", 78, ActionUpdateSoftware, "the vGPU did not start: update driver and firmware together"),
		rule("xid-unexplained", 142, ActionContactSupport, "the driver cannot explain this error: open a support case"),
		rule("xid-vm-restart", 151, ActionRestartVM, "the virtual machine must be restarted"),
	}
}
