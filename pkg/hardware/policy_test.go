package hardware

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDefaultsAreValid(t *testing.T) {
	if err := Validate(Defaults()); err != nil {
		t.Errorf("Validate(Defaults()): %v", err)
	}
}

func TestValidate(t *testing.T) {
	good := func() Rule {
		return Rule{Name: "rule", Kind: Xid, Codes: []int{200}, ClearOn: ClearQuiet, Outcome: Outcome{Fatal, ClassHardware, ActionResetDevice, "advice"}}
	}
	cond := func(when string) Rule {
		r := good()
		r.Kind, r.Codes, r.When = "", nil, when
		return r
	}
	edit := func(r Rule, f func(*Rule)) Rule { f(&r); return r }
	tests := []struct {
		name        string
		rule        Rule
		field, cure string
	}{
		{"name", edit(good(), func(r *Rule) { r.Name = "My Rule" }), "rules[0].name", "lower-case"},
		{"unknown action", edit(good(), func(r *Rule) { r.Outcome.Action = "Explode" }), "rules[0].outcome.action", "use one of None"},
		{"unknown severity", edit(good(), func(r *Rule) { r.Outcome.Severity = "Bad" }), "rules[0].outcome.severity", "use one of Healthy, Degraded, Fatal"},
		{"unknown class", edit(good(), func(r *Rule) { r.Outcome.Class = "" }), "rules[0].outcome.class", "use one of"},
		{"no advice", edit(good(), func(r *Rule) { r.Outcome.Advice = "" }), "rules[0].outcome.advice", "what to do"},
		{"window 0", edit(good(), func(r *Rule) { r.Owners = 2 }), "rules[0].window", "above 0"},
		{"window without count", edit(good(), func(r *Rule) { r.Window = time.Hour }), "rules[0].window", "needs a count"},
		{"window too long", edit(good(), func(r *Rule) { r.Owners, r.Window = 2, 91*day }), "rules[0].window", "at most"},
		{"negative", edit(good(), func(r *Rule) { r.ClearAfter = -1 }), "rules[0].clearAfter", "above 0"},
		{"below without threshold", edit(good(), func(r *Rule) { o := r.Outcome; r.Below = &o }), "rules[0].below", "needs a count"},
		{"no signal", cond(""), "rules[0].when", "name a condition"},
		{"two signals", edit(good(), func(r *Rule) { r.When = "lost" }), "rules[0].when", "write two rules"},
		{"codes without kind", edit(good(), func(r *Rule) { r.Kind = "" }), "rules[0].kind", "say Xid or SXid"},
		{"unknown kind", edit(good(), func(r *Rule) { r.Kind = "Yid" }), "rules[0].kind", "use one of Xid, SXid"},
		{"code 0", edit(good(), func(r *Rule) { r.Codes = []int{0} }), "rules[0].codes[0]", "1 to"},
		{"code twice", edit(good(), func(r *Rule) { r.Codes = []int{5, 5} }), "rules[0].codes[1]", "once"},
		{"event with a duration", edit(good(), func(r *Rule) { r.For = time.Minute }), "rules[0].for", "count and window"},
		{"condition with a count", edit(cond("lost"), func(r *Rule) { r.Count = 2 }), "rules[0].count", "for and within"},
		{"for above within", edit(cond("lost"), func(r *Rule) { r.For, r.Within = time.Hour, time.Minute }), "rules[0].for", "within"},
		{"within alone", edit(cond("lost"), func(r *Rule) { r.Within = time.Minute }), "rules[0].within", "with for"},
		{"over-long expression", cond("lost || " + strings.Repeat("lost || ", 80) + "lost"), "rules[0].when", "split it"},
		{"broken expression", cond("lost &&"), "rules[0].when", "add a variable"},
		{"clearOn", edit(good(), func(r *Rule) { r.ClearOn = "Never" }), "rules[0].clearOn", "use one of Quiet, Reset, Reboot"},
		{"mode", edit(good(), func(r *Rule) { r.Mode = "Maybe" }), "rules[0].mode", "use one of Enforce, Observe"},
		{"next", edit(good(), func(r *Rule) { r.Next = "Pray" }), "rules[0].next", "use one of"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Validate(Policy{Rules: []Rule{tt.rule}})
			problems := Problems(err)
			if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Field == tt.field && strings.Contains(p.Cure, tt.cure) }) {
				t.Errorf("Validate = %v, want %s with a cure like %q", err, tt.field, tt.cure)
			}
			if len(problems) != 1 {
				t.Fatalf("one fault, %d problems: %v", len(problems), err)
			}
			if p := problems[0]; p.Value == nil || p.Error() != fmt.Sprintf("%s: %v: %s", tt.field, quoted(p.Value), p.Cure) {
				t.Errorf("%q does not name field, value and cure", p.Error())
			}
		})
	}
	if err := Validate(Policy{Rules: []Rule{good(), cond("lost")}}); len(Problems(err)) != 1 {
		t.Errorf("two rules of one name: %v", err)
	}
	other := good()
	other.Name = "other"
	if err := Validate(Policy{Rules: []Rule{good(), other}}); err == nil || !strings.Contains(err.Error(), "rules[1].codes: 200: rules[0] (rule) claims it already") {
		t.Errorf("overlapping rules: %v", err)
	}
	for _, e := range []Escalation{{}, {Name: "a", Count: 1, Window: day, Action: ActionContactSupport, Advice: "a"}} {
		if err := Validate(Policy{Escalations: []Escalation{e}}); err == nil {
			t.Errorf("escalation %+v was accepted", e)
		}
	}
	if err := Validate(Policy{RecoveryActions: []RecoveryAction{{Value: 0}}}); err == nil {
		t.Error("a meaning for recovery action 0 was accepted")
	}
}

func TestMerge(t *testing.T) {
	mine := Rule{Name: "mine", Kind: Xid, Codes: []int{8, 43}, ClearOn: ClearQuiet, Outcome: Outcome{Degraded, ClassHardware, ActionRunDiagnostics, "mine"}}
	replaced := Rule{Name: "gpu-lost", When: "lost", ClearOn: ClearReboot, Outcome: Outcome{Fatal, ClassHardware, ActionPowerCycle, "mine"}}
	p := Merge(Defaults(), Policy{Name: "p", Rules: []Rule{mine, replaced}, RecoveryActions: []RecoveryAction{{8, "New", mine.Outcome}}})
	if err := Validate(p); err != nil {
		t.Fatal(err)
	}
	c, err := compile(p)
	if err != nil {
		t.Fatal(err)
	}
	for code, rule := range map[int]string{8: "mine", 43: "mine", 11: "xid-application", 999: "xid-other"} {
		if got := c.ruleFor(&Event{Kind: Xid, Code: code}).Name; got != rule {
			t.Errorf("rule for Xid %d = %s, want %s", code, got, rule)
		}
	}
	if c.rule("gpu-lost").Outcome.Action != ActionPowerCycle {
		t.Error("a rule of the same name does not replace the built-in one")
	}
	if len(c.actions) != 8 || p.BurstWindow != 3*time.Minute {
		t.Errorf("recovery actions %d, burst window %v", len(c.actions), p.BurstWindow)
	}
}

// FuzzValidate: whatever Validate accepts can be used, and it never panics.
func FuzzValidate(f *testing.F) {
	f.Add("rule", "Xid", 79, "lost", int64(60), int64(0), 0, 0, int64(0), "Fatal", "ResetDevice")
	f.Add("a", "", 0, "temperature_celsius > 3", int64(6), int64(10), 2, 2, int64(99), "Degraded", "None")
	f.Fuzz(func(t *testing.T, name, kind string, code int, when string, hold, within int64, count, owners int, window int64, severity, action string) {
		r := Rule{
			Name: name, Kind: EventKind(kind), When: when, For: time.Duration(hold), Within: time.Duration(within), Count: count,
			Owners: owners, Window: time.Duration(window), ClearOn: ClearQuiet,
			Outcome: Outcome{Severity(severity), ClassHardware, Action(action), "advice"},
		}
		if code != 0 {
			r.Codes = []int{code}
		}
		p := Policy{Rules: []Rule{r}}
		if Validate(p) != nil {
			return
		}
		c, err := New(p)
		if err != nil {
			t.Fatalf("valid, and yet: %v", err)
		}
		c.Report(Event{Time: start, Kind: Xid, Code: code, Device: gpu0})
		c.Observe(&Sample{Time: start, Devices: []DeviceSample{{UUID: gpu0, Readable: true}}})
	})
}
