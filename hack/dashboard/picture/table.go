package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/hack/dashboard/board"
)

const (
	lineHeight = 19
	letter     = 6.3 // the width of one, on average
)

// table draws the lines of a table that fit.
func (c *canvas) table(f *filled, at box) {
	columns, names := f.columns()
	rows := f.rows()
	f.sort(rows, names)
	if len(rows) == 0 {
		c.text(at.x, at.y+lineHeight, textSize, c.faint, "start", f.FieldConfig.Defaults.NoValue)
		return
	}
	cells := make([][]cell, len(rows))
	widths := make([]float64, len(columns))
	for i, field := range columns {
		widths[i] = float64(len(names[field]))
		for r := range rows {
			cells[r] = append(cells[r], f.cell(&rows[r], field, names[field]))
			widths[i] = max(widths[i], float64(len([]rune(cells[r][i].text))))
		}
		widths[i] += 1.5
		if cells[0][i].bar >= 0 {
			widths[i] += 14
		}
	}
	total := 0.0
	for _, w := range widths {
		total += w
	}
	x := at.x
	for i, field := range columns {
		width := widths[i] / total * at.w
		c.text(x, at.y+11, textSize-1, c.faint, "start", names[field])
		for r := range cells {
			y := at.y + float64(r+1)*lineHeight
			if y+lineHeight > at.y+at.h && r < len(cells)-1 {
				c.more(at, len(cells)-r, i)
				break
			}
			c.cell(x, y, width, cells[r][i])
		}
		x += width
	}
}

// more says once how many lines do not fit.
func (c *canvas) more(at box, hidden, column int) {
	if column == 0 {
		c.text(at.x, at.y+at.h, textSize-1, c.faint, "start", "and "+trim(float64(hidden))+" more")
	}
}

// cell is what stands at one place of a table.
type cell struct {
	text, colour string
	bar          float64 // 0 to 1; less than 0 is none
}

func (c *canvas) cell(x, y, width float64, v cell) {
	if v.bar >= 0 {
		full := width - 70
		c.add(`<rect x="%s" y="%s" width="%s" height="9" fill="%s" rx="1"/>`, short(x), short(y+4), short(full), c.edge)
		c.add(`<rect x="%s" y="%s" width="%s" height="9" fill="%s" rx="1"/>`, short(x), short(y+4), short(full*v.bar), c.named["blue"])
		x += full + 8
	}
	c.text(x, y+13, textSize-1, cmp.Or(c.named[v.colour], c.theme.text), "start", cut(v.text, int(width/letter)))
}

// columns are the fields that the table keeps, in their order, and their names.
func (f *filled) columns() ([]string, map[string]string) {
	organize := f.Transformations[len(f.Transformations)-1].Options
	order, _ := organize["indexByName"].(map[string]any)
	renamed, _ := organize["renameByName"].(map[string]any)
	names := map[string]string{}
	var fields []string
	for field := range order {
		fields = append(fields, field)
		names[field], _ = renamed[field].(string)
	}
	slices.SortFunc(fields, func(a, b string) int { return order[a].(int) - order[b].(int) })
	return fields, names
}

func (f *filled) cell(r *row, field, name string) cell {
	out := cell{bar: -1}
	value, isValue := r.values[field]
	switch {
	case isValue:
		unit, _ := override(&f.Panel, name, "unit").(string)
		out.text = format(value, unit)
		if most, ok := override(&f.Panel, name, "max").(float64); ok {
			out.bar = min(max(value/most, 0), 1)
		}
	case !strings.HasPrefix(field, "Value"):
		out.text = r.labels[field]
	}
	if mappings, ok := override(&f.Panel, name, "mappings").([]board.Mapping); ok {
		if word, colour := mapped(mappings, out.text); word != "" {
			out.text, out.colour = word, colour
		}
	}
	return out
}

// sort orders the lines as the table asks for, else by their labels.
func (f *filled) sort(rows []row, names map[string]string) {
	by := ""
	if order, ok := f.Options["sortBy"].([]any); ok {
		by, _ = order[0].(map[string]any)["displayName"].(string)
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		for field, name := range names {
			if name == by {
				if c := cmp.Compare(a.values[field], b.values[field]); c != 0 {
					return c
				}
			}
		}
		return cmp.Or(cmp.Compare(a.labels["node"], b.labels["node"]), cmp.Compare(a.labels["index"], b.labels["index"]), cmp.Compare(a.labels["pod"], b.labels["pod"]))
	})
}
