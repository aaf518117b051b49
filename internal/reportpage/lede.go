package reportpage

import (
	"slices"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// tally counts a comparison's columns by verdict.
type tally struct{ compared, drifted, unknown int }

func count(columns []report.Column) tally {
	var t tally
	for _, c := range columns {
		switch c.State {
		case report.ColumnDrifted:
			t.compared, t.drifted = t.compared+1, t.drifted+1
		case report.ColumnStable:
			t.compared++
		case report.ColumnUnknown:
			t.unknown++
		}
	}
	return t
}

// headline is the whole report in one line.
func headline(r report.Report, w *words) string {
	if r.Verdict == report.BadData {
		return w.say("headline.bad")
	}
	switch kind(r) {
	case "evaluate":
		return w.say("headline.gate." + gateKey(r.Evaluation.Verdict))
	case "watch":
		return watchHeadline(r, w)
	}
	t := count(r.Columns)
	switch {
	case r.Verdict == report.Unknown && t.drifted == 0:
		return w.say("headline.unknown")
	case t.drifted == 0 && r.Drifted:
		return w.say("headline.together")
	case t.drifted == 0:
		return w.count("headline.none", t.compared, w.whole(t.compared))
	case !r.Drifted:
		return w.count("headline.some", t.drifted, w.whole(t.drifted), w.whole(t.compared))
	}
	return w.count("headline.drifted", t.drifted, w.whole(t.drifted), w.whole(t.compared))
}

func gateKey(verdict string) string {
	if slices.Contains([]string{"Better", "NotWorse", "Worse"}, verdict) {
		return verdict
	}
	return "Inconclusive"
}

func watchHeadline(r report.Report, w *words) string {
	drifted := driftedWindows(r)
	switch {
	case drifted == 0 && r.Verdict == report.Unknown:
		return w.say("headline.unknown")
	case drifted == 0:
		return w.count("headline.watch.none", len(r.Windows), w.whole(len(r.Windows)))
	}
	return w.count("headline.watch", drifted, w.whole(drifted), w.whole(len(r.Windows)))
}

func driftedWindows(r report.Report) int {
	n := 0
	for _, window := range r.Windows {
		if window.Verdict == report.Drifted {
			n++
		}
	}
	return n
}

// lede is the paragraphs for readers who know no statistics: what was done, what
// came out, and what it means.
func lede(r report.Report, w *words) []string {
	if r.Verdict == report.BadData {
		return []string{w.count("lede.bad", len(r.Quality), w.whole(len(r.Quality))), w.say("lede.bad.meaning")}
	}
	switch kind(r) {
	case "evaluate":
		return evaluationLede(r.Evaluation, w)
	case "watch":
		return watchLede(r, w)
	}
	return compareLede(r, w)
}

func compareLede(r report.Report, w *words) []string {
	t := count(r.Columns)
	done := w.say("lede.compared.bare")
	if in := r.Inputs; in.Reference != nil && in.Current != nil {
		key := "lede.compared"
		if in.Current.Name == in.Reference.Name {
			key = "lede.compared.same"
		}
		done = w.say(key, w.whole(in.Current.Rows), short(in.Current.Name), w.whole(in.Reference.Rows), short(in.Reference.Name))
	}
	unknown := ""
	if t.unknown > 0 {
		unknown = w.count("lede.unknown.columns", t.unknown, w.whole(t.unknown))
	}
	if t.drifted == 0 {
		meaning := "lede.none.meaning"
		switch {
		case r.Drifted:
			meaning = "lede.together.meaning"
		case r.Verdict == report.Unknown:
			meaning = "lede.unknown.meaning"
		}
		none := ""
		if t.compared > 0 {
			none = w.count("lede.none", t.compared, w.whole(t.compared))
		}
		return []string{join(done, none, unknown), w.say(meaning)}
	}
	strongest := r.Ranked()[0]
	first := join(done, w.count("lede.drifted", t.drifted, w.whole(t.drifted), w.whole(t.compared)), unknown,
		w.say("lede.strongest", strongest.Name), sentence(strongest, w))
	meaning := "lede.meaning"
	if !r.Drifted {
		meaning = "lede.some.meaning"
	}
	return []string{first, join(w.say(meaning), w.say("lede.first", w.list(topNames(r))))}
}

// topNames are the columns to look at first.
func topNames(r report.Report) []string {
	var names []string
	for _, c := range r.Ranked() {
		if c.State == report.ColumnDrifted && len(names) < 3 {
			names = append(names, c.Name)
		}
	}
	return names
}

func watchLede(r report.Report, w *words) []string {
	drifted, total := driftedWindows(r), len(r.Windows)
	a := newTimeline(r.Windows)
	done := w.say("lede.watched", w.whole(total), length(r.Settings.Window, w))
	if r.Settings.Window == "" {
		done = w.say("lede.watched.bare", w.whole(total))
	}
	if drifted == 0 {
		return []string{join(done, w.say("lede.watch.none")), w.say("lede.none.meaning")}
	}
	first := slices.IndexFunc(r.Windows, func(window report.Window) bool { return window.Verdict == report.Drifted })
	said := join(done, w.count("lede.watch", drifted, w.whole(drifted), a.place(r.Windows[first], w)))
	if ts := tracks(r); len(ts) > 0 && ts[0].alarms > 0 {
		said = join(said, w.count("lede.watch.column", ts[0].alarms, ts[0].name, w.whole(ts[0].alarms)))
	}
	return []string{said, w.say("lede.watch.meaning")}
}

// length is a window's length: a duration as it was written, or a number of rows.
func length(text string, w *words) string {
	if rows, found := strings.CutSuffix(text, "rows"); found {
		return w.say("length.rows", w.localise(strings.TrimSpace(rows)))
	}
	return text
}

func evaluationLede(e *report.Evaluation, w *words) []string {
	said := w.say("lede.evaluated", w.whole(e.Labelled), w.whole(e.Blocks), e.BlockBy)
	for _, m := range e.Metrics {
		if m.Metric != e.Decisive {
			continue
		}
		said = join(said, w.say("lede.decisive", metricName(m.Metric, w), w.number(m.Champion), w.number(m.Candidate)))
		if m.Lower.Exists() && m.Upper.Exists() {
			said = join(said, w.say("lede.interval", w.signed(m.Lower), w.signed(m.Upper)))
		}
	}
	return []string{said, w.say("lede.gate." + gateKey(e.Verdict))}
}

func facts(r report.Report, w *words) []fact {
	if r.Evaluation != nil {
		return newEvaluation(r, w).Facts
	}
	var out []fact
	if kind(r) == "watch" {
		out = append(out, fact{w.say("fact.windows"), w.whole(len(r.Windows))}, fact{w.say("fact.windows.drifted"), w.whole(driftedWindows(r))})
	} else {
		t := count(r.Columns)
		out = append(out, fact{w.say("fact.columns"), w.whole(t.compared)}, fact{w.say("fact.drifted"), w.whole(t.drifted)})
	}
	if in := r.Inputs.Reference; in != nil {
		out = append(out, fact{w.say("fact.reference"), w.whole(in.Rows)})
	}
	if in := r.Inputs.Current; in != nil {
		out = append(out, fact{w.say("fact.current"), w.whole(in.Rows)})
	}
	return append(out, fact{w.say("fact.rule"), w.say("compat." + string(r.Compat))}, fact{w.say("fact.quality"), w.whole(len(r.Quality))})
}

// ruleTexts say whose rule decided and with which settings.
func ruleTexts(r report.Report, w *words) []string {
	if r.Evaluation != nil {
		return []string{w.say("rule.evaluate", w.share(r.Evaluation.Confidence), r.Evaluation.BlockBy)}
	}
	out := []string{w.say("rule." + string(r.Compat))}
	s := r.Settings
	if r.Compat == report.Native && s.FalseAlarmsPerYear.Exists() && s.WindowsPerYear.Exists() && s.MinEffect.Exists() {
		out = append(out, w.say("rule.native.rate", w.number(s.FalseAlarmsPerYear), w.number(s.WindowsPerYear), w.number(s.MinEffect)))
	}
	if s.Blocks > 0 {
		out = append(out, w.say("rule.blocks", w.whole(s.Blocks), w.whole(s.BlockRows)))
	}
	return append(out, w.say("rule.effect"))
}
