package hardware

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The bounds of a policy.
const (
	MaxRules  = 128
	MaxCodes  = 64
	maxWindow = 90 * day
	maxCode   = 99999
	maxCount  = 1000
	maxAdvice = 256
)

// Problem is what is wrong with one field of a policy, and what cures it.
type Problem struct {
	// Field is the path of the field, for example rules[2].when.
	Field string
	// Value is what the field holds.
	Value any
	// Cure says what to write instead.
	Cure string
}

// Error is the problem in one line.
func (p Problem) Error() string { return fmt.Sprintf("%s: %v: %s", p.Field, quoted(p.Value), p.Cure) }

func quoted(value any) any {
	if s, ok := value.(string); ok {
		if len(s) > 60 {
			s = s[:60] + "…"
		}
		return fmt.Sprintf("%q", s)
	}
	return value
}

var ruleName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Validate says everything that is wrong with a policy, as one error that joins
// a Problem for each field.
func Validate(p Policy) error {
	v := &validator{}
	if len(p.Rules) > MaxRules {
		v.add("rules", len(p.Rules), fmt.Sprintf("keep at most %d rules", MaxRules))
	}
	for i := range p.Rules {
		v.rule(fmt.Sprintf("rules[%d]", i), &p.Rules[i])
	}
	v.overlaps(p.Rules)
	for i, e := range p.Escalations {
		v.escalation(fmt.Sprintf("escalations[%d]", i), e)
	}
	v.recoveryActions(p.RecoveryActions)
	v.duration("burstWindow", p.BurstWindow, true)
	v.duration("unknownAfter", p.UnknownAfter, true)
	return errors.Join(v.problems...)
}

// Problems takes an error of Validate apart.
func Problems(err error) []Problem {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return nil
	}
	var problems []Problem
	for _, e := range joined.Unwrap() {
		var p Problem
		if errors.As(e, &p) {
			problems = append(problems, p)
		}
	}
	return problems
}

type validator struct{ problems []error }

func (v *validator) add(field string, value any, cure string) {
	v.problems = append(v.problems, Problem{field, value, cure})
}

func (v *validator) rule(at string, r *Rule) {
	v.name(at+".name", r.Name)
	v.signal(at, r)
	v.span(at, r)
	v.threshold(at, r)
	v.outcome(at+".outcome", r.Outcome)
	if r.Below != nil {
		v.outcome(at+".below", *r.Below)
	}
	if r.Next != "" {
		v.action(at+".next", r.Next)
	}
	oneOf(v, at+".clearOn", r.ClearOn, ClearQuiet, ClearReset, ClearReboot)
	v.duration(at+".clearAfter", r.ClearAfter, true)
	if r.Mode != "" {
		oneOf(v, at+".mode", r.Mode, Enforce, Observe)
	}
}

func (v *validator) name(field, name string) {
	if !ruleName.MatchString(name) {
		v.add(field, name, "use up to 63 lower-case letters, digits and dashes")
	}
}

func (v *validator) signal(at string, r *Rule) {
	switch {
	case r.Event() && r.When != "":
		v.add(at+".when", r.When, "a rule is about events or about a condition; write two rules")
	case r.Event():
		oneOf(v, at+".kind", r.Kind, Xid, SXid)
		oneOf(v, at+".hint", r.Hint, HintNone, HintFatal, HintNonFatal)
		v.codes(at+".codes", r.Codes)
	case len(r.Codes) > 0 || r.Hint != "":
		v.add(at+".kind", r.Kind, "say Xid or SXid for a rule with codes or a hint")
	case r.When == "":
		v.add(at+".when", r.When, "name a condition, or a kind of event")
	default:
		if _, err := ParseExpression(r.When); err != nil {
			v.add(at+".when", r.When, err.Error())
		}
	}
}

func (v *validator) codes(field string, codes []int) {
	if len(codes) > MaxCodes {
		v.add(field, len(codes), fmt.Sprintf("keep at most %d codes in a rule", MaxCodes))
	}
	for i, code := range codes {
		if code < 1 || code > maxCode {
			v.add(fmt.Sprintf("%s[%d]", field, i), code, fmt.Sprintf("use a code of 1 to %d", maxCode))
		}
		if slices.Contains(codes[:i], code) {
			v.add(fmt.Sprintf("%s[%d]", field, i), code, "name each code once")
		}
	}
}

func (v *validator) span(at string, r *Rule) {
	v.duration(at+".for", r.For, true)
	v.duration(at+".within", r.Within, true)
	switch {
	case r.Event() && (r.For != 0 || r.Within != 0):
		v.add(at+".for", r.For, "an event has no duration; use count and window")
	case r.Within != 0 && r.For == 0:
		v.add(at+".within", r.Within, "say for how long of it the condition must hold, with for")
	case r.Within != 0 && r.For > r.Within:
		v.add(at+".for", r.For, fmt.Sprintf("it cannot hold for longer than within (%v)", r.Within))
	}
}

func (v *validator) threshold(at string, r *Rule) {
	counted := r.Count > 1 || r.Owners > 1
	if r.Count < 0 || r.Count > maxCount {
		v.add(at+".count", r.Count, fmt.Sprintf("use 0 to %d", maxCount))
	}
	if r.Owners < 0 || r.Owners > maxOccurrences {
		v.add(at+".owners", r.Owners, fmt.Sprintf("use 0 to %d", maxOccurrences))
	}
	switch {
	case r.When != "" && (r.Count != 0 || r.Owners != 0 || r.Window != 0):
		v.add(at+".count", r.Count, "a condition is not counted; use for and within")
	case counted:
		v.duration(at+".window", r.Window, false)
	case r.Window != 0:
		v.add(at+".window", r.Window, "a window needs a count or owners above 1")
	}
	if r.Below != nil && !counted {
		v.add(at+".below", r.Below.Severity, "an outcome below the threshold needs a count or owners above 1")
	}
}

func (v *validator) outcome(field string, o Outcome) {
	oneOf(v, field+".severity", o.Severity, Healthy, Degraded, Fatal)
	oneOf(v, field+".class", o.Class, classes...)
	v.action(field+".action", o.Action)
	if o.Advice == "" || len(o.Advice) > maxAdvice {
		v.add(field+".advice", o.Advice, fmt.Sprintf("say in 1 to %d bytes what it means and what to do", maxAdvice))
	}
}

func (v *validator) action(field string, action Action) { oneOf(v, field, action, actions...) }

func oneOf[T ~string](v *validator, field string, value T, allowed ...T) {
	if slices.Contains(allowed, value) {
		return
	}
	names := make([]string, 0, len(allowed))
	for _, a := range allowed {
		if a != "" {
			names = append(names, string(a))
		}
	}
	v.add(field, string(value), "use one of "+strings.Join(names, ", "))
}

func (v *validator) duration(field string, d time.Duration, zero bool) {
	switch {
	case d < 0 || d == 0 && !zero:
		v.add(field, d, "use a span above 0")
	case d > maxWindow:
		v.add(field, d, fmt.Sprintf("use at most %v", maxWindow))
	}
}

func (v *validator) escalation(at string, e Escalation) {
	v.name(at+".name", e.Name)
	v.action(at+".action", e.Action)
	v.duration(at+".window", e.Window, false)
	if e.Count < 2 && e.Boots < 2 {
		v.add(at+".count", e.Count, "ask for at least 2 findings or 2 boots")
	}
	if e.Count > maxHistory || e.Boots > maxHistory {
		v.add(at+".count", max(e.Count, e.Boots), fmt.Sprintf("at most %d past findings are remembered", maxHistory))
	}
	if e.Advice == "" || len(e.Advice) > maxAdvice {
		v.add(at+".advice", e.Advice, fmt.Sprintf("say in 1 to %d bytes what to do", maxAdvice))
	}
}

func (v *validator) recoveryActions(list []RecoveryAction) {
	for i, a := range list {
		at := fmt.Sprintf("recoveryActions[%d]", i)
		if a.Value < 1 || a.Value > 255 {
			v.add(at+".value", a.Value, "use the driver's number, 1 to 255; 0 means nothing is asked")
		}
		if slices.ContainsFunc(list[:i], func(b RecoveryAction) bool { return b.Value == a.Value }) {
			v.add(at+".value", a.Value, "name each value once")
		}
		v.outcome(at+".outcome", a.Outcome)
	}
}

// overlaps finds two rules that would both claim an event, or share a name.
func (v *validator) overlaps(rules []Rule) {
	type claim struct {
		kind EventKind
		code int
		hint Hint
	}
	byName, byClaim := map[string]int{}, map[claim]int{}
	for i, r := range rules {
		if first, taken := byName[r.Name]; taken {
			v.add(fmt.Sprintf("rules[%d].name", i), r.Name, fmt.Sprintf("rules[%d] has this name already; names are unique", first))
		}
		byName[r.Name] = i
		if !r.Event() {
			continue
		}
		codes := r.Codes
		if len(codes) == 0 {
			codes = []int{0}
		}
		for _, code := range codes {
			key := claim{r.Kind, code, r.Hint}
			if first, taken := byClaim[key]; taken && first != i {
				v.add(fmt.Sprintf("rules[%d].codes", i), code, fmt.Sprintf("rules[%d] (%s) claims it already; leave it to one of them", first, rules[first].Name))
			}
			byClaim[key] = i
		}
	}
}
