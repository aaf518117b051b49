package hardware

import "time"

const (
	day          = 24 * time.Hour
	pastBaseline = 10 * time.Minute
)

// Defaults is the built-in policy. Its rules follow the Xid catalogue that
// NVIDIA published on 2025-10-29 and, where that is silent, what the operators
// of large fleets published; each rule can be replaced by its name.
func Defaults() Policy {
	return Policy{
		Name:            "built-in",
		Rules:           builtinRules(),
		Escalations:     builtinEscalations(),
		RecoveryActions: builtinRecoveryActions(),
		BurstWindow:     3 * time.Minute,
		UnknownAfter:    time.Minute,
	}
}

func builtinRules() []Rule {
	var rules []Rule
	for _, part := range [][]Rule{
		applicationRules(), memoryRules(), fatalXidRules(), nvlinkRules(), operatorRules(),
		presenceRules(), eccRules(), linkRules(), thermalRules(), hostRules(), heuristicRules(),
	} {
		rules = append(rules, part...)
	}
	return rules
}

func builtinEscalations() []Escalation {
	return []Escalation{
		{
			Name: "repeats-across-reboots", Boots: 4, Window: 30 * day, SameCode: true, Action: ActionInspectHardware,
			Advice: "the same fatal fault returned after more than two reboots: inspect the hardware",
		},
		{
			Name: "repeats-within-a-day", Count: 5, Window: day, Action: ActionContactSupport,
			Advice: "five fatal faults in a day on one device: open a support case",
		},
	}
}

// builtinRecoveryActions are the values of NVML's field 230. A value that is
// not listed is observed and alerted, never fatal: a driver rollout must not
// condemn a fleet.
func builtinRecoveryActions() []RecoveryAction {
	outcome := func(severity Severity, action Action, advice string) Outcome {
		return Outcome{Severity: severity, Class: ClassHardware, Action: action, Advice: advice}
	}
	return []RecoveryAction{
		{1, "ResetGPU", outcome(Fatal, ActionResetDevice, "reset the GPU")},
		{2, "RebootNode", outcome(Fatal, ActionRebootNode, "reboot the node")},
		{3, "DrainP2P", outcome(Degraded, ActionDrainPeerToPeer, "end peer-to-peer traffic, then reset the links")},
		{4, "DrainAndReset", outcome(Degraded, ActionResetWhenIdle, "give it no new work and reset the GPU when it is idle")},
		{5, "RecoverIMEX", outcome(Degraded, ActionRecoverIMEX, "recover the IMEX domain")},
		{6, "ResetBus", outcome(Fatal, ActionResetBus, "reset the bus")},
		{7, "RebootSystem", outcome(Fatal, ActionRebootNode, "reboot the system")},
	}
}

func xid(name string, outcome Outcome, codes ...int) Rule {
	return Rule{
		Name: name, Kind: Xid, Codes: codes, Outcome: outcome,
		ClearOn: ClearQuiet, ClearAfter: pastBaseline,
	}
}

// latched makes a rule about events hold until the device was reset.
func latched(rule Rule) Rule {
	rule.ClearOn, rule.ClearAfter, rule.Next = ClearReset, 0, ActionRebootNode
	return rule
}

func condition(name, when string, clearAfter time.Duration, outcome Outcome) Rule {
	return Rule{Name: name, When: when, Outcome: outcome, ClearOn: ClearQuiet, ClearAfter: clearAfter}
}
