package datasource

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// What a user of this package needs of those below it.
type (
	// Table is an opened data set.
	Table = table.Table
	// Column is one column in row order.
	Column = table.Column
	// Schema are a table's columns.
	Schema = table.Schema
	// Field is a column's name and type.
	Field = table.Field
	// Type is how a source stores a column.
	Type = table.Type
	// Options are how a source is read.
	Options = reading.Options
	// Limits bound what a source may cost.
	Limits = reading.Limits
	// Progress is how far the opening of a source is.
	Progress = reading.Progress
)

// The types of columns.
const (
	Integer   = table.Integer
	Float     = table.Float
	Boolean   = table.Boolean
	String    = table.String
	Timestamp = table.Timestamp
)

// Open reads what must be read before the first column can be: footers of Parquet
// files, all rows of other formats. The table has the rows of the window only; fewer
// than its minimum are a *window.TooFewError. The table is the caller's to close.
func Open(ctx context.Context, spec Spec, options Options) (Table, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if spec.Window.Lookback > 0 && options.Now.IsZero() {
		return nil, errors.New("window.lookback needs the present, and the options do not have it: set Now")
	}
	limit := options.Limits.WithDefaults().Time
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fmt.Errorf("%s took longer than %s to open: read less, or raise the limit of time", spec.label(), limit))
	defer cancel()
	opened, err := open(ctx, spec, options)
	if err != nil {
		return nil, err
	}
	chosen, err := choose(ctx, opened, spec, options)
	if err != nil {
		_ = opened.Close()
		return nil, err
	}
	return table.Project(chosen, spec.Columns, spec.label())
}

// Times are the instants of a table's rows in seconds since 1970, NaN where a row has
// none, by the spec's time column, which must be one of the table's.
func Times(ctx context.Context, of Table, spec Spec) ([]float64, error) {
	return table.Times(ctx, of, spec.Time.Column, perSecond[spec.Time.Unit])
}

// open hands the spec to the reader of its scheme.
func open(ctx context.Context, spec Spec, options Options) (Table, error) {
	if address := spec.address(); address != nil {
		if query, found := queried[address.Scheme]; found {
			return query(ctx, spec, options)
		}
	}
	objects, err := find(ctx, spec, options)
	if err != nil {
		return nil, err
	}
	return openObjects(ctx, spec, objects, options)
}

// choose keeps the rows of the window.
func choose(ctx context.Context, opened Table, spec Spec, options Options) (Table, error) {
	wanted := spec.Window.Window()
	rows := window.All(opened.Rows())
	switch {
	case spec.Time.Column != "" && (wanted.Timed() || wanted.Rows > 0 || wanted.SkipRows > 0):
		times, err := Times(ctx, opened, spec)
		if err != nil {
			return nil, err
		}
		rows = wanted.Select(times, options.Now)
		if rows.Undated > 0 {
			options.Warned(fmt.Sprintf("%s: %d rows have no %s and are in no window", spec.label(), rows.Undated, spec.Time.Column))
		}
	case wanted.Timed() && !spec.dated():
		return nil, fmt.Errorf("%s: the window is bounded by time and no column says when a row happened: name it as time.column",
			spec.label())
	default:
		rows = wanted.Stored(opened.Rows())
	}
	if err := wanted.Enough(rows.Count); err != nil {
		return nil, fmt.Errorf("%s: %w", spec.label(), err)
	}
	return table.Select(opened, rows), nil
}

// Apart says whether two specs surely read no row in common: it is an error if they
// read one place with spans of time that overlap, or that are closer than the gap
// allows, or with the same last rows.
func Apart(reference, current Spec, options Options, gap window.Duration) error {
	if reference.URL != current.URL || reference.Query != current.Query {
		return nil
	}
	a, b := reference.Window.Window(), current.Window.Window()
	if a.Timed() || b.Timed() {
		if err := window.Apart(a.At(options.Now), b.At(options.Now), time.Duration(gap)); err != nil {
			return fmt.Errorf("%s: %w", reference.label(), err)
		}
		return nil
	}
	// Counted from the end, a window is the rows from skipRows to skipRows + rows.
	end := func(w window.Window) int { return w.SkipRows + w.Rows }
	apart := a.Rows > 0 && end(a) <= b.SkipRows || b.Rows > 0 && end(b) <= a.SkipRows
	if !apart {
		return fmt.Errorf("%s is the reference and the current data, and their rows overlap: "+
			"give each a window, or name two files", reference.label())
	}
	return nil
}
