package profile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// Plan is what all shards of one comparison agree on.
type Plan struct {
	Options   Options
	reference Reference
	current   *View
	columns   []planned
	blocks    blocks
	// digest tells plans apart: parts of different plans are not merged.
	digest string
}

// planned is one column that will be compared.
type planned struct {
	name string
	said schema.Column
	// members are the dimensions of an embedding.
	members []string
}

// NewPlan fixes a comparison of current rows with a reference.
func NewPlan(reference Reference, current *View, o Options) (*Plan, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if live := reference.rows(); live != nil {
		if n := overlap(live, current); n > 0 {
			return nil, fmt.Errorf("%d rows are both in the reference and in the current data: choose windows that do not overlap, with --reference-window and --current-window", n)
		}
	}
	p := &Plan{Options: o, reference: reference, current: current}
	var err error
	if p.columns, err = planColumns(reference.Schema(), &o); err != nil {
		return nil, err
	}
	if o.Compat == report.Native {
		if p.blocks, err = reference.blocks(&o, current); err != nil {
			return nil, err
		}
	}
	if p.digest, err = p.fingerprint(); err != nil {
		return nil, err
	}
	return p, nil
}

// Current are the rows that are judged, as rules left them.
func (p *Plan) Current() *View { return p.current }

// planColumns lists the columns to compare: those of the reference, in its order,
// that have no other role, then embeddings.
func planColumns(stored table.Schema, o *Options) ([]planned, error) {
	s := o.Schema
	roles := map[string]bool{s.TimeColumn: true, s.Label: true, s.Prediction: true, s.Score: true}
	for _, key := range s.Key {
		roles[key] = true
	}
	var embeddings []planned
	for _, said := range s.Columns {
		if said.Kind != schema.Embedding {
			continue
		}
		members, err := dimensions(said, stored)
		if err != nil {
			return nil, err
		}
		for _, member := range members {
			roles[member] = true
		}
		embeddings = append(embeddings, planned{name: said.Name, said: said, members: members})
	}
	var columns []planned
	for _, field := range stored {
		said, listed := s.Lookup(field.Name)
		if said.Kind != schema.Ignore && (listed || !roles[field.Name]) && field.Name != s.TimeColumn {
			columns = append(columns, planned{name: field.Name, said: said})
		}
	}
	for _, said := range s.Columns {
		if _, stored := stored.Lookup(said.Name); !stored && !said.Optional && said.Kind != schema.Ignore && said.Kind != schema.Embedding {
			return nil, fmt.Errorf("the schema lists column %q, which the reference does not have: mark it optional, or correct its name", said.Name)
		}
	}
	return choose(append(columns, embeddings...), o.Columns)
}

// dimensions are the columns of an embedding.
func dimensions(said schema.Column, stored table.Schema) ([]string, error) {
	var members []string
	for _, pattern := range said.Columns {
		prefix, wild := strings.CutSuffix(pattern, "*")
		before := len(members)
		for _, field := range stored {
			if field.Name == pattern || wild && strings.HasPrefix(field.Name, prefix) {
				members = append(members, field.Name)
			}
		}
		if len(members) == before {
			return nil, fmt.Errorf("embedding %q: no column is called %q: correct its columns", said.Name, pattern)
		}
	}
	return members, nil
}

// choose keeps the columns that were named, in the order of the data.
func choose(columns []planned, names []string) ([]planned, error) {
	if len(names) == 0 {
		if len(columns) == 0 {
			return nil, fmt.Errorf("no column is left to compare: see the schema")
		}
		return columns, nil
	}
	var chosen []planned
	found := map[string]bool{}
	for _, c := range columns {
		if slices.Contains(names, c.name) {
			chosen = append(chosen, c)
			found[c.name] = true
		}
	}
	for _, name := range names {
		if !found[name] {
			return nil, fmt.Errorf("--columns names %q, which is not among the columns to compare: %s", name, someNames(columns))
		}
	}
	return chosen, nil
}

func someNames(columns []planned) string {
	var names []string
	for _, c := range columns[:min(len(columns), 10)] {
		names = append(names, c.name)
	}
	if len(columns) > 10 {
		names = append(names, fmt.Sprintf("and %d more", len(columns)-10))
	}
	return strings.Join(names, ", ")
}

// header is the report without its findings.
func (p *Plan) header() report.Report {
	current := inputOf(p.current)
	reference := p.reference.Input()
	r := report.Report{
		Version: report.Version, Compat: p.Options.Compat,
		Inputs:   report.Inputs{Reference: &reference, Current: &current},
		Settings: report.Settings{FalseAlarmsPerYear: report.None(), WindowsPerYear: report.None(), MinEffect: report.None()},
		Columns:  []report.Column{}, Quality: []report.Finding{}, DriftShare: report.None(),
	}
	r.Actions = p.Options.Acted.Actions
	if anchor := p.reference.anchor(); anchor != nil {
		input := anchor.Input()
		r.Inputs.Anchor = &input
	}
	if p.Options.Compat == report.Native {
		o := p.native()
		r.Settings = report.Settings{
			FalseAlarmsPerYear: number(o.FalseAlarmsPerYear), WindowsPerYear: number(o.WindowsPerYear), MinEffect: number(o.MinEffect),
			Blocks: p.blocks.count, BlockRows: p.blocks.typical, Window: p.blocks.length.String(), Season: p.blocks.season.String(),
		}
	}
	return r
}

func (p *Plan) native() native.Options { return p.Options.native(p.blocks.length) }

// fingerprint covers all that a part's figures depend on, but for the data itself.
func (p *Plan) fingerprint() (string, error) {
	o := p.Options
	names := make([]string, len(p.columns))
	for i, c := range p.columns {
		names[i] = c.name
	}
	text, err := json.Marshal(struct {
		Header       report.Report
		Columns      []string
		Schema       *schema.Schema
		Method       string
		Threshold    *float64
		Multivariate bool
		Keyed        string
	}{p.header(), names, o.Schema, o.Method, o.Threshold, o.Multivariate, keyedHash(o.HashKey, "")})
	if err != nil {
		return "", fmt.Errorf("describe the comparison: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// current reads a column of the current data; absent says that there is none.
func (p *Plan) read(ctx context.Context, name string) (column table.Column, absent bool, err error) {
	if _, stored := p.current.Schema().Lookup(name); !stored {
		return table.Column{}, true, nil
	}
	column, err = p.current.Column(ctx, name)
	return column, false, err
}

// comparable says that a column of the current data can stand beside the
// reference's: whole numbers and fractions go together.
func comparableTypes(a, b table.Type) bool { return typeGroup(a) == typeGroup(b) || a == "" || b == "" }

// typeGroup is what a type is called in a message on a change of type.
func typeGroup(t table.Type) string {
	if t == table.Integer || t == table.Float {
		return "number"
	}
	return string(t)
}

// parsed says that the schema makes numbers of whatever is stored.
func parsed(said schema.Column) bool { return said.Kind == schema.Kind(drift.Numerical) }
