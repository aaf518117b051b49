package profile

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// PartVersion names the format of a Part.
const PartVersion = "trainyard.dev/drift-part/v1"

// Part is what one shard found out.
type Part struct {
	Version string `json:"version"`
	// Shard counts from 1, of Of.
	Shard int `json:"shard"`
	Of    int `json:"of"`
	// Plan tells comparisons apart.
	Plan string `json:"plan"`
	// Header is the report without its findings, the same in all parts.
	Header  report.Report `json:"header"`
	Native  NativeOptions `json:"native"`
	Columns []PartColumn  `json:"columns"`
	// Quality, Multivariate and Actions are of the whole table, and in the first
	// part only.
	Quality      []report.Finding     `json:"quality,omitempty"`
	Multivariate *report.Multivariate `json:"multivariate,omitempty"`
}

// NativeOptions are the native rule's, as JSON.
type NativeOptions struct {
	FalseAlarmsPerYear exact `json:"falseAlarmsPerYear"`
	WindowsPerYear     exact `json:"windowsPerYear"`
	MinEffect          exact `json:"minEffect"`
	MinRows            int   `json:"minRows"`
}

// PartColumn is one column, and what the rules that need all columns need of it.
type PartColumn struct {
	// Index is the column's place in the report.
	Index   int              `json:"index"`
	Column  report.Column    `json:"column"`
	Quality []report.Finding `json:"quality,omitempty"`
	Native  *Weighed         `json:"native,omitempty"`
	Anchor  *Weighed         `json:"anchor,omitempty"`
}

// Weighed is a column's native.Learned and native.Evidence, to the bit.
type Weighed struct {
	Kind      drift.Kind    `json:"kind"`
	Measure   native.Effect `json:"measure"`
	Rows      int           `json:"rows"`
	Std       exact         `json:"std"`
	Constant  bool          `json:"constant"`
	MinEffect exact         `json:"minEffect"`
	Distances []exact       `json:"distances"`
	Window    int           `json:"window"`
	Distance  exact         `json:"distance"`
	// Slack is what bins leave open above the distance.
	Slack exact `json:"slack,omitempty"`
}

// Compare compares the columns of one shard, 1..of.
func (p *Plan) Compare(ctx context.Context, shard, of int) (*Part, error) {
	if of < 1 || shard < 1 || shard > of {
		return nil, fmt.Errorf("shard %d/%d: shards count from 1", shard, of)
	}
	o := p.native()
	part := &Part{
		Version: PartVersion, Shard: shard, Of: of, Plan: p.digest, Header: p.header(),
		Native: NativeOptions{exact(o.FalseAlarmsPerYear), exact(o.WindowsPerYear), exact(o.MinEffect), o.MinRows},
	}
	var mine []int
	for i := shard - 1; i < len(p.columns); i += of {
		mine = append(mine, i)
	}
	var sorter stat.Sorter
	for done, i := range mine {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("stopped after %d of %d columns: %w", done, len(mine), err)
		}
		column, err := p.column(ctx, p.columns[i], &sorter)
		if err != nil {
			return nil, err
		}
		column.Index = i
		part.Columns = append(part.Columns, *column)
		if p.Options.Progress != nil {
			p.Options.Progress(done+1, len(mine), p.columns[i].name)
		}
	}
	if shard > 1 {
		return part, nil
	}
	var err error
	if part.Quality, err = p.tableQuality(ctx); err != nil {
		return nil, err
	}
	if p.Options.Multivariate {
		part.Multivariate, err = p.multivariate(ctx)
	}
	return part, err
}

// Write writes a part as JSON.
func (p *Part) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	if err := encoder.Encode(p); err != nil {
		return fmt.Errorf("write the part: %w", err)
	}
	return nil
}

// ReadPart reads what Write wrote.
func ReadPart(r io.Reader) (*Part, error) {
	var p Part
	if err := json.NewDecoder(r).Decode(&p); err != nil {
		return nil, fmt.Errorf("not the output of profiler compare --shard: %w", err)
	}
	if p.Version != PartVersion {
		return nil, fmt.Errorf("version is %q, this profiler reads %s: run the shard again with this profiler", p.Version, PartVersion)
	}
	return &p, nil
}

func weigh(l *native.Learned, e *native.Evidence, slack float64) *Weighed {
	if l == nil || e == nil {
		return nil
	}
	w := &Weighed{Kind: l.Kind, Measure: l.Measure, Rows: l.Rows, Std: exact(l.Std), Constant: l.Constant, MinEffect: exact(l.MinEffect), Window: e.Rows, Distance: exact(e.Distance), Slack: exact(slack)}
	for _, d := range l.Distances {
		w.Distances = append(w.Distances, exact(d))
	}
	return w
}

func (w *Weighed) learned(name string) (native.Learned, native.Evidence) {
	l := native.Learned{Name: name, Kind: w.Kind, Measure: w.Measure, Rows: w.Rows, Std: float64(w.Std), Constant: w.Constant, MinEffect: float64(w.MinEffect)}
	l.Distances = make([]float64, len(w.Distances))
	for i, d := range w.Distances {
		l.Distances[i] = float64(d)
	}
	return l, native.Evidence{Rows: w.Window, Distance: float64(w.Distance)}
}

func (n NativeOptions) options() native.Options {
	return native.Options{
		FalseAlarmsPerYear: float64(n.FalseAlarmsPerYear), WindowsPerYear: float64(n.WindowsPerYear),
		MinEffect: float64(n.MinEffect), MinRows: n.MinRows,
	}
}

// needOf is what the reference must bring for a column.
func (p *Plan) needOf(said schema.Column, kind drift.Kind) need {
	return need{
		spans: p.blocks.spans, minEffect: p.native().MinEffect, said: said,
		nannyml: p.Options.fitted(said, kind), relabel: p.Options.relabel(said),
	}
}
