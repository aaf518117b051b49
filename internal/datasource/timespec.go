package datasource

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
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
	Lookback Duration `json:"lookback,omitempty"`
	Offset   Duration `json:"offset,omitempty"`
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

// Duration is a time.Duration that is written as 90s, 36h, 7d or 2w.
type Duration time.Duration

// Duration is d as the standard library has it.
func (d Duration) Duration() time.Duration { return time.Duration(d) }

// UnmarshalJSON reads a duration in quotes.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var written string
	if err := json.Unmarshal(text, &written); err != nil {
		return fmt.Errorf("a duration is text such as \"36h\" or \"7d\", not %s", text)
	}
	parsed, err := ParseDuration(written)
	*d = Duration(parsed)
	return err
}

// MarshalJSON writes a duration as time.Duration does.
func (d Duration) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).String()) //nolint:wrapcheck // a string cannot fail
}

// ParseDuration reads what time.ParseDuration does, and whole days and weeks of 24
// and 168 hours.
func ParseDuration(text string) (time.Duration, error) {
	if parsed, err := time.ParseDuration(text); err == nil {
		return parsed, nil
	}
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		digits, found := strings.CutSuffix(text, suffix)
		count, err := strconv.ParseInt(digits, 10, 32)
		if found && err == nil && time.Duration(count) <= (1<<63-1)/unit {
			return time.Duration(count) * unit, nil
		}
	}
	return 0, fmt.Errorf("%q is not a duration: write it as 90s, 15m, 36h, 7d or 2w", text)
}
