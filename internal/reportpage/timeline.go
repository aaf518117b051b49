package reportpage

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// timeline is the axis of a stream: event time where every window has one, else
// row numbers.
type timeline struct {
	scale
	timed bool
}

func newTimeline(windows []report.Window) timeline {
	a := timeline{timed: true}
	for _, window := range windows {
		a.timed = a.timed && window.From != nil && window.To != nil
	}
	var ends []float64
	for _, window := range windows {
		from, to := a.span(window)
		ends = append(ends, from, to)
	}
	a.scale = newScale(ends...)
	return a
}

// span is where a window begins and ends on the axis.
func (a timeline) span(window report.Window) (from, to float64) {
	if a.timed {
		return float64(window.From.Unix()), float64(window.To.Unix())
	}
	return float64(window.FirstRow), float64(window.FirstRow + window.Rows)
}

func (a timeline) title() string {
	if a.timed {
		return "axis.time"
	}
	return "axis.rows"
}

// place says which stretch of the stream a window is.
func (a timeline) place(window report.Window, w *words) string {
	if a.timed {
		return w.moment(*window.From)
	}
	return w.say("row", w.whole(window.FirstRow))
}

func (a timeline) axis(w *words) []tick {
	if !a.timed {
		return w.axis(a.scale, 5, w.plain)
	}
	var out []tick
	for i, at := range calendarTicks(unix(a.low), unix(a.high)) {
		out = append(out, tick{At: percent(a.at(float64(at.Unix()))), Text: w.calendar(at, unix(a.low), unix(a.high)), Minor: i%2 == 1})
	}
	return out
}

func unix(seconds float64) time.Time { return time.Unix(int64(seconds), 0).UTC() }

// calendarStep is a step between ticks: whole months, or a duration.
type calendarStep struct {
	months int
	length time.Duration
}

const day = 24 * time.Hour

var calendarSteps = []calendarStep{
	{0, time.Minute}, {0, 5 * time.Minute}, {0, 15 * time.Minute}, {0, time.Hour}, {0, 3 * time.Hour}, {0, 6 * time.Hour},
	{0, 12 * time.Hour}, {0, day}, {0, 2 * day}, {0, 7 * day}, {0, 14 * day}, {1, 30 * day}, {2, 61 * day}, {3, 91 * day}, {6, 182 * day},
	{12, 365 * day}, {24, 730 * day}, {60, 1826 * day}, {120, 3652 * day}, {600, 18262 * day}, {1200, 36524 * day},
}

// maxTicks is how many dates fit below a chart.
const maxTicks = 6

// calendarTicks are the round dates between two times.
func calendarTicks(from, to time.Time) []time.Time {
	step := calendarSteps[len(calendarSteps)-1]
	for _, s := range calendarSteps {
		if to.Sub(from) <= maxTicks*s.length {
			step = s
			break
		}
	}
	var out []time.Time
	for at := firstTick(from, step); !at.After(to) && len(out) <= 2*maxTicks; at = nextTick(at, step) {
		if !at.Before(from) {
			out = append(out, at)
		}
	}
	return out
}

func firstTick(from time.Time, step calendarStep) time.Time {
	if step.months == 0 {
		return from.Truncate(step.length)
	}
	if step.months >= 12 {
		years := step.months / 12
		return time.Date(from.Year()/years*years, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	month := (int(from.Month())-1)/step.months*step.months + 1
	return time.Date(from.Year(), time.Month(month), 1, 0, 0, 0, 0, time.UTC)
}

func nextTick(at time.Time, step calendarStep) time.Time {
	if step.months > 0 {
		return at.AddDate(0, step.months, 0)
	}
	return at.Add(step.length)
}

// calendar writes a tick as coarsely as the axis allows.
func (w *words) calendar(at, from, to time.Time) string {
	switch length := to.Sub(from); {
	case length > 6*365*day:
		return fmt.Sprint(at.Year())
	case length > 60*day:
		return fmt.Sprintf("%s %d", w.short[at.Month()-1], at.Year())
	case length > 3*day:
		return fmt.Sprintf("%d %s", at.Day(), w.short[at.Month()-1])
	}
	return at.Format("15:04")
}

// marks are filled stretches over the windows that a condition holds for, dashes
// a line through them; neighbours are one stretch.
func (a timeline) marks(windows []report.Window, holds func(i int) bool) string {
	return a.stretches(windows, holds, func(left, right int) string {
		return fmt.Sprintf("M%d 0H%dV%dH%dZ", left, max(left+2, right), drawingHeight, left)
	})
}

func (a timeline) dashes(windows []report.Window, holds func(i int) bool) string {
	return a.stretches(windows, holds, func(left, right int) string {
		return fmt.Sprintf("M%d %dH%d", left, drawingHeight/2, right)
	})
}

func (a timeline) stretches(windows []report.Window, holds func(i int) bool, draw func(left, right int) string) string {
	var path strings.Builder
	for i := 0; i < len(windows); i++ {
		if !holds(i) {
			continue
		}
		from, to := a.span(windows[i])
		for i+1 < len(windows) && holds(i+1) {
			i++
			_, to = a.span(windows[i])
		}
		path.WriteString(draw(a.x(from), a.x(to)))
	}
	return path.String()
}

// points are the places of groups of windows on the axis.
type points []int

func (a timeline) points(windows []report.Window, groups []span) points {
	out := make(points, len(groups))
	for i, g := range groups {
		from, _ := a.span(windows[g.from])
		_, to := a.span(windows[g.to-1])
		out[i] = a.x(from/2 + to/2)
	}
	return out
}

// curve joins the values that exist; a value alone is a short dash.
func (p points) curve(values []float64, up scale) string {
	var path strings.Builder
	pen := false
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			pen = false
			continue
		}
		switch y, next := up.y(v), i+1 < len(values) && !math.IsNaN(values[i+1]); {
		case pen:
			fmt.Fprintf(&path, "L%d %d", p[i], y)
		case next:
			fmt.Fprintf(&path, "M%d %d", p[i], y)
		default:
			fmt.Fprintf(&path, "M%d %dh4", p[i]-2, y)
		}
		pen = true
	}
	return path.String()
}

// band fills what lies between two curves where both exist.
func (p points) band(lower, upper []float64, up scale) string {
	var path strings.Builder
	for i := 0; i < len(p); i++ {
		from := i
		for i < len(p) && !math.IsNaN(lower[i]) && !math.IsNaN(upper[i]) {
			i++
		}
		for j := from; j < i; j++ {
			fmt.Fprintf(&path, "%c%d %d", pen(j == from), p[j], up.y(upper[j]))
		}
		for j := i - 1; j >= from; j-- {
			fmt.Fprintf(&path, "L%d %d", p[j], up.y(lower[j]))
		}
		if i > from {
			path.WriteByte('Z')
		}
	}
	return path.String()
}

func pen(first bool) byte {
	if first {
		return 'M'
	}
	return 'L'
}
