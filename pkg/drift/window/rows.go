package window

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Run is a stretch of rows, from From until before To.
type Run struct{ From, To int }

// Rows are the rows of a window in stored order, as runs that do not touch.
type Rows struct {
	Runs []Run
	// Count is the number of rows in all runs.
	Count int
	// Undated are rows outside because they have no time.
	Undated int
}

// All are the first n rows.
func All(n int) Rows {
	if n == 0 {
		return Rows{}
	}
	return Rows{Runs: []Run{{To: n}}, Count: n}
}

// Stored are the window's rows of a table of n without times.
func (w Window) Stored(n int) Rows {
	to := max(n-w.SkipRows, 0)
	from := 0
	if w.Rows > 0 {
		from = max(to-w.Rows, 0)
	}
	var rows Rows
	rows.add(from, to)
	return rows
}

// Select are the window's rows of a table whose rows have these times, in seconds
// since 1970. Of rows of one time, the one stored later counts as later.
func (w Window) Select(times []float64, now time.Time) Rows {
	span := w.At(now)
	low, high := bounds(span)
	var rows Rows
	for i, at := range times {
		switch {
		case math.IsNaN(at):
			rows.Undated++
		case at >= low && at < high:
			rows.add(i, i+1)
		}
	}
	if rows.Count <= w.SkipRows {
		return Rows{Undated: rows.Undated}
	}
	if w.SkipRows == 0 && (w.Rows == 0 || rows.Count <= w.Rows) {
		return rows
	}
	return rows.last(times, w.Rows, w.SkipRows)
}

// bounds are a span's ends as numbers.
func bounds(span Span) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	if !span.From.IsZero() {
		low = seconds(span.From)
	}
	if !span.To.IsZero() {
		high = seconds(span.To)
	}
	return low, high
}

// Sorted are the rows from until before to of a table whose rows are in order of
// these times, in seconds since 1970.
func (s Span) Sorted(times []float64) (from, to int) {
	low, high := bounds(s)
	from, _ = slices.BinarySearch(times, low)
	to, _ = slices.BinarySearch(times, high)
	return from, to
}

func seconds(at time.Time) float64 {
	return float64(at.Unix()) + float64(at.Nanosecond())/1e9
}

// Moment is the time that many seconds after 1970 began, to the microsecond: as
// fine as a number of today's seconds can say.
func Moment(seconds float64) time.Time {
	whole := math.Floor(seconds)
	return time.Unix(int64(whole), int64(math.Round((seconds-whole)*1e6))*1000).UTC()
}

// add appends the rows from from until before to, which come after all others.
func (r *Rows) add(from, to int) {
	if from >= to {
		return
	}
	r.Count += to - from
	if n := len(r.Runs); n > 0 && r.Runs[n-1].To == from {
		r.Runs[n-1].To = to
		return
	}
	r.Runs = append(r.Runs, Run{from, to})
}

// last keeps the latest of the rows, after leaving out skip at the end. Zero rows
// keeps all that are left.
func (r *Rows) last(times []float64, keep, skip int) Rows {
	order := make([]int, 0, r.Count)
	for _, run := range r.Runs {
		for i := run.From; i < run.To; i++ {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(times[a], times[b]) })
	order = order[:len(order)-skip]
	if keep > 0 && len(order) > keep {
		order = order[len(order)-keep:]
	}
	slices.Sort(order)
	rows := Rows{Undated: r.Undated}
	for _, i := range order {
		rows.add(i, i+1)
	}
	return rows
}

// Pick copies the values of the rows.
func Pick[T any](values []T, rows Rows) []T {
	picked := make([]T, 0, rows.Count)
	for _, run := range rows.Runs {
		picked = append(picked, values[run.From:run.To]...)
	}
	return picked
}

// Disjoint says whether no row is in both.
func Disjoint(a, b Rows) bool {
	i, j := 0, 0
	for i < len(a.Runs) && j < len(b.Runs) {
		x, y := a.Runs[i], b.Runs[j]
		switch {
		case x.To <= y.From:
			i++
		case y.To <= x.From:
			j++
		default:
			return false
		}
	}
	return true
}
