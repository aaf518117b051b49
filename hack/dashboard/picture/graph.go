package main

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/trainyard/trainyard/test/fleet"
)

// legendLines is how many lines a legend names.
const legendLines = 7

// graph draws lines over time, stacked if the panel says so, and their legend.
func (c *canvas) graph(f *filled, at box) {
	lines := f.lines()
	if len(lines) == 0 {
		c.text(at.x, at.y+lineHeight, textSize, c.faint, "start", "no data")
		return
	}
	_, stack := f.FieldConfig.Defaults.Custom["stacking"]
	tops := lines
	if stack {
		tops = piled(lines)
	}
	plot := box{at.x + 52, at.y + 4, at.w*0.64 - 52, at.h - 22}
	s := newScale(f, tops, plot)
	c.axes(s, f.FieldConfig.Defaults.Unit)
	if t := f.FieldConfig.Defaults.Thresholds; t != nil {
		for _, step := range t.Steps[1:] {
			if y := s.y(*step.Value); y >= plot.y && y <= plot.y+plot.h {
				c.add(`<path d="M%s %sh%s" stroke="%s" stroke-dasharray="4 3"/>`, short(plot.x), short(y), short(plot.w), c.named[step.Color])
			}
		}
	}
	for i := len(tops) - 1; i >= 0; i-- { // the highest of a stack first
		c.curve(s, tops[i].points, c.colour(f, lines[i].name, i), stack)
	}
	c.legend(f, lines, box{at.x + at.w*0.66, at.y + 4, at.w * 0.34, at.h})
}

// colour is the one that the panel gives a line, else the next.
func (c *canvas) colour(f *filled, name string, i int) string {
	if fixed, ok := override(&f.Panel, name, "color").(map[string]any); ok {
		colour, _ := fixed["fixedColor"].(string)
		return c.named[colour]
	}
	return c.lines[i%len(c.lines)]
}

// piled adds each line to those below it.
func piled(lines []line) []line {
	sums := map[time.Time]float64{}
	out := make([]line, len(lines))
	for i, l := range lines {
		out[i].name = l.name
		for _, p := range l.points {
			sums[p.Time] += p.Value
			out[i].points = append(out[i].points, fleet.Point{Time: p.Time, Value: sums[p.Time]})
		}
	}
	return out
}

// scale maps times and values to a plot.
type scale struct {
	box
	from, to    time.Time
	least, most float64
	step        float64
}

func newScale(f *filled, lines []line, plot box) *scale {
	s := &scale{box: plot, from: f.from, to: f.to, least: 0, most: math.Inf(-1)}
	for _, l := range lines {
		for _, p := range l.points {
			s.least, s.most = min(s.least, p.Value), max(s.most, p.Value)
		}
	}
	if most := f.FieldConfig.Defaults.Max; most != nil {
		s.most = *most
	}
	if s.most <= s.least {
		s.most = s.least + 1
	}
	s.step = nice((s.most - s.least) / 4)
	s.most = math.Ceil(s.most/s.step-1e-9) * s.step
	s.least = math.Floor(s.least/s.step+1e-9) * s.step
	return s
}

// nice is the next step of 1, 2 or 5 times a power of ten.
func nice(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if m*power >= step*0.999 {
			return m * power
		}
	}
	return 10 * power
}

func (s *scale) x(t time.Time) float64 {
	return s.box.x + s.w*t.Sub(s.from).Seconds()/max(s.to.Sub(s.from).Seconds(), 1)
}

func (s *scale) y(v float64) float64 { return s.box.y + s.h*(1-(v-s.least)/(s.most-s.least)) }

func (c *canvas) axes(s *scale, unit string) {
	for v := s.least; v <= s.most+s.step/2; v += s.step {
		c.add(`<path d="M%s %sh%s" stroke="%s"/>`, short(s.box.x), short(s.y(v)), short(s.w), c.edge)
		c.text(s.box.x-6, s.y(v)+4, textSize-2, c.faint, "end", format(v, unit))
	}
	ticks := 4
	if s.w < 60*4 {
		ticks = 2
	}
	for i := range ticks {
		t := s.from.Add(s.to.Sub(s.from) * time.Duration(i) / time.Duration(ticks))
		c.text(s.x(t), s.box.y+s.h+14, textSize-2, c.faint, "start", t.UTC().Format("15:04:05"))
	}
}

func (c *canvas) curve(s *scale, points []fleet.Point, colour string, filled bool) {
	if len(points) == 0 {
		return
	}
	var path strings.Builder
	var before fleet.Point
	for i, p := range points {
		x, y := short(s.x(p.Time)), short(s.y(min(max(p.Value, s.least), s.most)))
		switch {
		case i == 0:
			path.WriteString("M" + x + " " + y)
		case i < len(points)-1 && p.Value == before.Value && points[i+1].Value == p.Value:
			continue // a straight stretch needs its ends only
		default:
			path.WriteString("L" + x + " " + y)
		}
		before = p
	}
	if filled {
		first, last, bottom := short(s.x(points[0].Time)), short(s.x(points[len(points)-1].Time)), short(s.y(max(s.least, 0)))
		c.add(`<path d="%sL%s %sL%s %sZ" fill="%s" stroke="%s"/>`, path.String(), last, bottom, first, bottom, blend(colour, c.theme.panel), colour)
		return
	}
	c.add(`<path d="%s" fill="none" stroke="%s" stroke-width="1.6"/>`, path.String(), colour)
}

// blend mixes a colour, given as #rrggbb, into the one behind it.
func blend(colour, behind string) string {
	mixed := "#"
	for i := 1; i < len(colour); i += 2 {
		front, err1 := strconv.ParseUint(colour[i:i+2], 16, 8)
		back, err2 := strconv.ParseUint(behind[i:i+2], 16, 8)
		if err1 != nil || err2 != nil {
			return colour
		}
		mixed += fmt.Sprintf("%02x", (front*2+back*3)/5)
	}
	return mixed
}

func (c *canvas) legend(f *filled, lines []line, at box) {
	for i, l := range lines {
		y := at.y + float64(i)*lineHeight
		if i == legendLines && len(lines) > legendLines+1 {
			c.text(at.x, y+11, textSize-1, c.faint, "start", "and "+trim(float64(len(lines)-i))+" more")
			return
		}
		c.add(`<rect x="%s" y="%s" width="10" height="10" rx="2" fill="%s"/>`, short(at.x), short(y+2), c.colour(f, l.name, i))
		last := format(l.points[len(l.points)-1].Value, f.FieldConfig.Defaults.Unit)
		name := cmp.Or(l.name, "all")
		c.text(at.x+16, y+11, textSize-1, c.theme.text, "start", cut(name, int(at.w/6.6)-len([]rune(last))-3))
		c.text(at.x+at.w-4, y+11, textSize-1, c.theme.text, "end", last)
	}
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most && most > 1 {
		return string(runes[:most-1]) + "…"
	}
	return text
}
