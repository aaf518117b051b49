package main

import (
	"bytes"
	"fmt"
	"html"
	"strconv"

	"github.com/trainyard/trainyard/hack/dashboard/board"
)

// The page: 24 columns, as on Grafana's grid.
const (
	cellWidth, cellHeight = 50, 27
	gap                   = 4
	textSize              = 12
)

// theme is a set of colours; those of the dashboard by their names.
type theme struct {
	page, panel, edge, text, faint string
	named                          map[string]string
	lines                          []string
}

var themes = map[string]theme{
	"light": {
		page: "#f4f5f7", panel: "#ffffff", edge: "#d8dbe0", text: "#24292f", faint: "#6b7280",
		named: map[string]string{"green": "#1a7f37", "yellow": "#9a6700", "red": "#cf222e", "blue": "#0969da"},
		lines: []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#a06a00", "#6a51a3", "#666666"},
	},
	"dark": {
		page: "#111217", panel: "#181b1f", edge: "#2c3235", text: "#d8d9da", faint: "#8e8e8e",
		named: map[string]string{"green": "#56d364", "yellow": "#e3b341", "red": "#ff7b72", "blue": "#79c0ff"},
		lines: []string{"#56b4e9", "#e69f00", "#2bbf8f", "#e08cc0", "#8ab8ff", "#f0e442", "#b794f4", "#bbbbbb"},
	},
}

// canvas is an SVG under way.
type canvas struct {
	bytes.Buffer
	theme
}

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

// short writes a coordinate with one digit after the point.
func short(v float64) string { return strconv.FormatFloat(float64(int(v*10))/10, 'f', -1, 64) }

func (c *canvas) text(x, y float64, size int, colour, anchor, text string) {
	c.add(`<text x="%s" y="%s" font-size="%d" fill="%s" text-anchor="%s">%s</text>`, short(x), short(y), size, colour, anchor, html.EscapeString(text))
}

// box is a place on the page.
type box struct{ x, y, w, h float64 }

// draw draws the panels of a dashboard.
func draw(panels []filled, t theme) []byte {
	last := panels[len(panels)-1].GridPos
	width, height := 24*cellWidth, (last.Y+last.H)*cellHeight
	c := &canvas{theme: t}
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="Inter,Helvetica,Arial,sans-serif">`, width, height, width, height)
	c.add(`<title>The dashboard GPU fleet, drawn from its own queries</title>`)
	c.add(`<rect width="100%%" height="100%%" fill="%s"/>`, t.page)
	for i := range panels {
		c.panel(&panels[i])
	}
	c.add(`</svg>`)
	return c.Bytes()
}

func (c *canvas) panel(f *filled) {
	g := f.GridPos
	at := box{float64(g.X*cellWidth + gap), float64(g.Y*cellHeight + gap), float64(g.W*cellWidth - 2*gap), float64(g.H*cellHeight - 2*gap)}
	if f.Type == "row" {
		c.text(at.x+4, at.y+15, 15, c.theme.text, "start", f.Title)
		return
	}
	c.add(`<rect x="%s" y="%s" width="%s" height="%s" rx="3" fill="%s" stroke="%s"/>`, short(at.x), short(at.y), short(at.w), short(at.h), c.theme.panel, c.edge)
	c.text(at.x+10, at.y+18, 13, c.theme.text, "start", f.Title)
	inside := box{at.x + 10, at.y + 28, at.w - 20, at.h - 36}
	switch f.Type {
	case "stat":
		c.stat(f, inside)
	case "table":
		c.table(f, inside)
	default:
		c.graph(f, inside)
	}
}

// stat writes one number, or its word.
func (c *canvas) stat(f *filled, at box) {
	text, colour := f.FieldConfig.Defaults.NoValue, c.faint
	if series := f.answers[0]; len(series) > 0 {
		value := series[0].Points[0].Value
		text, colour = format(value, f.FieldConfig.Defaults.Unit), c.named[coloured(f.FieldConfig.Defaults.Thresholds, value)]
		if word, _ := mapped(f.FieldConfig.Defaults.Mappings, format(value, "")); word != "" {
			text = word
		}
	}
	c.text(at.x+at.w/2, at.y+at.h/2+12, 28, colour, "middle", text)
}

// override finds what a panel says about one field.
func override(p *board.Panel, name, property string) any {
	for _, o := range p.FieldConfig.Overrides {
		for _, candidate := range o.Properties {
			if o.Matcher.Options == name && candidate.ID == property {
				return candidate.Value
			}
		}
	}
	return nil
}
