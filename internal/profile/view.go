package profile

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// View is some of a table's rows, in order of event time.
type View struct {
	table.Table
	// Name is where the table was read from.
	Name string
	// order are the rows that are meant, in order; nil means from..to as stored.
	order    []int32
	from, to int
	// times are those of the view's rows, ascending; nil without a time column.
	times []float64
	// repairs rewrite a column before it is cut.
	repairs map[string]func(*table.Column)
}

// NewView takes all rows of a table, by event time where a column is named. Rows
// without a time are left out.
func NewView(ctx context.Context, t table.Table, name, timeColumn string) (*View, error) {
	v := &View{Table: t, Name: name, to: t.Rows()}
	if timeColumn == "" {
		return v, nil
	}
	column, err := t.Column(ctx, timeColumn)
	if err != nil {
		return nil, fmt.Errorf("time column: %w", err)
	}
	if column.Type == table.String || column.Type == table.Boolean {
		return nil, fmt.Errorf("%s: the time column %q holds %s values: name a column of times, or of seconds since 1970", name, timeColumn, column.Type)
	}
	v.arrange(column.Numbers)
	return v, nil
}

// arrange puts the rows in order of time; rows of one time stay as stored.
func (v *View) arrange(times []float64) {
	if slices.IsSorted(times) && (len(times) == 0 || !math.IsNaN(times[0])) {
		v.times = times
		return
	}
	v.order = make([]int32, 0, len(times))
	for row, t := range times {
		if t-t == 0 {
			v.order = append(v.order, int32(row))
		}
	}
	slices.SortStableFunc(v.order, func(a, b int32) int {
		switch {
		case times[a] < times[b]:
			return -1
		case times[a] > times[b]:
			return 1
		}
		return 0
	})
	v.to = len(v.order)
	v.times = make([]float64, len(v.order))
	for i, row := range v.order {
		v.times[i] = times[row]
	}
}

// Rows is the number of rows in view.
func (v *View) Rows() int { return v.to - v.from }

// Column reads the rows in view of a column.
func (v *View) Column(ctx context.Context, name string) (table.Column, error) {
	column, err := v.Table.Column(ctx, name)
	if err != nil {
		return column, fmt.Errorf("read: %w", err)
	}
	if repair := v.repairs[name]; repair != nil {
		repair(&column)
	}
	if v.order == nil && v.from == 0 && v.to == v.Table.Rows() {
		return column, nil
	}
	column.Numbers = pick(v, column.Numbers)
	column.Codes = pick(v, column.Codes)
	column.Missing = missing(&column)
	return column, nil
}

func pick[T any](v *View, values []T) []T {
	if values == nil {
		return nil
	}
	if v.order == nil {
		return values[v.from:v.to]
	}
	out := make([]T, 0, v.Rows())
	for _, row := range v.order[v.from:v.to] {
		out = append(out, values[row])
	}
	return out
}

func missing(c *table.Column) int {
	n := 0
	for _, v := range c.Numbers {
		if math.IsNaN(v) {
			n++
		}
	}
	for _, code := range c.Codes {
		if code == table.Absent {
			n++
		}
	}
	return n
}

// slice is the rows from..to of a view.
func (v *View) slice(from, to int) *View {
	out := *v
	out.from, out.to = v.from+from, v.from+to
	if v.times != nil {
		out.times = v.times[from:to]
	}
	return &out
}

// without leaves out rows of the view, given by their number in it.
func (v *View) without(bad []bool) *View {
	out := *v
	out.order, out.times = nil, nil
	kept := make([]int32, 0, v.Rows())
	for i := range v.Rows() {
		if bad[i] {
			continue
		}
		row := int32(v.from + i)
		if v.order != nil {
			row = v.order[v.from+i]
		}
		kept = append(kept, row)
		if v.times != nil {
			out.times = append(out.times, v.times[i])
		}
	}
	out.order, out.from, out.to = kept, 0, len(kept)
	return &out
}

// firstAt is the first row at or after a moment.
func (v *View) firstAt(t time.Time) int {
	row, _ := window.Span{From: t}.Sorted(v.times)
	return row
}

// Span are the times of the first and the last row; nil without any.
func (v *View) Span() (from, to *time.Time) {
	if len(v.times) == 0 {
		return nil, nil
	}
	first, last := window.Moment(v.times[0]), window.Moment(v.times[len(v.times)-1])
	return &first, &last
}

// Cut is the rows of a view that a window means. current is the window that a
// reference ends before, where that is known.
func (v *View) Cut(w schema.Window, current *View) (*View, error) {
	if w.NeedsTime() && v.times == nil {
		return nil, fmt.Errorf("%s: the window %s is cut by time: name the time column in the schema (timeColumn) or with --time-column", v.Name, w)
	}
	span, err := v.span(w, current)
	if err != nil {
		return nil, err
	}
	from, to := 0, v.Rows()
	switch {
	case w.Rows != nil:
		from, to = w.Rows.From.At(v.Rows(), 0), w.Rows.To.At(v.Rows(), v.Rows())
	case w.NeedsTime():
		from, to = span.Sorted(v.times)
	}
	if from >= to {
		return nil, fmt.Errorf("%s: the window %s holds none of its %d rows: widen it", v.Name, w, v.Rows())
	}
	return v.slice(from, to), nil
}

// span is the time that a window cuts out of the view; open at both ends for a
// window that is not cut by time.
func (v *View) span(w schema.Window, current *View) (window.Span, error) {
	switch {
	case w.Last > 0 && len(v.times) > 0:
		// The newest row itself is inside a window without an offset.
		newest := window.Moment(v.times[len(v.times)-1]).Add(time.Microsecond)
		return window.Window{Lookback: time.Duration(w.Last), Offset: time.Duration(w.Offset)}.At(newest), nil
	case w.Before > 0 && (current == nil || len(current.times) == 0):
		return window.Span{}, fmt.Errorf("%s: the window %s ends before the current one, which has no times", v.Name, w)
	case w.Before > 0:
		first := window.Span{From: window.Moment(current.times[0])}
		return first.Before(time.Duration(w.Before), time.Duration(w.Gap)), nil
	}
	return window.Span{From: w.From, To: w.To}, nil
}

// overlap is the number of stored rows that two views of one table share.
func overlap(a, b *View) int {
	if a.Name != b.Name {
		return 0
	}
	if a.order == nil && b.order == nil {
		return max(0, min(a.to, b.to)-max(a.from, b.from))
	}
	inside := map[int32]bool{}
	for i := range a.Rows() {
		inside[a.stored(i)] = true
	}
	n := 0
	for i := range b.Rows() {
		if inside[b.stored(i)] {
			n++
		}
	}
	return n
}

// stored is the number of a row of the view in the table.
func (v *View) stored(i int) int32 {
	if v.order != nil {
		return v.order[v.from+i]
	}
	return int32(v.from + i)
}

// After are the rows of a view that come after those of a part of it.
func (v *View) After(part *View) *View { return v.slice(part.to-v.from, v.to-v.from) }
