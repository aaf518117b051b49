package reportpage

import (
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// rankedColumns is how many columns the first picture shows, and offTheChart the
// effect beyond which its axis does not go.
const (
	rankedColumns = 30
	offTheChart   = 2.0
)

// ranking is the picture of all columns: effect and interval, the strongest
// first.
type ranking struct {
	Label string
	Lanes []lane
	X     []tick
	// Limit is where the smallest effect that counts lies; empty where there is
	// none in the unit of effects.
	Limit     string
	LimitText string
	// Hidden says how many columns are only in the table.
	Hidden string
	Table  table
}

// lane is one row of a picture of intervals: a name, a mark, a line from From to
// To, a notch at At, and the figure in words.
type lane struct {
	Name, Link   string
	Mark         mark
	Drawn        bool
	From, Width  int
	At           int
	Beyond       bool
	Value, Extra string
}

// newRanking ranks the columns that were compared; nil where none was.
func newRanking(r report.Report, w *words) *ranking {
	columns := r.Ranked()
	if len(columns) == 0 {
		return nil
	}
	out := &ranking{Label: w.say("ranking.label"), Table: columnTable(columns, w)}
	least := float64(r.Settings.MinEffect)
	across := effectScale(columns, r.Settings.MinEffect)
	weighted := differ(columns)
	for i, c := range columns {
		if i == rankedColumns {
			hidden := len(columns) - rankedColumns
			out.Hidden = w.count("ranking.hidden", hidden, w.whole(hidden))
			break
		}
		l := effectLane(c, across, w)
		if weighted {
			l.Extra = w.say("importance.short", w.number(c.Importance))
		}
		out.Lanes = append(out.Lanes, l)
	}
	out.X = w.axis(across, 4, w.plain)
	if r.Compat == report.Native && r.Settings.MinEffect.Exists() {
		out.Limit = percent(across.at(least))
		out.LimitText = w.say("ranking.limit", w.number(r.Settings.MinEffect))
	}
	return out
}

func effectLane(c report.Column, across scale, w *words) lane {
	l := lane{Name: c.Name, Link: anchor(c.Name), Mark: stateMark(c.State, w), Value: effectShort(c, w)}
	if !c.Effect.Exists() {
		return l
	}
	low, high := report.Number(0), c.Effect
	if c.Lower.Exists() && c.Upper.Exists() {
		low, high = c.Lower, c.Upper
	}
	l.Drawn, l.Beyond = true, float64(c.Effect) > across.high
	l.From = across.x(float64(low))
	l.Width = max(2, across.x(float64(high))-l.From)
	l.At = across.x(float64(c.Effect))
	return l
}

// effectScale begins at zero, shows twice the limit, and ends at offTheChart.
func effectScale(columns []report.Column, least report.Number) scale {
	high := 0.2
	if least.Exists() {
		high = 2 * float64(least)
	}
	for _, c := range columns {
		for _, v := range []report.Number{c.Effect, c.Upper} {
			if v.Exists() {
				high = max(high, float64(v))
			}
		}
	}
	return scale{0, max(min(high, offTheChart), 1e-6)}
}

// differ says that not all columns are equally important.
func differ(columns []report.Column) bool {
	for _, c := range columns {
		if c.Importance.Exists() && columns[0].Importance.Exists() && c.Importance != columns[0].Importance {
			return true
		}
	}
	return false
}

func columnTable(columns []report.Column, w *words) table {
	t := table{Caption: w.say("columns.caption"), Class: "ranked", Head: []string{w.say("column"), w.say("verdict"),
		w.say("type"), w.say("method"), w.say("effect"), w.say("interval"), w.say("score"), w.say("limit"), w.say("importance"), w.say("missing")}}
	for _, c := range columns {
		state := stateMark(c.State, w)
		interval := absent
		if c.Lower.Exists() && c.Upper.Exists() {
			interval = w.number(c.Lower) + w.say("to") + w.number(c.Upper)
		}
		t.Rows = append(t.Rows, []cell{
			{Text: c.Name, Link: anchor(c.Name)}, {Text: state.Text, Mark: &state},
			textCell(w.say("type." + string(c.Type))), textCell(methodName(c.Method, w)), textCell(effectShort(c, w)), textCell(interval),
			textCell(w.number(c.Score)), textCell(w.number(c.Threshold)), textCell(w.number(c.Importance)), textCell(missingShare(c.Current, w)),
		})
	}
	return t
}

func missingShare(s report.Side, w *words) string {
	if s.Rows == 0 {
		return absent
	}
	return w.share(float64(s.Missing) / float64(s.Rows))
}
