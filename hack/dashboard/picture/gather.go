package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/trainyard/trainyard/hack/dashboard/board"
	"github.com/trainyard/trainyard/test/fleet"
)

// filled is a panel and what its queries answered.
type filled struct {
	board.Panel
	answers  [][]fleet.Series // one for each target
	from, to time.Time
}

// gather asks every query of the first sections of a dashboard.
func gather(ctx context.Context, p *fleet.Prometheus, d board.Dashboard, sections int, span time.Duration) ([]filled, error) {
	all := map[string]string{"node": ".*", "namespace": ".*", "pod": ".*"}
	now := time.Now()
	var panels []filled
	for _, panel := range d.Panels {
		if panel.Type == "row" {
			if sections--; sections < 0 {
				break
			}
		}
		f := filled{Panel: panel, from: now.Add(-span), to: now}
		for _, target := range panel.Targets {
			expression := board.Fill(target.Expr, all, 20*time.Second)
			var series []fleet.Series
			var err error
			if target.Range {
				series, err = p.Range(ctx, expression, f.from, f.to, span/100)
			} else {
				series, err = p.Query(ctx, expression)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", panel.Title, err)
			}
			f.answers = append(f.answers, series)
		}
		panels = append(panels, f)
	}
	return panels, nil
}

// line is a series with the name that its legend gives it.
type line struct {
	name   string
	points []fleet.Point
}

func (f *filled) lines() []line {
	var lines []line
	for i, series := range f.answers {
		for _, s := range series {
			lines = append(lines, line{legend(f.Targets[i].LegendFormat, s.Labels), s.Points})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return lines
}

// row is a line of a table: labels, and values by the query that gave them.
type row struct {
	labels map[string]string
	values map[string]float64
}

// rows joins the answers of a table as its transformation does: what agrees in
// every label that both have is one line.
func (f *filled) rows() []row {
	var rows []row
	for i, series := range f.answers {
		field := "Value #" + f.Targets[i].RefID
		for _, s := range series {
			matched := slices.IndexFunc(rows, func(r row) bool { return i > 0 && agree(r.labels, s.Labels) })
			if matched < 0 {
				rows = append(rows, row{s.Labels, map[string]float64{}})
				matched = len(rows) - 1
			}
			rows[matched].values[field] = s.Points[len(s.Points)-1].Value
		}
	}
	return rows
}

func agree(a, b map[string]string) bool {
	for name, value := range b {
		if a[name] != value {
			return false
		}
	}
	return true
}
