package window

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		window Window
		want   string
	}{
		{"all rows", Window{}, ""},
		{"a range", Window{From: noon, To: noon.Add(time.Hour)}, ""},
		{"half a range", Window{From: noon}, ""},
		{"lookback", Window{Lookback: time.Hour, Offset: time.Minute, Rows: 10, Minimum: 10}, ""},
		{"negative lookback", Window{Lookback: -1}, "lookback -1ns is negative"},
		{"into the future", Window{Lookback: 1, Offset: -1}, "offset -1ns is negative"},
		{"both forms", Window{Lookback: 1, To: noon}, "one or the other"},
		{"offset alone", Window{Offset: time.Hour}, "offset 1h0m0s has no lookback"},
		{"backwards", Window{From: noon, To: noon}, "from 2024-03-01T12:00:00Z is not before to"},
		{"negative rows", Window{Rows: -1}, "cannot be negative"},
		{"never enough", Window{Rows: 5, Minimum: 6}, "minimum 6 is more than rows 5"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.window.Validate()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestAtLooksBack(t *testing.T) {
	got := Window{Lookback: 24 * time.Hour, Offset: time.Hour}.At(noon)
	want := Span{From: noon.Add(-25 * time.Hour), To: noon.Add(-time.Hour)}
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	reference := got.Before(48*time.Hour, 2*time.Hour)
	if want := (Span{From: noon.Add(-75 * time.Hour), To: noon.Add(-27 * time.Hour)}); reference != want {
		t.Errorf("reference %v, want %v", reference, want)
	}
	if err := Apart(reference, got, 2*time.Hour); err != nil {
		t.Error(err)
	}
}

func TestApart(t *testing.T) {
	hour := func(from, to int) Span {
		return Span{From: noon.Add(time.Duration(from) * time.Hour), To: noon.Add(time.Duration(to) * time.Hour)}
	}
	tests := []struct {
		name               string
		reference, current Span
		gap                time.Duration
		want               string
	}{
		{"touching", hour(0, 1), hour(1, 2), 0, ""},
		{"touching the other way", hour(1, 2), hour(0, 1), 0, ""},
		{"one instant shared", hour(0, 2), hour(1, 3), 0, "overlap"},
		{"inside", hour(0, 9), hour(1, 2), 0, "overlap"},
		{"too close", hour(0, 1), hour(2, 3), 2 * time.Hour, "closer than 2h0m0s"},
		{"just far enough", hour(0, 1), hour(2, 3), time.Hour, ""},
		{"open start", Span{To: noon}, hour(0, 1), 0, ""},
		{"open both", Span{}, hour(0, 1), 0, "overlap"},
		{"current open", hour(0, 1), Span{From: noon.Add(time.Hour)}, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := Apart(test.reference, test.current, test.gap)
			var overlap *OverlapError
			if (err == nil) != (test.want == "") || err != nil && !errors.As(err, &overlap) {
				t.Fatalf("got %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want %q", err, test.want)
			}
		})
	}
}

func TestTile(t *testing.T) {
	span := Span{From: noon, To: noon.Add(10 * time.Hour)}
	if got := Tile(span, 4*time.Hour, 3*time.Hour); len(got) != 3 || got[2].To != span.To {
		t.Errorf("got %v", got)
	}
	if got := Tile(span, 11*time.Hour, time.Hour); got != nil {
		t.Errorf("a window longer than the span: %v", got)
	}
	if got := Tile(Span{From: noon}, time.Hour, time.Hour); got != nil {
		t.Errorf("an open span: %v", got)
	}
}

func TestStored(t *testing.T) {
	tests := []struct {
		name   string
		window Window
		want   []Run
	}{
		{"all", Window{}, []Run{{0, 10}}},
		{"last", Window{Rows: 3}, []Run{{7, 10}}},
		{"those before", Window{Rows: 3, SkipRows: 3}, []Run{{4, 7}}},
		{"more than there are", Window{Rows: 30, SkipRows: 8}, []Run{{0, 2}}},
		{"none left", Window{SkipRows: 10}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.window.Stored(10).Runs); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSelect(t *testing.T) {
	at := func(hours float64) float64 { return seconds(noon) + hours*3600 }
	times := []float64{at(-3), at(-1), math.NaN(), at(-2), at(0), at(-1)}
	tests := []struct {
		name   string
		window Window
		want   Rows
	}{
		{"all with a time", Window{}, Rows{Runs: []Run{{0, 2}, {3, 6}}, Count: 5, Undated: 1}},
		{"the end is outside", Window{To: noon}, Rows{Runs: []Run{{0, 2}, {3, 4}, {5, 6}}, Count: 4, Undated: 1}},
		{"the start is inside", Window{Lookback: 2 * time.Hour}, Rows{Runs: []Run{{1, 2}, {3, 4}, {5, 6}}, Count: 3, Undated: 1}},
		{"later of two at once", Window{To: noon, Rows: 1}, Rows{Runs: []Run{{5, 6}}, Count: 1, Undated: 1}},
		{"the one before", Window{To: noon, Rows: 1, SkipRows: 1}, Rows{Runs: []Run{{1, 2}}, Count: 1, Undated: 1}},
		{"all but the last", Window{SkipRows: 4}, Rows{Runs: []Run{{0, 1}}, Count: 1, Undated: 1}},
		{"none", Window{SkipRows: 5}, Rows{Undated: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.window.Select(times, noon)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Windows by rows that follow one another share nothing and miss nothing, whatever
// the order in which rows are stored.
func TestSelectCoversEveryRowOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		times := make([]float64, random.IntN(50))
		for i := range times {
			times[i] = float64(random.IntN(10))
		}
		size := 1 + random.IntN(7)
		var seen []int
		var before []Rows
		for skip := 0; skip < len(times); skip += size {
			rows := Window{Rows: size, SkipRows: skip}.Select(times, noon)
			for _, other := range before {
				if !Disjoint(rows, other) {
					t.Fatalf("%v and %v overlap", rows, other)
				}
			}
			before = append(before, rows)
			seen = append(seen, Pick(All(len(times)).indexes(), rows)...)
		}
		slices.Sort(seen)
		if diff := cmp.Diff(All(len(times)).indexes(), seen); diff != "" {
			t.Fatal(diff)
		}
	}
}

// indexes are the numbers of the rows.
func (r Rows) indexes() []int {
	var all []int
	for _, run := range r.Runs {
		for i := run.From; i < run.To; i++ {
			all = append(all, i)
		}
	}
	return all
}

func TestEnough(t *testing.T) {
	if err := (Window{Minimum: 3}).Enough(2); err == nil || !strings.Contains(err.Error(), "2 rows and needs 3") {
		t.Errorf("got %v", err)
	}
	if err := (Window{Minimum: 3}).Enough(3); err != nil {
		t.Error(err)
	}
}

func BenchmarkSelect(b *testing.B) {
	times := make([]float64, 1_000_000)
	for i := range times {
		times[i] = float64(i)
	}
	window := Window{From: time.Unix(250_000, 0), To: time.Unix(750_000, 0)}
	b.ReportAllocs()
	for b.Loop() {
		window.Select(times, noon)
	}
}
