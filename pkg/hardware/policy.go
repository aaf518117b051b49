package hardware

import (
	"slices"
	"time"
)

// Mode says whether a rule moves a verdict or is only shown.
type Mode string

// The modes.
const (
	Enforce Mode = "Enforce"
	Observe Mode = "Observe"
)

// ClearOn says what ends a finding once its cause is no longer seen.
type ClearOn string

// The ways to clear. Each also waits for Rule.ClearAfter without recurrence.
const (
	// ClearQuiet needs nothing but quiet.
	ClearQuiet ClearOn = "Quiet"
	// ClearReset needs a reset of the device, a new driver or a new boot.
	ClearReset ClearOn = "Reset"
	// ClearReboot needs a new boot.
	ClearReboot ClearOn = "Reboot"
)

// Rule says what a signal means. Exactly one of Xids, SXids and When names the
// signal; neither Xids nor SXids nor When, with Kind set, takes every code that
// no other rule names.
type Rule struct {
	Name string
	// Kind is Xid or SXid for a rule about events, empty for a condition.
	Kind EventKind
	// Codes are the Xids or SXids; empty means every code left over.
	Codes []int
	// Hint narrows a rule about events to those whose text carries it.
	Hint Hint
	// When is the condition; see Expression.
	When string
	// For is how long the condition must hold; Within, if set, the span in
	// which it must have held for so long in sum. Without Within it must hold
	// without a break.
	For, Within time.Duration
	// Count is how many bursts of an event it takes, and Owners how many
	// different owners, inside Window. 0 counts as 1; Owners 0 asks for none.
	Count, Owners int
	Window        time.Duration
	// Outcome is concluded once all of that is met, Below before it is.
	Outcome Outcome
	Below   *Outcome
	// Next replaces Outcome.Action when the rule holds again after a reset in
	// the same boot: the reset did not help.
	Next    Action
	ClearOn ClearOn
	// ClearAfter is how long there must be quiet before a finding ends.
	ClearAfter time.Duration
	// Mode is Enforce where empty.
	Mode Mode
}

// Event says whether the rule is about events.
func (r *Rule) Event() bool { return r.Kind != "" }

// Escalation raises the action for a device, known by its serial number, whose
// history repeats.
type Escalation struct {
	Name string
	// Count is how many fatal findings inside Window it takes; Boots in how many
	// different boots. 0 asks for none.
	Count, Boots int
	Window       time.Duration
	// SameCode counts each rule and code on its own.
	SameCode bool
	Action   Action
	Advice   string
}

// RecoveryAction says what one of the driver's recovery actions means.
type RecoveryAction struct {
	Value   int
	Name    string
	Outcome Outcome
}

// Policy is a set of rules.
type Policy struct {
	// Name is shown in reasons and metrics.
	Name string
	// Rules replace built-in rules of the same name, and take the codes that
	// they name from the built-in rules.
	Rules       []Rule
	Escalations []Escalation
	// RecoveryActions replace built-in ones of the same value.
	RecoveryActions []RecoveryAction
	// BurstWindow merges repetitions: an event that follows the last one of its
	// kind on its device sooner than this is the same burst.
	BurstWindow time.Duration
	// UnknownAfter is how long a device may be unreadable before it is Unknown.
	UnknownAfter time.Duration
}

// Provokable says whether a rule is about what a tenant can cause by itself: one
// that asks for several owners before it blames the device.
func (p *Policy) Provokable(rule string) bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Name == rule && r.Owners > 1 })
}

// Merge lays a policy over a base, as a HardwarePolicy is laid over the
// built-in rules.
func Merge(base, over Policy) Policy {
	merged := Policy{
		Name:         over.Name,
		BurstWindow:  over.BurstWindow,
		UnknownAfter: over.UnknownAfter,
	}
	if merged.BurstWindow == 0 {
		merged.BurstWindow = base.BurstWindow
	}
	if merged.UnknownAfter == 0 {
		merged.UnknownAfter = base.UnknownAfter
	}
	merged.Rules = slices.Clone(over.Rules)
	for _, rule := range base.Rules {
		if rest, ok := without(rule, over.Rules); ok {
			merged.Rules = append(merged.Rules, rest)
		}
	}
	merged.Escalations = mergeByKey(base.Escalations, over.Escalations, func(e Escalation) string { return e.Name })
	merged.RecoveryActions = mergeByKey(base.RecoveryActions, over.RecoveryActions, func(a RecoveryAction) int { return a.Value })
	return merged
}

// without is a built-in rule less what the rules above it claim.
func without(rule Rule, over []Rule) (Rule, bool) {
	for _, o := range over {
		if o.Name == rule.Name {
			return Rule{}, false
		}
		if rule.Kind != o.Kind || len(rule.Codes) == 0 || len(o.Codes) == 0 || !hintsOverlap(rule.Hint, o.Hint) {
			continue
		}
		left := slices.DeleteFunc(slices.Clone(rule.Codes), func(code int) bool { return slices.Contains(o.Codes, code) })
		if len(left) == 0 {
			return Rule{}, false
		}
		rule.Codes = left
	}
	return rule, true
}

// hintsOverlap says whether one event could match both. A rule without a hint
// takes what rules with a hint leave, so that only equal hints collide.
func hintsOverlap(a, b Hint) bool { return a == b }

func mergeByKey[T any, K comparable](base, over []T, key func(T) K) []T {
	merged := slices.Clone(over)
	for _, b := range base {
		if !slices.ContainsFunc(over, func(o T) bool { return key(o) == key(b) }) {
			merged = append(merged, b)
		}
	}
	return merged
}
