package reportpage

import (
	"math"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// modelLines draw the model's performance over the stream: what labels say as a
// line, what was estimated without them as a second, broken one.
func modelLines(r report.Report, a timeline, w *words) []line {
	var metrics []string
	for _, window := range r.Windows {
		for _, f := range window.Performance {
			if !slices.Contains(metrics, f.Metric) {
				metrics = append(metrics, f.Metric)
			}
		}
	}
	groups := group(r.Windows)
	p := a.points(r.Windows, groups)
	var out []line
	for _, metric := range metrics {
		real, estimated := performance(r.Windows, groups, metric, false), performance(r.Windows, groups, metric, true)
		up := newScale(slices.Concat(real, estimated)...)
		margin := (up.high - up.low) * 0.08
		up = scale{up.low - margin, up.high + margin}
		l := line{
			ID: "model-" + anchor(metric), Name: metricName(metric, w), Y: w.axis(up, 3, w.plain),
			Line: p.curve(real, up), Second: p.curve(estimated, up), Alarms: alarmMarks(r.Alarms, a),
			Summary: modelSummary(r, real, estimated, w),
		}
		l.Label = w.say("line.label", l.Name) + " " + l.Summary
		out = append(out, l)
	}
	return out
}

// performance is one metric in each group of windows: that of its last window.
func performance(windows []report.Window, groups []span, metric string, estimated bool) []float64 {
	out := make([]float64, len(groups))
	for i, g := range groups {
		out[i] = math.NaN()
		for _, window := range windows[g.from:g.to] {
			for _, f := range window.Performance {
				if f.Metric == metric && f.Estimated == estimated && f.Value.Exists() {
					out[i] = float64(f.Value)
				}
			}
		}
	}
	return out
}

func modelSummary(r report.Report, real, estimated []float64, w *words) string {
	var said []string
	if low, high := bounds(real); low <= high {
		said = append(said, w.say("model.range", w.number(report.Number(low)), w.number(report.Number(high))))
	}
	if low, high := bounds(estimated); low <= high {
		said = append(said, w.say("model.estimated"))
	}
	if n := len(r.Alarms); n > 0 {
		said = append(said, w.count("model.alarms", n, w.whole(n), detectors(r.Alarms, w)))
	}
	return strings.Join(said, " ")
}

func detectors(alarms []report.Alarm, w *words) string {
	var names []string
	for _, a := range alarms {
		if !slices.Contains(names, a.Detector) {
			names = append(names, a.Detector)
		}
	}
	return w.list(names)
}

// metricName is a metric's name for people; its own where it has no other.
func metricName(metric string, w *words) string {
	if key := "metric." + metric; w.has(key) {
		return w.say(key)
	}
	return metric
}

// bounds are the smallest and largest value that exist; low is above high where
// none does.
func bounds(values []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// alarmMarks are thin stretches where a detector saw a change of level.
func alarmMarks(alarms []report.Alarm, a timeline) string {
	at := make([]report.Window, 0, len(alarms))
	for _, alarm := range alarms {
		if a.timed && alarm.Time == nil {
			continue
		}
		at = append(at, report.Window{FirstRow: alarm.Row, From: alarm.Time, To: alarm.Time})
	}
	var path strings.Builder
	for i := range at {
		path.WriteString(a.marks(at[i:i+1], func(int) bool { return true }))
	}
	return path.String()
}
