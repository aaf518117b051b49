package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// width is how many characters a line may have.
const width = 96

var colours = map[report.Verdict]string{
	report.NotDrifted: "\x1b[32m", report.Drifted: "\x1b[31m", report.Unknown: "\x1b[36m", report.BadData: "\x1b[33m",
}

// page writes lines and remembers the first error.
type page struct {
	w      io.Writer
	colour bool
	err    error
}

func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

func (p *page) paint(v report.Verdict, text string) string {
	if !p.colour {
		return text
	}
	return colours[v] + text + "\x1b[0m"
}

// wrapped writes a text in lines that fit.
func (p *page) wrapped(indent, text string) {
	line := indent
	for word := range strings.FieldsSeq(text) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width && line != indent {
			p.line("%s", line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	p.line("%s", line)
}

// writeTable writes a report for a person in a hurry: the verdict, what to do, and
// then the figures, the column that drifted most first.
func writeTable(w io.Writer, r *report.Report, colour bool) error {
	p := &page{w: w, colour: colour}
	verdict := string(r.Verdict)
	if r.Evaluation != nil {
		verdict = r.Evaluation.Verdict
	}
	p.line("%s", p.paint(r.Verdict, strings.ToUpper(spaced(verdict))))
	p.wrapped("", r.Summary)
	p.wrapped("", r.Advice)
	p.line("")
	p.inputs(r)
	p.quality(r)
	p.actions(r)
	switch {
	case r.Evaluation != nil:
		p.evaluation(r.Evaluation)
	case len(r.Windows) > 0:
		p.windows(r)
	default:
		p.columns(r)
	}
	return p.err
}

// spaced puts spaces between the words of a name: NotDrifted is Not Drifted.
func spaced(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (p *page) inputs(r *report.Report) {
	for _, side := range []struct {
		name  string
		input *report.Input
	}{{"reference", r.Inputs.Reference}, {"current", r.Inputs.Current}, {"anchor", r.Inputs.Anchor}} {
		if side.input == nil {
			continue
		}
		text := fmt.Sprintf("%s, %s rows", side.input.Name, thousands(side.input.Rows))
		if side.input.From != nil {
			text += ", " + side.input.From.Format("2006-01-02 15:04") + " to " + side.input.To.Format("2006-01-02 15:04")
		}
		if side.input.Exactness != "" {
			text += ", saved (" + strings.ToLower(side.input.Exactness) + ")"
		}
		p.line("%-10s %s", side.name, text)
	}
	if r.Evaluation == nil {
		p.line("%-10s %s", "rule", ruleText(r))
	}
	p.line("")
}

func ruleText(r *report.Report) string {
	s := r.Settings
	if r.Compat != report.Native {
		return string(r.Compat)
	}
	text := fmt.Sprintf("native: effects above %s count, %s false alarms a year stated", figure(s.MinEffect), figure(s.FalseAlarmsPerYear))
	if s.Blocks > 0 {
		text += fmt.Sprintf(", reference blocks of %s: %d", s.Window, s.Blocks)
	}
	return text
}

func (p *page) quality(r *report.Report) {
	if len(r.Quality) == 0 {
		return
	}
	p.line("Quality")
	for _, f := range r.Quality {
		p.wrapped("  ", f.Message)
	}
	p.line("")
}

// actions are what rules did, and what is left for a training.
func (p *page) actions(r *report.Report) {
	for _, a := range r.Actions {
		p.line("%-10s %s of %s: %s rows", "rule", a.Do, a.Column+", "+a.Rule, thousands(a.Rows))
	}
	if s := r.Snapshot; s != nil {
		p.line("%-10s %s, %s rows, %s left out", "snapshot", s.Path, thousands(s.Rows), thousands(s.Quarantined))
	}
	if len(r.Actions) > 0 || r.Snapshot != nil {
		p.line("")
	}
}

// columns lists the comparison, strongest drift first.
func (p *page) columns(r *report.Report) {
	name, method := 12, 6
	for _, c := range r.Columns {
		name = max(name, min(24, utf8.RuneCountInString(c.Name)))
		method = max(method, min(22, utf8.RuneCountInString(c.Method)))
	}
	heads := [3]string{"SCORE", "THRESHOLD", "EFFECT"}
	if r.Compat == report.Native {
		heads = [3]string{"EFFECT", "AT LEAST", "THRESHOLD"}
	}
	p.line("%-8s %-*s %-*s %9s %9s %9s  %s", "", name, "COLUMN", method, "METHOD", heads[0], heads[1], heads[2], "UNIT")
	for _, c := range r.Ranked() {
		cells := [3]report.Number{c.Score, c.Threshold, c.Effect}
		if r.Compat == report.Native {
			cells = [3]report.Number{c.Effect, c.Lower, c.Threshold}
		}
		p.line("%s %-*s %-*s %9s %9s %9s  %s", p.paint(painted(c), fmt.Sprintf("%-8s", mark(c))), name, clip(c.Name, name), method, clip(c.Method, method),
			figure(cells[0]), figure(cells[1]), figure(cells[2]), effectUnit(c))
	}
	p.line("")
	p.reasons(r)
	if m := r.Multivariate; m != nil {
		p.wrapped("", fmt.Sprintf("All %d columns together: %s", len(m.Columns), m.Message))
		p.line("")
	}
	p.wrapped("", legend(r))
}

// reasons are those of columns that need more than a figure.
func (p *page) reasons(r *report.Report) {
	names := map[string][]string{}
	var order []string
	for _, c := range r.Ranked() {
		if c.State == report.ColumnStable || c.Reason == "ScoreBeyondThreshold" || c.Reason == "EffectExceeded" {
			continue
		}
		if names[c.Message] == nil {
			order = append(order, c.Message)
		}
		names[c.Message] = append(names[c.Message], c.Name)
	}
	if len(order) == 0 {
		return
	}
	p.line("Why")
	for _, message := range order {
		p.wrapped("  ", strings.Join(names[message], ", ")+": "+message)
	}
	p.line("")
}

func legend(r *report.Report) string {
	const units = "sd = standard deviations of the reference, rows = share of rows that moved."
	switch r.Compat {
	case report.Native:
		return "EFFECT is the measured change, and AT LEAST what is left of it after what windows of the reference do by chance: " +
			"a column has drifted if that is above THRESHOLD. " + units
	case report.Evidently:
		return "SCORE is held against THRESHOLD: a test's p-value drifts below it, a distance above it. " +
			"EFFECT is the size of the change in one unit for all methods: " + units
	}
	return "SCORE is a distance, which drifts above THRESHOLD. EFFECT is the size of the change in one unit for all methods: " + units
}

func mark(c report.Column) string { return strings.ToLower(string(c.State)) }

func painted(c report.Column) report.Verdict {
	switch c.State {
	case report.ColumnDrifted:
		return report.Drifted
	case report.ColumnStable:
		return report.NotDrifted
	}
	return report.Unknown
}

func effectUnit(c report.Column) string {
	if !c.Effect.Exists() {
		return ""
	}
	return map[string]string{
		report.StandardDeviations: "sd", report.ShareOfRows: "rows", report.ShareOfRange: "ks", report.AreaAboveHalf: "auc-½",
	}[c.EffectUnit]
}

// figure is a number in at most nine characters.
func figure(n report.Number) string {
	if !n.Exists() {
		return "-"
	}
	v := float64(n)
	if v != 0 && (v < 1e-3 && v > -1e-3 || v >= 1e6 || v <= -1e6) {
		return strconv.FormatFloat(v, 'e', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

func clip(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}
