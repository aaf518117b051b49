package profile

import (
	"context"
	"fmt"
	"time"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// Reference is what current data is compared with: a table's window (Live) or a
// saved profile (File).
type Reference interface {
	// Input says what was read.
	Input() report.Input
	// Schema are the columns there are.
	Schema() table.Schema
	// kind is how a column is compared; current is its current data.
	kind(ctx context.Context, o *Options, said schema.Column, current *table.Column) (drift.Kind, error)
	// summary is of one column, as that kind.
	summary(ctx context.Context, name string, kind drift.Kind, need need, sorter *stat.Sorter) (*Summary, error)
	// blocks are the native rule's blocks for windows like current; a saved
	// reference brings its own, and says how long they are.
	blocks(o *Options, current *View) (blocks, error)
	// rows are the view to read rows from; nil where only summaries were kept.
	rows() *View
	// anchor is the fixed past; nil where there is none.
	anchor() Reference
}

// blocks is how a reference is cut for the native rule.
type blocks struct {
	spans  []native.Span
	length schema.Length
	season schema.Length
	count  int
	// typical is the median number of rows of a block.
	typical int
}

// Live is a reference that is read.
type Live struct{ *View }

// Input implements Reference.
func (l Live) Input() report.Input { return inputOf(l.View) }

func inputOf(v *View) report.Input {
	from, to := v.Span()
	return report.Input{Name: v.Name, Rows: v.Rows(), Columns: len(v.Schema()), From: from, To: to}
}

func (l Live) rows() *View { return l.View }

func (l Live) anchor() Reference { return nil }

func (l Live) kind(ctx context.Context, o *Options, said schema.Column, current *table.Column) (drift.Kind, error) {
	if o.Compat == report.Evidently || said.Kind != "" {
		return kindOf(o.Compat, said, current), nil
	}
	column, err := l.Column(ctx, current.Name)
	if err != nil {
		return drift.Unknown, err
	}
	return kindOf(o.Compat, said, &column), nil
}

func (l Live) summary(ctx context.Context, name string, kind drift.Kind, need need, sorter *stat.Sorter) (*Summary, error) {
	column, err := l.Column(ctx, name)
	if err != nil {
		return nil, err
	}
	return summarise(shape(column, kind).hidden(need.relabel), need, sorter)
}

func (l Live) blocks(o *Options, current *View) (blocks, error) {
	length := o.block()
	if length.IsZero() {
		length = current.length()
	}
	return l.cut(length, o.season(), current)
}

// cut is the reference in blocks of a length, at the phase of the season at which
// the window begins; without a window, at which the reference ends.
func (l Live) cut(length, season schema.Length, window *View) (blocks, error) {
	b := blocks{length: length, season: season}
	switch {
	case length.Rows > 0:
		start := l.Rows()
		if window != nil && window.Name == l.Name && window.order == nil && l.order == nil {
			start = max(0, window.from-l.from)
		}
		b.spans = native.RowBlocks(l.Rows(), start, length.Rows, season.Rows)
	case l.times == nil:
		return b, fmt.Errorf("%s: blocks of %s are cut by time: name the time column, or give a number of rows", l.Name, length)
	case l.Rows() > 0:
		reference := l.period0()
		from := reference.To
		if window != nil && window.times != nil {
			from = window.period0().From
		}
		b.spans = native.BlocksAt(l.firstAt, reference, native.Period{From: from, To: from.Add(time.Duration(length.Time))}, time.Duration(season.Time))
	}
	if b.spans == nil {
		b.spans = []native.Span{}
	}
	b.count, b.typical = len(b.spans), median(b.spans)
	return b, nil
}

// length is that of the view as a window: a duration where there are times.
func (v *View) length() schema.Length {
	if len(v.times) < 2 {
		return schema.Length{Rows: v.Rows()}
	}
	p := v.period0()
	return schema.Length{Time: window.Duration(p.To.Sub(p.From))}
}

// period0 is the view's time, the last row taken to last as long as rows do on
// average.
func (v *View) period0() native.Period {
	first, last := v.times[0], v.times[len(v.times)-1]
	step := 1e-6
	if n := len(v.times); n > 1 && last > first {
		step = (last - first) / float64(n-1)
	}
	return native.Period{From: window.Moment(first), To: window.Moment(last + step)}
}

func median(spans []native.Span) int {
	if len(spans) == 0 {
		return 0
	}
	lengths := make([]float64, len(spans))
	for i, s := range spans {
		lengths[i] = float64(s.To - s.From)
	}
	return int(stat.Sort(lengths).Quantile(0.5))
}

// fitted are the methods of NannyML that a column is compared by.
func (o *Options) fitted(said schema.Column, kind drift.Kind) []nannyml.Method {
	if o.Compat != report.NannyML {
		return nil
	}
	method := nannyml.Method(o.ruleFor(said, kind).method)
	if method == "" {
		method = nannyml.Default
	}
	return []nannyml.Method{method}
}
