package hardware

import (
	"cmp"
	"slices"
	"time"
)

// Severity says how far a device or node can be used.
type Severity string

// The severities, from good to bad. Unknown ranks between Healthy and Degraded:
// too little data is a reason to look, not a reason to move work.
const (
	Healthy  Severity = "Healthy"
	Unknown  Severity = "Unknown"
	Degraded Severity = "Degraded"
	Fatal    Severity = "Fatal"
)

var severities = []Severity{Healthy, Unknown, Degraded, Fatal}

// Rank orders severities: the higher, the worse. An unknown name ranks -1.
func (s Severity) Rank() int { return slices.Index(severities, s) }

// Class says whose problem a finding is.
type Class string

// The classes.
const (
	// ClassNone is the class of a healthy verdict.
	ClassNone Class = ""
	// ClassApplication is a fault of the program that ran.
	ClassApplication Class = "Application"
	// ClassSecondary follows from another fault reported beside it.
	ClassSecondary Class = "Secondary"
	// ClassInformational is worth counting and nothing else.
	ClassInformational Class = "Informational"
	// ClassWarning is a sign of wear; it alerts and moves nothing.
	ClassWarning Class = "Warning"
	// ClassHardware is a fault of the device or of what carries it.
	ClassHardware Class = "Hardware"
	// ClassOperator needs a person: power cables, firmware, a support case.
	ClassOperator Class = "Operator"
	// ClassUnrecognised is a code that no rule knows, as a new driver may send.
	ClassUnrecognised Class = "Unrecognised"
	// ClassDomain is a fault of what many devices share: air, power, a rollout.
	ClassDomain Class = "Domain"
	// ClassHeuristic is a suspicion drawn from behaviour.
	ClassHeuristic Class = "Heuristic"
)

var classes = []Class{
	ClassApplication, ClassSecondary, ClassInformational, ClassWarning, ClassHardware,
	ClassOperator, ClassUnrecognised, ClassDomain, ClassHeuristic,
}

// Action is what should be done next.
type Action string

// The actions, roughly from light to heavy.
const (
	ActionNone            Action = "None"
	ActionCount           Action = "Count"
	ActionFollowRelated   Action = "FollowRelated"
	ActionObserve         Action = "Observe"
	ActionRestartJob      Action = "RestartJob"
	ActionInspectJob      Action = "InspectJob"
	ActionRestartAgent    Action = "RestartAgent"
	ActionRunDiagnostics  Action = "RunDiagnostics"
	ActionDrainPeerToPeer Action = "DrainPeerToPeer"
	ActionRecoverIMEX     Action = "RecoverIMEX"
	ActionResetWhenIdle   Action = "ResetWhenIdle"
	ActionResetDevice     Action = "ResetDevice"
	ActionResetBus        Action = "ResetBus"
	ActionRestartVM       Action = "RestartVM"
	ActionRebootNode      Action = "RebootNode"
	ActionPowerCycle      Action = "PowerCycle"
	ActionUpdateSoftware  Action = "UpdateSoftware"
	ActionCheckMechanics  Action = "CheckMechanics"
	ActionInspectHardware Action = "InspectHardware"
	ActionContactSupport  Action = "ContactSupport"
	ActionReplaceDevice   Action = "ReplaceDevice"
	ActionInspectDomain   Action = "InspectDomain"
)

var actions = []Action{
	ActionNone, ActionCount, ActionFollowRelated, ActionObserve, ActionRestartJob,
	ActionInspectJob, ActionRestartAgent, ActionRunDiagnostics, ActionDrainPeerToPeer,
	ActionRecoverIMEX, ActionResetWhenIdle, ActionResetDevice, ActionResetBus,
	ActionRestartVM, ActionRebootNode, ActionPowerCycle, ActionUpdateSoftware,
	ActionCheckMechanics, ActionInspectHardware, ActionContactSupport,
	ActionReplaceDevice, ActionInspectDomain,
}

// Rank orders actions: the higher, the more is asked. An unknown name ranks -1.
func (a Action) Rank() int { return slices.Index(actions, a) }

// Actions lists every action, from light to heavy.
func Actions() []Action { return slices.Clone(actions) }

// Classes lists every class.
func Classes() []Class { return slices.Clone(classes) }

// Severities lists every severity, from good to bad.
func Severities() []Severity { return slices.Clone(severities) }

// last is 1 for an action after which there is no other: no reset replaces it.
func (a Action) last() int {
	if a == ActionContactSupport || a == ActionReplaceDevice {
		return 1
	}
	return 0
}

// Outcome is what a rule concludes.
type Outcome struct {
	Severity Severity
	Class    Class
	Action   Action
	// Advice is one sentence for a person: what this means and what to do.
	Advice string
}

// Finding is a rule that holds on a device, or on the node where Device is
// empty.
type Finding struct {
	Device string
	Serial string
	Rule   string
	// Code is the Xid or SXid, or 0.
	Code    int
	Outcome Outcome
	// Reason is one sentence with the numbers that decided.
	Reason string
	Since  time.Time
	// Seen is when it was last observed.
	Seen time.Time
	// Count is how many bursts were seen since Since.
	Count int
	// Observed findings are shown and counted, but do not move a verdict.
	Observed bool
	// BootID is the boot in which it was last seen.
	BootID string
	origin origin
}

// origin decides between findings of equal severity: an escalation knows the
// past, the driver knows the device, a rule knows the field's experience.
type origin int

const (
	fromRule origin = iota
	fromDriver
	fromEscalation
)

// Verdict is the one sentence about a device or a node.
type Verdict struct {
	Severity Severity
	Class    Class
	Action   Action
	// Rule is the rule that decided; empty when healthy.
	Rule   string
	Reason string
	Since  time.Time
}

// judge reduces findings to a verdict. The severity is the worst one; the
// action is the driver's own where it has one, unless the device's past or its
// wear outweighs it.
func judge(findings []Finding, since time.Time) Verdict {
	best := -1
	for i := range findings {
		if findings[i].Observed {
			continue
		}
		if best < 0 || outweighs(&findings[i], &findings[best]) {
			best = i
		}
	}
	if best < 0 || findings[best].Outcome.Severity == Healthy {
		return healthyWith(findings, best, since)
	}
	f := findings[best]
	v := Verdict{
		Severity: f.Outcome.Severity, Class: f.Outcome.Class, Action: f.Outcome.Action,
		Rule: f.Rule, Reason: f.Reason, Since: f.Since,
	}
	return driverFirst(v, f, findings)
}

// healthyWith is the verdict of a device without faults: whole, though there may
// be something for the job that ran on it.
func healthyWith(findings []Finding, best int, since time.Time) Verdict {
	v := Verdict{Severity: Healthy, Action: ActionNone, Reason: "no fault is known", Since: since}
	if best >= 0 {
		f := findings[best]
		v.Class, v.Action, v.Rule, v.Reason = f.Outcome.Class, f.Outcome.Action, f.Rule, f.Reason
	}
	return v
}

// driverFirst lets the driver's recovery action replace the action of a rule.
func driverFirst(v Verdict, won Finding, findings []Finding) Verdict {
	if won.origin != fromRule || won.Outcome.Action.last() > 0 {
		return v
	}
	for _, f := range findings {
		if f.origin == fromDriver && !f.Observed {
			v.Action = f.Outcome.Action
			v.Reason += "; the driver asks: " + f.Outcome.Advice
			break
		}
	}
	return v
}

func outweighs(a, b *Finding) bool {
	return cmp.Or(
		cmp.Compare(a.Outcome.Severity.Rank(), b.Outcome.Severity.Rank()),
		cmp.Compare(a.Outcome.Action.last(), b.Outcome.Action.last()),
		cmp.Compare(a.origin, b.origin),
		cmp.Compare(a.Outcome.Action.Rank(), b.Outcome.Action.Rank()),
		b.Since.Compare(a.Since),
		cmp.Compare(b.Rule, a.Rule),
	) > 0
}
