package window

import (
	"errors"
	"fmt"
	"time"
)

// Window says which rows are wanted. Its zero value is all of them.
//
// Either From and To bound the time, each of them optional; or Lookback and Offset
// do, relative to the present. Rows then keeps the last of those.
type Window struct {
	// From and To are absolute: From is in the window, To is not.
	From, To time.Time
	// Lookback is the length of a window that ends Offset before the present.
	Lookback, Offset time.Duration
	// Rows keeps the last rows only: by time where rows have one, else as stored.
	// SkipRows leaves out as many at the end before.
	Rows, SkipRows int
	// Minimum is the number of rows below which nothing can be said.
	Minimum int
}

// Validate says which field does not fit the others.
func (w Window) Validate() error {
	switch {
	case w.Lookback < 0:
		return fmt.Errorf("lookback %s is negative: give how far to look back, such as 24h", w.Lookback)
	case w.Offset < 0:
		return fmt.Errorf("offset %s is negative: a window cannot end after the present", w.Offset)
	case w.Lookback > 0 && (!w.From.IsZero() || !w.To.IsZero()):
		return errors.New("lookback is set beside from or to: give one or the other")
	case w.Offset > 0 && w.Lookback == 0:
		return fmt.Errorf("offset %s has no lookback: add how far to look back", w.Offset)
	case !w.From.IsZero() && !w.To.IsZero() && !w.From.Before(w.To):
		return fmt.Errorf("from %s is not before to %s: swap them", stamp(w.From), stamp(w.To))
	case w.Rows < 0 || w.SkipRows < 0 || w.Minimum < 0:
		return errors.New("rows, skipRows and minimum cannot be negative: leave out what is not wanted")
	case w.Rows > 0 && w.Minimum > w.Rows:
		return fmt.Errorf("minimum %d is more than rows %d: no window could ever be judged", w.Minimum, w.Rows)
	}
	return nil
}

// Timed says whether the window is bounded by time, so that rows need one.
func (w Window) Timed() bool { return w.Lookback > 0 || !w.From.IsZero() || !w.To.IsZero() }

// At is the window's span at a present.
func (w Window) At(now time.Time) Span {
	if w.Lookback > 0 {
		to := now.Add(-w.Offset)
		return Span{From: to.Add(-w.Lookback), To: to}
	}
	return Span{From: w.From, To: w.To}
}

// TooFewError is a window with fewer rows than its minimum, of which nothing can be
// said: neither that it has drifted nor that it has not.
type TooFewError struct{ Rows, Minimum int }

func (e *TooFewError) Error() string {
	return fmt.Sprintf("the window has %d rows and needs %d: wait for more, or choose a longer window", e.Rows, e.Minimum)
}

// Enough is a *TooFewError if there are fewer rows than the window asks for.
func (w Window) Enough(rows int) error {
	if rows < w.Minimum {
		return &TooFewError{Rows: rows, Minimum: w.Minimum}
	}
	return nil
}

// Span is a stretch of time from From until before To. A zero end is open.
type Span struct{ From, To time.Time }

// Overlaps says whether two spans have an instant in common.
func (s Span) Overlaps(other Span) bool {
	return startsBefore(s, other) && startsBefore(other, s)
}

// startsBefore says whether a starts before b ends.
func startsBefore(a, b Span) bool {
	return b.To.IsZero() || a.From.IsZero() || a.From.Before(b.To)
}

// Length is how long the span is, or 0 if an end is open.
func (s Span) Length() time.Duration {
	if s.From.IsZero() || s.To.IsZero() {
		return 0
	}
	return s.To.Sub(s.From)
}

// Before is the span of that length that ends gap before s starts.
func (s Span) Before(length, gap time.Duration) Span {
	to := s.From.Add(-gap)
	return Span{From: to.Add(-length), To: to}
}

func (s Span) String() string {
	return "[" + stamp(s.From) + ", " + stamp(s.To) + ")"
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return "…"
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// OverlapError is a reference that shares rows with the current window, or comes
// closer to it than the gap.
type OverlapError struct {
	Reference, Current Span
	Gap                time.Duration
}

func (e *OverlapError) Error() string {
	if e.Reference.Overlaps(e.Current) {
		return fmt.Sprintf("the reference %s and the current window %s overlap: end the reference before the window begins",
			e.Reference, e.Current)
	}
	return fmt.Sprintf("the reference %s comes closer than %s to the current window %s: end it earlier, or make the gap shorter",
		e.Reference, e.Gap, e.Current)
}

// Apart checks that the two spans have nothing in common and, where both ends that
// face each other are closed, that at least gap lies between them.
func Apart(reference, current Span, gap time.Duration) error {
	near := current
	if !near.From.IsZero() {
		near.From = near.From.Add(-gap)
	}
	if !near.To.IsZero() {
		near.To = near.To.Add(gap)
	}
	if reference.Overlaps(near) {
		return &OverlapError{Reference: reference, Current: current, Gap: gap}
	}
	return nil
}

// Tile cuts a closed span into windows of a length, each step after the one before.
// What is left over at the end is no window. It is nil if the span has an open end,
// or a duration is not positive.
func Tile(span Span, length, step time.Duration) []Span {
	if span.Length() <= 0 || length <= 0 || step <= 0 {
		return nil
	}
	var all []Span
	for from := span.From; !from.Add(length).After(span.To); from = from.Add(step) {
		all = append(all, Span{From: from, To: from.Add(length)})
	}
	return all
}
