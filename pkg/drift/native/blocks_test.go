package native_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift/native"
)

func hours(n int) []time.Time {
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	out := make([]time.Time, n)
	for i := range out {
		out[i] = start.Add(time.Duration(i) * time.Hour)
	}
	return out
}

func TestBlocks(t *testing.T) {
	const hour, day = time.Hour, 24 * time.Hour
	times := hours(72)
	end := times[0].Add(72 * hour)
	reference := native.Period{From: times[0], To: end}
	for _, c := range []struct {
		name           string
		window         time.Time
		length, season time.Duration
		want           []native.Span
	}{
		{"days after the end", end, day, 0, []native.Span{{From: 0, To: 24}, {From: 24, To: 48}, {From: 48, To: 72}}},
		{"half a day later", end.Add(12 * hour), day, 0, []native.Span{{From: 12, To: 36}, {From: 36, To: 60}}},
		{"long after", end.Add(1000 * day), day, 0, []native.Span{{From: 0, To: 24}, {From: 24, To: 48}, {From: 48, To: 72}}},
		{"inside the reference", times[24], day, 0, []native.Span{{From: 0, To: 24}, {From: 24, To: 48}, {From: 48, To: 72}}},
		{"before the reference", times[0].Add(-day), day, 0, []native.Span{{From: 0, To: 24}, {From: 24, To: 48}, {From: 48, To: 72}}},
		{"mornings only", end.Add(6 * hour), 6 * hour, day, []native.Span{{From: 6, To: 12}, {From: 30, To: 36}, {From: 54, To: 60}}},
		{"longer than the season", end, 30 * hour, day, []native.Span{{From: 24, To: 54}}},
		{"longer than the reference", end, 100 * hour, 0, nil},
		{"no length", end, 0, 0, nil},
	} {
		window := native.Period{From: c.window, To: c.window.Add(c.length)}
		if diff := cmp.Diff(c.want, native.Blocks(times, reference, window, c.season)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

func TestBlocksKeepTheirPlaceOverAGap(t *testing.T) {
	times := append(hours(24), hours(96)[72:]...)
	end := times[0].Add(96 * time.Hour)
	want := []native.Span{{From: 0, To: 24}, {From: 24, To: 24}, {From: 24, To: 24}, {From: 24, To: 48}}
	got := native.Blocks(times, native.Period{From: times[0], To: end}, native.Period{From: end, To: end.Add(24 * time.Hour)}, 0)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRowBlocks(t *testing.T) {
	for _, c := range []struct {
		name                         string
		rows, window, length, season int
		want                         []native.Span
	}{
		{"no season", 100, 100, 30, 0, []native.Span{{From: 10, To: 40}, {From: 40, To: 70}, {From: 70, To: 100}}},
		{"same phase", 100, 110, 10, 48, []native.Span{{From: 14, To: 24}, {From: 62, To: 72}}},
		{"too short", 10, 10, 30, 0, nil},
	} {
		if diff := cmp.Diff(c.want, native.RowBlocks(c.rows, c.window, c.length, c.season)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}
