package datasource

import (
	"errors"
	"fmt"
	"time"

	"github.com/trainyard/trainyard/pkg/drift/window"
)

// TimeSpec is which column says when a row happened.
type TimeSpec struct {
	Column string `json:"column,omitempty"`
	// Unit of a column of numbers: s, ms, us or ns since 1970; seconds if it is
	// empty.
	Unit string `json:"unit,omitempty"`
}

var perSecond = map[string]float64{"": 1, "s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}

func (t TimeSpec) validate() error {
	if perSecond[t.Unit] == 0 {
		return fmt.Errorf("time.unit %q is not known: choose one of s, ms, us, ns", t.Unit)
	}
	if t.Unit != "" && t.Column == "" {
		return errors.New("time.unit is set without time.column: name the column")
	}
	return nil
}

// WindowSpec is which rows are wanted.
type WindowSpec struct {
	// From and To bound the time of rows: From is in the window, To is not.
	From *time.Time `json:"from,omitempty"`
	To   *time.Time `json:"to,omitempty"`
	// Lookback is the length of a window that ends Offset before the present.
	Lookback window.Duration `json:"lookback,omitempty"`
	Offset   window.Duration `json:"offset,omitempty"`
	// Rows keeps the last rows only; SkipRows leaves out as many at the end before.
	Rows     int `json:"rows,omitempty"`
	SkipRows int `json:"skipRows,omitempty"`
	// Minimum is the number of rows below which nothing is to be said.
	Minimum int `json:"minimum,omitempty"`
}

// Window is the spec for pkg/drift/window, which does the arithmetic.
func (w WindowSpec) Window() window.Window {
	out := window.Window{
		Lookback: time.Duration(w.Lookback),
		Offset:   time.Duration(w.Offset),
		Rows:     w.Rows,
		SkipRows: w.SkipRows,
		Minimum:  w.Minimum,
	}
	if w.From != nil {
		out.From = *w.From
	}
	if w.To != nil {
		out.To = *w.To
	}
	return out
}

func (w WindowSpec) validate() error {
	if err := w.Window().Validate(); err != nil {
		return fmt.Errorf("window: %w", err)
	}
	return nil
}
