package reportpage

import (
	"cmp"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// problem is a finding on the data's quality and what to do about it.
type problem struct {
	Title, Where, Text, Advice string
}

// problems say every finding in the reader's language. A kind that has no text
// keeps the check's own message.
func problems(r report.Report, w *words) []problem {
	var out []problem
	for _, f := range r.Quality {
		key := "quality." + f.Kind
		p := problem{Title: f.Kind, Text: f.Message, Where: where(f, w), Advice: w.say("quality.advice")}
		if w.has(key) {
			p.Title, p.Advice = w.say(key), w.say(key+".advice")
			p.Text = findingText(f, w)
		}
		out = append(out, p)
	}
	return out
}

func where(f report.Finding, w *words) string {
	side := w.say("in." + cmp.Or(f.Side, "current"))
	if f.Column == "" {
		return side
	}
	return w.say("quality.where", f.Column, side)
}

// findingText is a finding's figures in the unit of its check. English keeps the
// check's own message, which knows more.
func findingText(f report.Finding, w *words) string {
	if w.Language == English && f.Message != "" {
		return f.Message
	}
	value, limit := w.number(f.Value), w.number(f.Limit)
	switch f.Kind {
	case "MissingValues", "TypeErrors", "OutOfRange", "UnseenCategories", "Duplicates":
		value, limit = w.share(float64(f.Value)), w.share(float64(f.Limit))
	case "Stale":
		value, limit = w.say("hours", w.number(f.Value/3600)), w.say("hours", w.number(f.Limit/3600))
	case "UnitChanged":
		return w.say("quality.factor", value)
	}
	if !f.Value.Exists() || !f.Limit.Exists() {
		return ""
	}
	return w.say("quality.figures", value, limit)
}

func actionTable(r report.Report, w *words) *table {
	if len(r.Actions) == 0 {
		return nil
	}
	t := &table{Caption: w.say("actions.caption"), Head: []string{w.say("column"), w.say("rule"), w.say("action"), w.say("rows")}}
	for _, a := range r.Actions {
		action := a.Do
		if key := "action." + a.Do; w.has(key) {
			action = w.say(key)
		}
		t.Rows = append(t.Rows, []cell{textCell(a.Column), textCell(a.Rule), textCell(action), numberCell(w.whole(a.Rows))})
	}
	return t
}

func snapshotText(r report.Report, w *words) string {
	if r.Snapshot == nil {
		return ""
	}
	return w.say("snapshot", r.Snapshot.Path, w.whole(r.Snapshot.Rows), w.whole(r.Snapshot.Quarantined), r.Snapshot.SHA256)
}
