package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Markdown writes a policy's rules, and the variables that rules may use, as
// tables for the documentation.
func Markdown(p Policy) string {
	var b strings.Builder
	b.WriteString("## Events\n\n| codes | rule | severity | class | action | cleared by | what it means |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range p.Rules {
		if r.Event() {
			row(&b, codesOf(&r), r.Name, r.Outcome, &r)
			if r.Below != nil {
				row(&b, codesOf(&r)+", below the threshold", r.Name, *r.Below, &r)
			}
		}
	}
	b.WriteString("\n## Conditions\n\n| condition | rule | severity | class | action | cleared by | what it means |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range p.Rules {
		if !r.Event() {
			row(&b, "`"+strings.ReplaceAll(r.When, "|", "\\|")+"`"+lasting(&r), r.Name, r.Outcome, &r)
		}
	}
	b.WriteString("\n## The driver's recovery actions\n\n| value | name | severity | action | what it means |\n| --- | --- | --- | --- | --- |\n")
	for _, a := range p.RecoveryActions {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", a.Value, a.Name, a.Outcome.Severity, a.Outcome.Action, a.Outcome.Advice)
	}
	b.WriteString("\n## Escalations\n\n| rule | takes | within | action | what it means |\n| --- | --- | --- | --- | --- |\n")
	for _, e := range p.Escalations {
		fmt.Fprintf(&b, "| %s | %s | %v | %s | %s |\n", e.Name, takes(&e), e.Window, e.Action, e.Advice)
	}
	variableTable(&b)
	return b.String()
}

func row(b *strings.Builder, signal, name string, o Outcome, r *Rule) {
	if r.Mode == Observe {
		name += " (observe)"
	}
	cleared := string(r.ClearOn)
	if r.ClearAfter > 0 {
		cleared += fmt.Sprintf(" after %v", r.ClearAfter)
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", signal, name, o.Severity, o.Class, o.Action, cleared, o.Advice)
}

func codesOf(r *Rule) string {
	text := string(r.Kind) + " "
	codes := slices.Clone(r.Codes)
	slices.Sort(codes)
	for i, code := range codes {
		if i > 0 {
			text += ", "
		}
		text += itoa(code)
	}
	if len(codes) == 0 {
		text += "any other"
	}
	if r.Hint != HintNone {
		text += ", " + string(r.Hint)
	}
	if r.Owners > 1 {
		text += fmt.Sprintf(", from %d workloads within %v", r.Owners, r.Window)
	}
	if r.Count > 1 {
		text += fmt.Sprintf(", %d times within %v", r.Count, r.Window)
	}
	return text
}

func lasting(r *Rule) string {
	switch {
	case r.Within > 0:
		return fmt.Sprintf(" for %v of %v", r.For, r.Within)
	case r.For > 0:
		return fmt.Sprintf(" for %v", r.For)
	}
	return ""
}

func takes(e *Escalation) string {
	var parts []string
	if e.Count > 0 {
		parts = append(parts, fmt.Sprintf("%d fatal findings", e.Count))
	}
	if e.Boots > 0 {
		parts = append(parts, fmt.Sprintf("fatal findings in %d boots", e.Boots))
	}
	if e.SameCode {
		parts = append(parts, "of the same kind")
	}
	return strings.Join(parts, " ")
}

func variableTable(b *strings.Builder) {
	b.WriteString("\n## Variables\n\n| name | of | unit | what it is |\n| --- | --- | --- | --- |\n")
	for _, v := range Variables() {
		unit := cmp.Or(v.Unit, "-")
		if v.Flag {
			unit = "true or false"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", v.Name, v.Scope, unit, v.Help)
	}
}
