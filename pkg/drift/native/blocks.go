package native

import (
	"slices"
	"sort"
	"time"
)

// Span is a range of rows, from inclusive, to exclusive.
type Span struct{ From, To int }

// Period is a stretch of event time, from inclusive, to exclusive.
type Period struct{ From, To time.Time }

// Blocks cuts reference rows, whose event times ascend, into spans that last as
// long as the window, start at the window's phase of the season, do not overlap
// and lie wholly inside the reference's period. A season of zero is none. Spans
// come oldest first and may be empty where the reference has gaps.
func Blocks(times []time.Time, reference, window Period, season time.Duration) []Span {
	return BlocksAt(func(at time.Time) int { return firstAt(times, at) }, reference, window, season)
}

// BlocksAt is Blocks for times that are not in a slice: at is the number of the
// first row whose event is not before a moment.
func BlocksAt(at func(time.Time) int, reference, window Period, season time.Duration) []Span {
	length := window.To.Sub(window.From)
	if length <= 0 {
		return nil
	}
	step := time.Duration(stride(int64(length), int64(season)))
	behind := window.To.Sub(reference.To)
	back := behind / step
	if behind > back*step {
		back++
	}
	var spans []Span
	for start := window.From.Add(-back * step); !start.Before(reference.From); start = start.Add(-step) {
		spans = append(spans, Span{From: at(start), To: at(start.Add(length))})
	}
	slices.Reverse(spans)
	return spans
}

// RowBlocks is Blocks for a window of a number of rows that starts at row window,
// counted like the reference's rows; season too is a number of rows.
func RowBlocks(rows, window, length, season int) []Span {
	if length <= 0 {
		return nil
	}
	step := int(stride(int64(length), int64(season)))
	start := window % step
	var spans []Span
	for ; start+length <= rows; start += step {
		spans = append(spans, Span{From: start, To: start + length})
	}
	return spans
}

// stride is the distance of two starts: the smallest whole number of seasons
// that holds a block.
func stride(length, season int64) int64 {
	if season <= 0 {
		return length
	}
	return (length + season - 1) / season * season
}

func firstAt(times []time.Time, at time.Time) int {
	return sort.Search(len(times), func(i int) bool { return !times[i].Before(at) })
}
