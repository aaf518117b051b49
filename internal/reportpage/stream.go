package reportpage

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// streamCharts is how many columns get a chart of their own, streamPoints how
// many points a line has at most; more windows share a point.
const (
	streamCharts = 24
	streamPoints = 240
)

// stream is the picture of a whole stream: when which column alarmed, and the
// effect of each over time.
type stream struct {
	Label  string
	X      []tick
	XTitle string
	Lanes  []streamLane
	Charts []line
	Model  []line
	// Hidden and Grouped say what was left out or joined.
	Hidden, Grouped string
	Windows, Values table
}

// streamLane shows the windows in which one column alarmed.
type streamLane struct {
	Name            string
	Alarms, Unknown string
	Count           string
}

// line is a figure over time with its interval, its limit and its alarms.
type line struct {
	ID, Name, Label, Summary string
	Band, Line, Second       string
	Limit                    string
	LimitAt, LimitText       string
	Alarms, Unknown          string
	Y                        []tick
	Mark                     mark
}

// newStream draws the windows; nil where there are none.
func newStream(r report.Report, w *words) *stream {
	if len(r.Windows) == 0 {
		return nil
	}
	a := newTimeline(r.Windows)
	out := &stream{Label: w.say("stream.label"), X: a.axis(w), XTitle: w.say(a.title())}
	groups := group(r.Windows)
	if size := groups[0].size(); size > 1 {
		out.Grouped = w.say("stream.grouped", w.whole(size))
	}
	tracks := tracks(r)
	for i, t := range tracks {
		out.Lanes = append(out.Lanes, t.lane(a, w))
		if i < streamCharts {
			out.Charts = append(out.Charts, t.line(r, groups, a, w))
		}
	}
	if hidden := len(tracks) - streamCharts; hidden > 0 {
		out.Hidden = w.count("stream.hidden", hidden, w.whole(hidden))
	}
	out.Model = modelLines(r, a, w)
	out.Windows = windowTable(r, a, w)
	out.Values = valueTable(tracks[:min(len(tracks), streamCharts)], groups, a, w)
	return out
}

// track is one column through all windows; a window without it has no state.
type track struct {
	name    string
	windows []report.WindowColumn
	spans   []report.Window
	alarms  int
	peak    float64
}

// tracks are the columns of a stream, the ones that alarmed most often first.
func tracks(r report.Report) []track {
	index := map[string]int{}
	var out []track
	for i, window := range r.Windows {
		for _, c := range window.Columns {
			if c.State == report.ColumnSkipped {
				continue
			}
			at, known := index[c.Name]
			if !known {
				at = len(out)
				index[c.Name] = at
				out = append(out, track{name: c.Name, windows: blank(len(r.Windows)), spans: r.Windows})
			}
			out[at].windows[i] = c
			if c.Drifted {
				out[at].alarms++
			}
			if c.Effect.Exists() {
				out[at].peak = max(out[at].peak, float64(c.Effect))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b track) int {
		return cmp.Or(cmp.Compare(b.alarms, a.alarms), cmp.Compare(b.peak, a.peak), cmp.Compare(a.name, b.name))
	})
	return out
}

func blank(n int) []report.WindowColumn {
	none := report.None()
	out := make([]report.WindowColumn, n)
	for i := range out {
		out[i] = report.WindowColumn{State: report.ColumnUnknown, Score: none, Threshold: none, Effect: none, Lower: none, Upper: none}
	}
	return out
}

// lane marks the windows that alarmed and those that could not be judged.
func (t track) lane(a timeline, w *words) streamLane {
	return streamLane{
		Name:    t.name,
		Alarms:  a.marks(t.spans, func(i int) bool { return t.windows[i].Drifted }),
		Unknown: a.dashes(t.spans, func(i int) bool { return t.windows[i].State == report.ColumnUnknown }),
		Count:   w.count("alarms", t.alarms, w.whole(t.alarms)),
	}
}

// line draws the effect with its interval, or, where the rule has none, the
// score that it decides by.
func (t track) line(r report.Report, groups []span, a timeline, w *words) line {
	values, lower, upper, limit := t.curves(r, groups)
	up := newScale(slices.Concat([]float64{0}, values, lower, upper, limit)...)
	p := a.points(t.spans, groups)
	up.high += (up.high - up.low) * 0.06
	out := line{
		ID: "over-time-" + anchor(t.name), Name: t.name, Y: w.axis(up, 3, w.plain), Mark: stateMark(report.ColumnStable, w),
		Line:    p.curve(values, up),
		Band:    p.band(lower, upper, up),
		Limit:   p.curve(limit, up),
		Alarms:  a.marks(t.spans, func(i int) bool { return t.windows[i].Drifted }),
		Unknown: a.dashes(t.spans, func(i int) bool { return t.windows[i].State == report.ColumnUnknown }),
		Summary: t.summary(a, w),
	}
	out.Label = w.say("line.label", t.name) + " " + out.Summary
	if t.alarms > 0 {
		out.Mark = stateMark(report.ColumnDrifted, w)
	}
	if last := limit[len(limit)-1]; !math.IsNaN(last) {
		out.LimitAt, out.LimitText = percent(1-up.at(last)), w.say("limit.at", w.plain(last))
	}
	return out
}

// curves are a point a group: the effect with its bounds and the smallest effect
// that counts, or the score and its threshold.
func (t track) curves(r report.Report, groups []span) (values, lower, upper, limit []float64) {
	bounded := slices.ContainsFunc(t.windows, func(c report.WindowColumn) bool { return c.Lower.Exists() })
	for _, g := range groups {
		c := t.strongest(g)
		if !bounded {
			values, limit = append(values, float64(c.Score)), append(limit, float64(c.Threshold))
			lower, upper = append(lower, math.NaN()), append(upper, math.NaN())
			continue
		}
		values, limit = append(values, float64(c.Effect)), append(limit, float64(r.Settings.MinEffect))
		lower, upper = append(lower, float64(c.Lower)), append(upper, float64(c.Upper))
	}
	return values, lower, upper, limit
}

// strongest is the window of a group with the largest effect, one that alarmed
// before any other.
func (t track) strongest(g span) report.WindowColumn {
	best := t.windows[g.from]
	for _, c := range t.windows[g.from+1 : g.to] {
		if c.Drifted != best.Drifted {
			if c.Drifted {
				best = c
			}
			continue
		}
		if c.Effect > best.Effect || !best.Effect.Exists() {
			best = c
		}
	}
	return best
}

// summary says how often and when first a column alarmed.
func (t track) summary(a timeline, w *words) string {
	if t.alarms == 0 {
		return w.say("stream.quiet")
	}
	first := slices.IndexFunc(t.windows, func(c report.WindowColumn) bool { return c.Drifted })
	return w.count("stream.alarmed", t.alarms, w.whole(t.alarms), w.whole(len(t.windows)), a.place(t.spans[first], w))
}

// span is a run of windows that share a point.
type span struct{ from, to int }

func (s span) size() int { return s.to - s.from }

// group joins neighbouring windows until there are few enough points.
func group(windows []report.Window) []span {
	size := (len(windows) + streamPoints - 1) / streamPoints
	var out []span
	for from := 0; from < len(windows); from += size {
		out = append(out, span{from, min(len(windows), from+size)})
	}
	return out
}

func windowTable(r report.Report, a timeline, w *words) table {
	t := table{Caption: w.say("windows.caption"), Head: []string{w.say("window"), w.say("when"), w.say("rows"), w.say("verdict"), w.say("drifted.columns")}}
	for _, window := range r.Windows {
		m := verdictMark(window.Verdict, w)
		t.Rows = append(t.Rows, []cell{numberCell(w.whole(window.Index + 1)), textCell(a.place(window, w)), numberCell(w.whole(window.Rows)),
			{Text: m.Text, Mark: &m}, textCell(driftedNames(window))})
	}
	return t
}

func driftedNames(window report.Window) string {
	var names []string
	for _, c := range window.Columns {
		if c.Drifted {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return absent
	}
	return strings.Join(names, ", ")
}

func valueTable(tracks []track, groups []span, a timeline, w *words) table {
	t := table{Caption: w.say("values.caption"), Head: []string{w.say("when")}}
	for _, track := range tracks {
		t.Head = append(t.Head, track.name)
	}
	for _, g := range groups {
		row := []cell{}
		for _, track := range tracks {
			row = append(row, numberCell(pointFigure(track.strongest(g), w)))
		}
		if len(tracks) > 0 {
			t.Rows = append(t.Rows, append([]cell{textCell(a.place(tracks[0].spans[g.from], w))}, row...))
		}
	}
	return t
}

// pointFigure is a window's effect, or its score where there is none, and a sign
// where it alarmed.
func pointFigure(c report.WindowColumn, w *words) string {
	value := c.Effect
	if !value.Exists() {
		value = c.Score
	}
	if c.Drifted {
		return "▲ " + w.number(value)
	}
	return w.number(value)
}
