package quality_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift/quality"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func kinds(findings []quality.Finding) []string {
	out := []string{}
	for _, f := range findings {
		out = append(out, strings.Trim(string(f.Kind)+" "+f.Column, " "))
	}
	return out
}

func TestCheck(t *testing.T) {
	good := quality.Seen{Name: "a", Type: "float"}
	table := quality.Table{
		Columns: []quality.Column{
			{Name: "a", Type: "float", MaxMissing: 0.1, MaxOutOfRange: 0.01, MaxUnseen: 0.05},
			{Name: "b", Optional: true},
		},
		MinRows: 50, MaxRows: 200, MaxDuplicates: 0.02, MaxAge: time.Hour,
	}
	for _, c := range []struct {
		name   string
		change func(*quality.Table, *quality.Observation)
		want   []string
	}{
		{"all well", func(*quality.Table, *quality.Observation) {}, nil},
		{"column gone", func(_ *quality.Table, o *quality.Observation) { o.Columns = nil }, []string{"MissingColumn a"}},
		{"column more, open schema", func(_ *quality.Table, o *quality.Observation) {
			o.Columns = append(o.Columns, quality.Seen{Name: "z"})
		}, nil},
		{"column more, closed schema", func(table *quality.Table, o *quality.Observation) {
			table.Closed = true
			o.Columns = append(o.Columns, quality.Seen{Name: "b"}, quality.Seen{Name: "z"})
		}, []string{"UnexpectedColumn z"}},
		{"other type", func(_ *quality.Table, o *quality.Observation) { o.Columns[0].Type = "string" }, []string{"TypeChanged a"}},
		{"missing at the limit", func(_ *quality.Table, o *quality.Observation) { o.Columns[0].Missing = 10 }, nil},
		{"missing above it", func(_ *quality.Table, o *quality.Observation) { o.Columns[0].Missing = 11 }, []string{"MissingValues a"}},
		{"one type error", func(_ *quality.Table, o *quality.Observation) { o.Columns[0].TypeErrors = 1 }, []string{"TypeErrors a"}},
		{"out of range among few", func(_ *quality.Table, o *quality.Observation) {
			o.Columns[0].Missing, o.Columns[0].OutOfRange = 10, 1
		}, []string{"OutOfRange a"}},
		{"unseen", func(_ *quality.Table, o *quality.Observation) { o.Columns[0].Unseen = 6 }, []string{"UnseenCategories a"}},
		{"few rows", func(_ *quality.Table, o *quality.Observation) { o.Rows = 49 }, []string{"RowCount"}},
		{"many rows", func(_ *quality.Table, o *quality.Observation) { o.Rows = 201 }, []string{"RowCount"}},
		{"duplicates", func(_ *quality.Table, o *quality.Observation) { o.Duplicates = 3 }, []string{"Duplicates"}},
		{"duplicates not looked at", func(table *quality.Table, o *quality.Observation) {
			table.MaxDuplicates, o.Duplicates = -1, 100
		}, nil},
		{"stale", func(_ *quality.Table, o *quality.Observation) { o.Newest = now.Add(-61 * time.Minute) }, []string{"Stale"}},
		{"from the future", func(_ *quality.Table, o *quality.Observation) { o.Newest = now.Add(time.Hour) }, nil},
		{"without times", func(_ *quality.Table, o *quality.Observation) { o.Newest = time.Time{} }, nil},
		{"no rows at all", func(_ *quality.Table, o *quality.Observation) { o.Rows = 0 }, []string{"RowCount"}},
	} {
		expected, seen := table, quality.Observation{Rows: 100, Newest: now.Add(-time.Minute), Columns: []quality.Seen{good}}
		c.change(&expected, &seen)
		findings := quality.Check(expected, seen, now)
		if diff := cmp.Diff(append([]string{}, c.want...), kinds(findings)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
		for _, f := range findings {
			if f.Message == "" {
				t.Errorf("%s: %s has no message", c.name, f.Kind)
			}
		}
	}
}

func quantiles(seed uint64, change func(float64) float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	values := make([]float64, 4000)
	for i := range values {
		values[i] = change(15 + 8*r.NormFloat64() + 3*r.ExpFloat64())
	}
	sorted := stat.Sort(values)
	out := make([]float64, len(quality.Levels))
	for i, level := range quality.Levels {
		out[i] = sorted.Quantile(level)
	}
	return out
}

func TestUnitChange(t *testing.T) {
	reference := quantiles(1, func(v float64) float64 { return v })
	for name, c := range map[string]struct {
		change func(float64) float64
		want   string
	}{
		"same":           {func(v float64) float64 { return v }, ""},
		"shifted a bit":  {func(v float64) float64 { return v + 4 }, ""},
		"shifted far":    {func(v float64) float64 { return v + 90 }, ""},
		"kilo":           {func(v float64) float64 { return v * 1000 }, "times 1000"},
		"binary kilo":    {func(v float64) float64 { return v * 1024 }, "times 10"},
		"fahrenheit":     {func(v float64) float64 { return v*1.8 + 32 }, "Fahrenheit"},
		"back to metric": {func(v float64) float64 { return (v - 32) / 1.8 }, "undone: in degrees Fahrenheit"},
		"kelvin":         {func(v float64) float64 { return v + 273.15 }, "kelvin"},
		"feet":           {func(v float64) float64 { return v / 0.3048 }, "feet"},
		"sign":           {func(v float64) float64 { return -v }, "sign"},
		"cents":          {func(v float64) float64 { return math.Round(v * 100) }, "times 100"},
	} {
		findings := quality.Check(
			quality.Table{Columns: []quality.Column{{Name: "x", Quantiles: reference}}},
			quality.Observation{Rows: 1, Columns: []quality.Seen{{Name: "x", Quantiles: quantiles(2, c.change)}}}, now)
		switch {
		case c.want == "" && len(findings) > 0:
			t.Errorf("%s: %v", name, findings)
		case c.want != "" && (len(findings) != 1 || findings[0].Kind != quality.UnitChanged || !strings.Contains(findings[0].Message, c.want)):
			t.Errorf("%s: %v, want %q", name, findings, c.want)
		}
	}
}

func TestUnitChangeIsSilentWithoutSpread(t *testing.T) {
	constant := []float64{1, 1, 1, 1, 1}
	findings := quality.Check(
		quality.Table{Columns: []quality.Column{{Name: "x", Quantiles: constant}}},
		quality.Observation{Rows: 1, Columns: []quality.Seen{{Name: "x", Quantiles: []float64{1000, 1000, 1000, 1000, 1000}}}}, now)
	if len(findings) > 0 {
		t.Errorf("%v", findings)
	}
}
