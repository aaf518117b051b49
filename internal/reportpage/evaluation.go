package reportpage

import (
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// shownSegments is how many slices of the rows are drawn, the worst first.
const shownSegments = 20

// evaluation is the candidate beside the champion: for each metric the
// difference with its interval, zero, and how much worse is tolerated.
type evaluation struct {
	Mark     mark
	Label    string
	Facts    []fact
	Metrics  []contrast
	Segments []contrast
	Hidden   string
	Table    table
	Slices   table
	Tests    []string
}

// contrast is one difference: worse to the left of Zero, better to the right.
type contrast struct {
	lane
	Zero, Tolerance string
	Left, Right     string
}

func newEvaluation(r report.Report, w *words) *evaluation {
	e := r.Evaluation
	if e == nil {
		return nil
	}
	out := &evaluation{Mark: gateMark(e.Verdict, w), Label: w.say("evaluation.label")}
	out.Facts = []fact{
		{w.say("fact.rows"), w.whole(e.Rows)},
		{w.say("fact.labelled"), w.whole(e.Labelled)},
		{w.say("fact.blocks"), w.say("fact.blocks.by", w.whole(e.Blocks), e.BlockBy)},
		{w.say("fact.decisive"), metricName(e.Decisive, w)},
		{w.say("fact.confidence"), w.share(e.Confidence)},
	}
	out.Table = table{Caption: w.say("metrics.caption"), Head: metricHead("metric", w)}
	for _, m := range e.Metrics {
		c := newContrast(m, metricName(m.Metric, w), reach(m), w)
		if m.Metric == e.Decisive {
			c.Extra = w.say("decisive")
		}
		out.Metrics = append(out.Metrics, c)
		out.Table.Rows = append(out.Table.Rows, metricRow(m, metricName(m.Metric, w), w))
	}
	out.segments(e, w)
	for _, t := range e.Tests {
		out.Tests = append(out.Tests, w.say("test.sentence", methodName(t.Name, w), pText(t.PValue, w)))
	}
	return out
}

// segments share one scale: they are in the same metric.
func (out *evaluation) segments(e *report.Evaluation, w *words) {
	if len(e.Segments) == 0 {
		return
	}
	out.Slices = table{Caption: w.say("segments.caption", metricName(e.Decisive, w)), Head: append(metricHead("segment", w), w.say("rows"), w.say("gap"))}
	widest := 0.0
	for _, s := range e.Segments {
		widest = max(widest, reach(s.MetricOutcome))
	}
	for i, s := range e.Segments {
		name := s.Column + " = " + labelName(s.Value, w)
		if i < shownSegments {
			out.Segments = append(out.Segments, newContrast(s.MetricOutcome, name, widest, w))
		}
		out.Slices.Rows = append(out.Slices.Rows, append(metricRow(s.MetricOutcome, name, w), numberCell(w.whole(s.Rows)), numberCell(w.number(s.Gap))))
	}
	if hidden := len(e.Segments) - shownSegments; hidden > 0 {
		out.Hidden = w.count("segments.hidden", hidden, w.whole(hidden))
	}
}

// reach is how far from zero a metric's picture has to go.
func reach(m report.MetricOutcome) float64 {
	far := 0.0
	for _, n := range []report.Number{m.Difference, m.Lower, m.Upper, m.Tolerance} {
		if n.Exists() {
			far = max(far, float64(n), -float64(n))
		}
	}
	return far
}

func newContrast(m report.MetricOutcome, name string, far float64, w *words) contrast {
	far = niceStep(max(far*1.05, 1e-12))
	across := scale{-far, far}
	c := contrast{lane: lane{Name: name, Mark: gateMark(m.Verdict, w), Value: w.signed(m.Difference)}, Zero: percent(0.5),
		Left: w.plain(-far), Right: "+" + w.plain(far)}
	c.Value = w.say("champion.candidate", w.number(m.Champion), w.number(m.Candidate))
	if !m.Difference.Exists() {
		return c
	}
	low, high := m.Difference, m.Difference
	if m.Lower.Exists() && m.Upper.Exists() {
		low, high = m.Lower, m.Upper
	}
	c.Drawn, c.From, c.At = true, across.x(float64(low)), across.x(float64(m.Difference))
	c.Width = max(2, across.x(float64(high))-c.From)
	if m.Tolerance.Exists() && m.Tolerance > 0 {
		c.Tolerance = percent(across.at(-float64(m.Tolerance)))
	}
	return c
}

func metricHead(first string, w *words) []string {
	return []string{w.say(first), w.say("verdict"), w.say("champion"), w.say("candidate"), w.say("difference"),
		w.say("interval"), w.say("tolerance"), w.say("detectable")}
}

func metricRow(m report.MetricOutcome, name string, w *words) []cell {
	verdict := gateMark(m.Verdict, w)
	interval := absent
	if m.Lower.Exists() && m.Upper.Exists() {
		interval = w.signed(m.Lower) + w.say("to") + w.signed(m.Upper)
	}
	return []cell{textCell(name), {Text: verdict.Text, Mark: &verdict}, numberCell(w.number(m.Champion)), numberCell(w.number(m.Candidate)),
		numberCell(w.signed(m.Difference)), numberCell(interval), numberCell(w.number(m.Tolerance)), numberCell(w.number(m.MinDetectable))}
}

func pText(p report.Number, w *words) string {
	if p.Exists() && p < 0.0001 {
		return "p < " + w.localise("0.0001")
	}
	return "p = " + w.number(p)
}
