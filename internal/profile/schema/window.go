package schema

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/trainyard/trainyard/pkg/drift/window"
)

// Window says which rows of a data set are meant. It is written as one of
//
//	rows=0:4531               rows from (inclusive) to (exclusive); either may be
//	rows=90%:                 left out, or be a share of all rows
//	time=2026-01-01/2026-02-01T12:00:00Z
//	                          events from (inclusive) to (exclusive), in UTC
//	last=7d,offset=1d         the seven days that end a day before the newest row
//	before=30d,gap=1d         the thirty days that end a day before the current
//	                          window begins; for a reference only
//
// and the zero value means all rows.
type Window struct {
	Rows         *RowRange
	From, To     time.Time
	Last, Before window.Duration
	// Offset belongs to Last, Gap to Before.
	Offset, Gap window.Duration
}

// RowRange is a range of rows; a bound may be a share of all rows.
type RowRange struct{ From, To Bound }

// Bound is a row, or a share of all rows. An absent one is the end.
type Bound struct {
	Row     int
	Share   float64
	IsShare bool
	Absent  bool
}

// At is the row that a bound of a table of that many rows is at.
func (b Bound) At(rows, absent int) int {
	switch {
	case b.Absent:
		return absent
	case b.IsShare:
		return int(b.Share * float64(rows))
	}
	return min(b.Row, rows)
}

// IsZero says that all rows are meant.
func (w Window) IsZero() bool { return w == Window{} }

// NeedsTime says that the window is cut by event time.
func (w Window) NeedsTime() bool {
	return w.Last > 0 || w.Before > 0 || !w.From.IsZero() || !w.To.IsZero()
}

// ParseWindow reads a Window.
func ParseWindow(text string) (Window, error) {
	var w Window
	if text == "" {
		return w, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if err := w.set(key, value); err != nil {
			return Window{}, fmt.Errorf("window %q: %w", text, err)
		}
	}
	switch kinds := w.kinds(); {
	case kinds != 1:
		return Window{}, fmt.Errorf("window %q: give exactly one of rows, time, last and before", text)
	case w.Offset > 0 && w.Last == 0:
		return Window{}, fmt.Errorf("window %q: offset belongs to last", text)
	case w.Gap > 0 && w.Before == 0:
		return Window{}, fmt.Errorf("window %q: gap belongs to before", text)
	}
	return w, nil
}

func (w Window) kinds() int {
	kinds := 0
	for _, set := range []bool{w.Rows != nil, !w.From.IsZero() || !w.To.IsZero(), w.Last > 0, w.Before > 0} {
		if set {
			kinds++
		}
	}
	return kinds
}

func (w *Window) set(key, value string) (err error) {
	switch key {
	case "rows":
		w.Rows, err = parseRows(value)
	case "time":
		w.From, w.To, err = parsePeriod(value)
	case "last":
		w.Last, err = window.ParseDuration(value)
	case "offset":
		w.Offset, err = window.ParseDuration(value)
	case "before":
		w.Before, err = window.ParseDuration(value)
	case "gap":
		w.Gap, err = window.ParseDuration(value)
	default:
		err = fmt.Errorf("%q is none of rows, time, last, offset, before and gap: write for example rows=:10%% or last=7d", key)
	}
	return err
}

func parseRows(text string) (*RowRange, error) {
	from, to, found := strings.Cut(text, ":")
	if !found {
		return nil, fmt.Errorf("rows %q: write FROM:TO, for example 90%%: or 0:1000", text)
	}
	var r RowRange
	var err error
	if r.From, err = parseBound(from); err != nil {
		return nil, err
	}
	if r.To, err = parseBound(to); err != nil {
		return nil, err
	}
	return &r, nil
}

func parseBound(text string) (Bound, error) {
	if text == "" {
		return Bound{Absent: true}, nil
	}
	if share, found := strings.CutSuffix(text, "%"); found {
		percent, err := strconv.ParseFloat(share, 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			return Bound{}, fmt.Errorf("row bound %q: a share is between 0%% and 100%%", text)
		}
		return Bound{Share: percent / 100, IsShare: true}, nil
	}
	row, err := strconv.Atoi(text)
	if err != nil || row < 0 {
		return Bound{}, fmt.Errorf("row bound %q: write a row number from 0, or a share as 10%%", text)
	}
	return Bound{Row: row}, nil
}

func parsePeriod(text string) (from, to time.Time, err error) {
	first, last, found := strings.Cut(text, "/")
	if !found {
		return from, to, fmt.Errorf("time %q: write FROM/TO, for example 2026-01-01/2026-02-01", text)
	}
	if from, err = parseTime(first); err != nil {
		return from, to, err
	}
	if to, err = parseTime(last); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, fmt.Errorf("time %q: it ends before it begins", text)
	}
	return from, to, nil
}

func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q: write 2026-01-31 or 2026-01-31T12:00:00Z", text)
}

// UnmarshalJSON implements json.Unmarshaler.
func (w *Window) UnmarshalJSON(raw []byte) error {
	text, err := unquote(raw)
	if err != nil {
		return err
	}
	*w, err = ParseWindow(text)
	return err
}

// MarshalJSON implements json.Marshaler.
func (w Window) MarshalJSON() ([]byte, error) { return quote(w.String()) }

// String is how it is written.
func (w Window) String() string {
	switch {
	case w.Rows != nil:
		return "rows=" + w.Rows.From.String() + ":" + w.Rows.To.String()
	case w.Last > 0 && w.Offset > 0:
		return "last=" + w.Last.String() + ",offset=" + w.Offset.String()
	case w.Last > 0:
		return "last=" + w.Last.String()
	case w.Before > 0 && w.Gap > 0:
		return "before=" + w.Before.String() + ",gap=" + w.Gap.String()
	case w.Before > 0:
		return "before=" + w.Before.String()
	case !w.From.IsZero() || !w.To.IsZero():
		return "time=" + formatTime(w.From) + "/" + formatTime(w.To)
	}
	return ""
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// String is how it is written.
func (b Bound) String() string {
	switch {
	case b.Absent:
		return ""
	case b.IsShare:
		return strconv.FormatFloat(100*b.Share, 'g', -1, 64) + "%"
	}
	return strconv.Itoa(b.Row)
}
