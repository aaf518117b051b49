package profile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// memory is a table of columns in memory; each read is a copy.
type memory []table.Column

func (m memory) Schema() table.Schema {
	var s table.Schema
	for _, c := range m {
		s = append(s, c.Field)
	}
	return s
}

func (m memory) Rows() int { return m[0].Rows() }

func (m memory) Close() error { return nil }

func (m memory) Column(_ context.Context, name string) (table.Column, error) {
	for _, c := range m {
		if c.Name == name {
			c.Numbers = append([]float64(nil), c.Numbers...)
			c.Codes = append([]int32(nil), c.Codes...)
			if len(c.Codes) == 0 {
				c.Codes = nil
			}
			return c, nil
		}
	}
	return table.Column{}, &table.UnknownColumnError{Source: "memory", Column: name, Known: m.Schema()}
}

func numbers(name string, t table.Type, values ...float64) table.Column {
	c := table.Column{Field: table.Field{Name: name, Type: t}, Numbers: values}
	for _, v := range values {
		if math.IsNaN(v) {
			c.Missing++
		}
	}
	return c
}

func texts(name string, values ...string) table.Column {
	c := table.Column{Field: table.Field{Name: name, Type: table.String}}
	index := map[string]int32{}
	for _, v := range values {
		if v == "" {
			c.Codes = append(c.Codes, table.Absent)
			c.Missing++
			continue
		}
		code, known := index[v]
		if !known {
			code = int32(len(c.Labels))
			index[v] = code
			c.Labels = append(c.Labels, v)
		}
		c.Codes = append(c.Codes, code)
	}
	return c
}

// mixed is a table of every kind of column, whose numbers are shifted.
func mixed(seed uint64, rows int, shift float64) memory {
	r := rand.New(rand.NewPCG(seed, 99))
	var x, y, whole, flag, stamp, constant []float64
	var city, note []string
	for i := range rows {
		x = append(x, r.NormFloat64()+shift)
		y = append(y, r.ExpFloat64())
		whole = append(whole, float64(r.IntN(6)))
		flag = append(flag, float64(r.IntN(2)))
		stamp = append(stamp, 1.7e9+float64(3600*i))
		constant = append(constant, 7)
		city = append(city, []string{"Rome", "Oslo", "Lima", ""}[r.IntN(4)])
		note = append(note, fmt.Sprintf("order %d of %s with %d words", i, []string{"milk", "bread", "tea"}[r.IntN(3)], r.IntN(1000)))
	}
	y[3], y[5] = math.NaN(), math.Inf(1)
	return memory{
		numbers("x", table.Float, x...), numbers("y", table.Float, y...), numbers("whole", table.Integer, whole...),
		numbers("flag", table.Boolean, flag...), numbers("at", table.Timestamp, stamp...), numbers("constant", table.Float, constant...),
		texts("city", city...), texts("note", note...),
	}
}

func view(t *testing.T, m memory, name, timeColumn string) *profile.View {
	t.Helper()
	v, err := profile.NewView(t.Context(), m, name, timeColumn)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newPlan(t *testing.T, reference, current memory, o profile.Options) *profile.Plan {
	t.Helper()
	if o.Schema == nil {
		o.Schema = &schema.Schema{}
	}
	plan, err := profile.NewPlan(profile.Live{View: view(t, reference, "reference", o.Schema.TimeColumn)}, view(t, current, "current", o.Schema.TimeColumn), o)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func compare(t *testing.T, plan *profile.Plan, shards int) *report.Report {
	t.Helper()
	var parts []*profile.Part
	for shard := shards; shard >= 1; shard-- {
		part, err := plan.Compare(t.Context(), shard, shards)
		if err != nil {
			t.Fatal(err)
		}
		// A part goes through a file.
		var file bytes.Buffer
		if err := part.Write(&file); err != nil {
			t.Fatal(err)
		}
		if part, err = profile.ReadPart(&file); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	r, err := profile.Merge(parts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func text(t *testing.T, r *report.Report) string {
	t.Helper()
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Any split gives the same bytes, under every rule.
func TestAnySplitIsTheSame(t *testing.T) {
	reference, current := mixed(1, 1600, 0), mixed(2, 130, 0.8)
	for _, compat := range []report.Compat{report.Native, report.Evidently, report.NannyML} {
		plan := newPlan(t, reference, current, profile.Options{Compat: compat, Multivariate: compat == report.NannyML})
		whole := text(t, compare(t, plan, 1))
		for _, shards := range []int{2, 20} {
			if diff := cmp.Diff(whole, text(t, compare(t, plan, shards))); diff != "" {
				t.Errorf("%s in %d shards:\n%s", compat, shards, diff)
			}
		}
	}
}

func column(t *testing.T, r *report.Report, name string) report.Column {
	t.Helper()
	for _, c := range r.Columns {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no column %q in the report", name)
	return report.Column{}
}

func TestEveryRuleSeesTheShift(t *testing.T) {
	reference, current := mixed(1, 2000, 0), mixed(2, 150, 1.5)
	for _, compat := range []report.Compat{report.Native, report.Evidently, report.NannyML} {
		r := compare(t, newPlan(t, reference, current, profile.Options{Compat: compat}), 1)
		for name, want := range map[string]report.ColumnState{
			"x": report.ColumnDrifted, "constant": report.ColumnStable, "at": report.ColumnSkipped,
			"city": report.ColumnStable, "flag": report.ColumnStable,
		} {
			if c := column(t, r, name); c.State != want || c.Message == "" {
				t.Errorf("%s: %s is %s (%s %s), want %s", compat, name, c.State, c.Reason, c.Message, want)
			}
		}
		if len(r.Quality) > 0 {
			t.Errorf("%s: %v", compat, r.Quality)
		}
		if want := compat != report.Evidently; r.Drifted != want {
			t.Errorf("%s: drifted %v, want %v", compat, r.Drifted, want)
		}
	}
}

func TestKindsAsThePeerInfers(t *testing.T) {
	reference, current := mixed(1, 400, 0), mixed(2, 100, 0)
	for compat, want := range map[report.Compat]map[string]string{
		report.Evidently: {"x": "numerical", "whole": "categorical", "flag": "categorical", "city": "categorical", "note": "text", "at": "datetime"},
		report.NannyML:   {"x": "numerical", "whole": "numerical", "flag": "categorical", "city": "categorical", "note": "categorical", "at": "datetime"},
		report.Native:    {"x": "numerical", "whole": "categorical", "flag": "categorical", "city": "categorical", "note": "text", "at": "datetime"},
	} {
		r := compare(t, newPlan(t, reference, current, profile.Options{Compat: compat}), 1)
		for name, kind := range want {
			if c := column(t, r, name); string(c.Type) != kind {
				t.Errorf("%s: %s is %s, want %s", compat, name, c.Type, kind)
			}
		}
	}
}

func TestMergeRefusesWhatDoesNotBelong(t *testing.T) {
	reference, current := mixed(1, 400, 0), mixed(2, 100, 0)
	plan := newPlan(t, reference, current, profile.Options{Compat: report.Evidently})
	other := newPlan(t, reference, current, profile.Options{Compat: report.NannyML})
	part := func(p *profile.Plan, shard int) *profile.Part {
		out, err := p.Compare(t.Context(), shard, 2)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, parts := range map[string][]*profile.Part{
		"nothing": nil, "one missing": {part(plan, 1)}, "one twice": {part(plan, 1), part(plan, 1)}, "one foreign": {part(plan, 1), part(other, 2)},
	} {
		if _, err := profile.Merge(parts); err == nil {
			t.Errorf("%s was merged", name)
		}
	}
}
