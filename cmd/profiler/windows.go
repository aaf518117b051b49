package main

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

const (
	// strip is the length of a column's line, in characters.
	strip = 56
	// listed is how many drifted windows are named one by one.
	listed = 12
	// lowest is the height that fills a line at least.
	lowest = 0.1
)

// windows draws a line a column, a character for one window or a few, and names
// the first windows that drifted.
func (p *page) windows(r *report.Report) {
	name := 10
	for _, c := range r.Columns {
		name = max(name, min(22, utf8.RuneCountInString(c.Name)))
	}
	p.line("%d windows of %s; a line's height is the effect, up to the number beside it", len(r.Windows), r.Settings.Window)
	p.line("%-*s %-*s %9s  %s", name, "COLUMN", min(strip, len(r.Windows)), "", "LARGEST", "DRIFTED IN")
	for _, c := range r.Ranked() {
		effects, drifted := series(r, c.Name)
		if drifted == 0 && c.State == report.ColumnSkipped {
			continue
		}
		line, largest := bars(effects)
		p.line("%-*s %s %9s  %s", name, clip(c.Name, name), line, figure(report.Number(largest)), p.paintIf(drifted > 0, fmt.Sprintf("%d", drifted)))
	}
	p.performance(r, name)
	p.line("%-*s %s", name, "verdict", marks(r))
	p.line("%-*s ! drift, ? unknown or unfit data, · nothing", name, "")
	p.line("")
	p.list(r)
}

func (p *page) paintIf(drifted bool, text string) string {
	if !drifted {
		return text
	}
	return p.paint(report.Drifted, text)
}

// series is a column's effects over the windows, and in how many it drifted.
func series(r *report.Report, name string) (effects []float64, drifted int) {
	for _, w := range r.Windows {
		for _, c := range w.Columns {
			if c.Name == name {
				effects = append(effects, float64(c.Effect))
				if c.Drifted {
					drifted++
				}
			}
		}
	}
	return effects, drifted
}

// bars draws values as eighths of a character, several windows as their largest.
func bars(values []float64) (line string, largest float64) {
	largest = math.NaN()
	for _, v := range values {
		if v == v && !(v <= largest) {
			largest = v
		}
	}
	// A line of effects that do not matter stays low.
	scale := math.Max(largest, lowest)
	const eighths = "▁▂▃▄▅▆▇█"
	var b strings.Builder
	for _, cell := range cells(len(values)) {
		top := math.NaN()
		for _, v := range values[cell[0]:cell[1]] {
			if v == v && !(v <= top) {
				top = v
			}
		}
		switch {
		case top != top:
			b.WriteRune(' ')
		default:
			b.WriteRune([]rune(eighths)[min(7, int(8*top/scale))])
		}
	}
	return b.String(), largest
}

// cells cuts n windows into at most strip groups.
func cells(n int) [][2]int {
	k := min(n, strip)
	out := make([][2]int, k)
	for i := range out {
		out[i] = [2]int{i * n / k, (i + 1) * n / k}
	}
	return out
}

func marks(r *report.Report) string {
	var b strings.Builder
	for _, cell := range cells(len(r.Windows)) {
		mark := '·'
		for _, w := range r.Windows[cell[0]:cell[1]] {
			switch {
			case w.Verdict == report.Drifted:
				mark = '!'
			case w.Verdict != report.NotDrifted && mark != '!':
				mark = '?'
			}
		}
		b.WriteRune(mark)
	}
	return b.String()
}

// performance draws the model's first figure.
func (p *page) performance(r *report.Report, name int) {
	if len(r.Windows[0].Performance) == 0 {
		return
	}
	var values []float64
	for _, w := range r.Windows {
		values = append(values, float64(w.Performance[0].Value))
	}
	line, largest := bars(values)
	p.line("%-*s %s %9s  %s", name, r.Windows[0].Performance[0].Metric, line, figure(report.Number(largest)), alarmText(r))
}

func alarmText(r *report.Report) string {
	if len(r.Alarms) == 0 {
		return "no alarm"
	}
	return fmt.Sprintf("%d alarms, first at row %d", len(r.Alarms), r.Alarms[0].Row)
}

// list names the windows that drifted first.
func (p *page) list(r *report.Report) {
	named := 0
	for _, w := range r.Windows {
		if w.Verdict != report.Drifted && w.Verdict != report.BadData {
			continue
		}
		if named++; named > listed {
			p.line("  … more with -o json")
			break
		}
		p.wrapped("  ", fmt.Sprintf("%s: %s", windowTitle(w), windowNews(w)))
	}
	if named > 0 {
		p.line("")
	}
}

func windowTitle(w report.Window) string {
	if w.From != nil {
		return fmt.Sprintf("window %d, from %s", w.Index+1, w.From.Format("2006-01-02 15:04"))
	}
	return fmt.Sprintf("window %d, from row %d", w.Index+1, w.FirstRow)
}

func windowNews(w report.Window) string {
	if w.Verdict == report.BadData {
		return w.Quality[0].Message
	}
	var names []string
	for _, c := range w.Columns {
		if c.Drifted {
			names = append(names, fmt.Sprintf("%s (%s)", c.Name, figure(c.Effect)))
		}
	}
	return "drift in " + strings.Join(names, ", ")
}
