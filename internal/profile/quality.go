package profile

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/quality"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// The defaults of expectations that are not stated.
const (
	// moreMissing is how many more values may be missing than in the reference.
	moreMissing = 0.1
	// someTypeErrors is the share of values that may not be of the column's type.
	someTypeErrors = 0.01
	// someQuarantined is the share of rows that rules may take out.
	someQuarantined = 0.05
)

// columnQuality checks one column of the current data.
func (p *Plan) columnQuality(c planned, reference, current *Summary) []report.Finding {
	e := c.said.Expect
	share := 0.0
	if reference.Rows > 0 {
		share = float64(reference.Missing) / float64(reference.Rows)
	}
	unseenLimit := 1.0
	if len(e.Values) > 0 {
		unseenLimit = 0
	}
	expected := quality.Column{
		Name: c.name, Type: string(e.Type), Optional: c.said.Optional,
		MaxMissing:    first(math.Min(1, share+moreMissing), e.MaxMissing),
		MaxTypeErrors: first(someTypeErrors, e.MaxTypeErrors),
		MaxOutOfRange: first(0, e.MaxOutOfRange),
		MaxUnseen:     first(unseenLimit, e.MaxUnseen),
	}
	seen := quality.Seen{
		Name: c.name, Type: string(current.Type), Missing: current.Missing + current.TypeErrors, TypeErrors: 0,
		OutOfRange: outOfRange(current, e), Unseen: unseen(reference, current, e, p.Options.relabel(c.said)),
	}
	if current.TypeErrors > 0 {
		// A value that cannot be read is there: it is a type error, not missing.
		seen.Missing, seen.TypeErrors = current.Missing, current.TypeErrors
	}
	if e.Type == table.Float && current.Type == table.Integer {
		seen.Type = string(e.Type)
	}
	if e.Unit == nil || *e.Unit {
		expected.Quantiles, seen.Quantiles = reference.unitQuantiles(), current.unitQuantiles()
	}
	return p.findings(quality.Table{Columns: []quality.Column{expected}, MaxDuplicates: -1},
		quality.Observation{Rows: current.Rows, Columns: []quality.Seen{seen}})
}

func (p *Plan) findings(expected quality.Table, seen quality.Observation) []report.Finding {
	var out []report.Finding
	for _, f := range quality.Check(expected, seen, p.Options.Now) {
		out = append(out, report.Finding{
			Kind: string(f.Kind), Column: f.Column, Side: "current", Value: number(f.Value), Limit: number(f.Limit), Message: f.Message,
		})
	}
	return out
}

// outOfRange counts numbers beyond their bounds.
func outOfRange(s *Summary, e schema.Expectations) int {
	if s.Kind != drift.Numerical {
		return 0
	}
	n := 0
	if e.Min != nil {
		n += s.Numbers.Below(*e.Min)
	}
	if e.Max != nil {
		n += len(s.Numbers) - s.Numbers.UpTo(*e.Max)
	}
	return n
}

// unseen counts values of categories that may not occur.
func unseen(reference, current *Summary, e schema.Expectations, relabel func(string) string) int {
	if current.Kind != drift.Categorical {
		return 0
	}
	known := map[string]bool{}
	for _, value := range e.Values {
		if relabel != nil {
			value = relabel(value)
		}
		known[value] = true
	}
	if len(known) == 0 {
		for _, label := range reference.Labels {
			known[label] = true
		}
	}
	if reference.Hashed != current.Hashed {
		return 0 // more categories than are kept on one side: nothing to hold them against
	}
	n := 0
	for i, label := range current.Labels {
		if !known[label] {
			n += current.Counts[i]
		}
	}
	return n
}

func (p *Plan) absentQuality(c planned) []report.Finding {
	return p.findings(quality.Table{Columns: []quality.Column{{Name: c.name, Optional: c.said.Optional}}, MaxDuplicates: -1}, quality.Observation{})
}

func (p *Plan) typeQuality(c planned, was, is table.Type) []report.Finding {
	return p.findings(quality.Table{Columns: []quality.Column{{Name: c.name, Type: typeGroup(was)}}, MaxDuplicates: -1},
		quality.Observation{Columns: []quality.Seen{{Name: c.name, Type: typeGroup(is)}}})
}

// tableQuality checks the current data as a whole.
func (p *Plan) tableQuality(ctx context.Context) ([]report.Finding, error) {
	s := p.Options.Schema
	expected := quality.Table{Closed: s.Closed, MinRows: max(s.Rows.Min, 1), MaxRows: s.Rows.Max, MaxDuplicates: first(-1, s.Rows.MaxDuplicates)}
	seen := quality.Observation{Rows: p.current.Rows()}
	if !p.Options.Now.IsZero() {
		expected.MaxAge = time.Duration(s.Rows.MaxAge)
	}
	if _, newest := p.current.Span(); newest != nil {
		seen.Newest = *newest
	}
	if s.Rows.MaxDuplicates != nil {
		var err error
		if seen.Duplicates, err = duplicates(ctx, p.current, s.Key); err != nil {
			return nil, err
		}
	}
	for _, field := range p.current.Schema() {
		seen.Columns = append(seen.Columns, quality.Seen{Name: field.Name})
	}
	for _, field := range p.reference.Schema() {
		expected.Columns = append(expected.Columns, quality.Column{Name: field.Name, Optional: true})
	}
	for _, said := range s.Columns {
		expected.Columns = append(expected.Columns, quality.Column{Name: said.Name, Optional: true})
	}
	return append(p.findings(expected, seen), p.quarantined()...), nil
}

// quarantined says that rules took out more rows than may be.
func (p *Plan) quarantined() []report.Finding {
	acted, limit := p.Options.Acted, first(someQuarantined, p.Options.Schema.Rows.MaxQuarantined)
	share := 0.0
	if acted.Rows > 0 {
		share = float64(acted.Quarantined) / float64(acted.Rows)
	}
	if share <= limit {
		return nil
	}
	return []report.Finding{{
		Kind: "Quarantined", Side: "current", Value: number(share), Limit: number(limit),
		Message: fmt.Sprintf("rules took out %.3g %% of the rows, %.3g %% may: see which rule in the actions", 100*share, 100*limit),
	}}
}

// duplicates counts rows that agree with an earlier one in the key, or in all
// columns. A row is a hash of eight bytes, whatever the number of columns: two
// that differ agree by chance once in 10¹⁹ pairs.
func duplicates(ctx context.Context, v *View, key []string) (int, error) {
	if len(key) == 0 {
		for _, field := range v.Schema() {
			key = append(key, field.Name)
		}
	}
	rows := make([]uint64, v.Rows())
	for _, name := range key {
		column, err := v.Column(ctx, name)
		if err != nil {
			return 0, err
		}
		mix(rows, &column)
	}
	slices.Sort(rows)
	return len(rows) - len(slices.Compact(rows)), nil
}

// mix adds a column to the rows' hashes.
func mix(rows []uint64, c *table.Column) {
	labels := make([]uint64, len(c.Labels))
	for i, label := range c.Labels {
		labels[i] = xxhash.Sum64String(label)
	}
	var cell [16]byte
	for i := range rows {
		binary.LittleEndian.PutUint64(cell[:8], rows[i])
		value := uint64(math.MaxUint64)
		switch {
		case c.Codes != nil && c.Codes[i] != table.Absent:
			value = labels[c.Codes[i]]
		case c.Codes == nil && c.Numbers[i] == c.Numbers[i]:
			value = math.Float64bits(c.Numbers[i])
		}
		binary.LittleEndian.PutUint64(cell[8:], value)
		rows[i] = xxhash.Sum64(cell[:])
	}
}
