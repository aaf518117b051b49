package profile

import (
	"context"
	"errors"
	"fmt"

	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// column compares one column.
func (p *Plan) column(ctx context.Context, c planned, sorter *stat.Sorter) (*PartColumn, error) {
	out := &PartColumn{Column: blank(c)}
	if c.members != nil {
		v, err := p.embedding(ctx, c.members)
		out.Column.Type = drift.Kind(schema.Embedding)
		v.write(&out.Column)
		return out, err
	}
	read, absent, err := p.read(ctx, c.name)
	if err != nil {
		return nil, fmt.Errorf("current data: %w", err)
	}
	stored, _ := p.reference.Schema().Lookup(c.name)
	if absent {
		unknown(reasonMissing, "the current data has no such column: was it renamed?").write(&out.Column)
		out.Quality = p.absentQuality(c)
		return out, nil
	}
	kind, err := p.reference.kind(ctx, &p.Options, c.said, &read)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	if !parsed(c.said) && !comparableTypes(stored.Type, read.Type) {
		out.Column.Type = kind
		unknown(reasonType, fmt.Sprintf("stored as %s, in the reference as %s: convert it, or name its kind in the schema", read.Type, stored.Type)).write(&out.Column)
		out.Quality = p.typeQuality(c, stored.Type, read.Type)
		return out, nil
	}
	reference, err := p.reference.summary(ctx, c.name, kind, p.needOf(c.said, kind), sorter)
	if err != nil && !unfit(err) {
		return nil, fmt.Errorf("reference: %w", err)
	}
	if err != nil {
		out.Column.Type = kind
		unknown(reasonMethod, err.Error()).write(&out.Column)
		return out, nil
	}
	current, err := summarise(shape(read, kind).hidden(p.Options.relabel(c.said)), need{}, sorter)
	if err != nil {
		return nil, err
	}
	return out, p.compared(ctx, c, out, reference, current, sorter)
}

// unfit says that a column's values are of no use to the method, as opposed to a
// failure to read them.
func unfit(err error) bool {
	var infinite *nannyml.InfiniteError
	var bins *stat.BinsError
	return errors.As(err, &infinite) || errors.As(err, &bins) || errors.Is(err, nannyml.ErrEmpty) || errors.Is(err, nannyml.ErrTooFewRows)
}

// compared fills in a column of which both sides are there.
func (p *Plan) compared(ctx context.Context, c planned, out *PartColumn, reference, current *Summary, sorter *stat.Sorter) error {
	col := &out.Column
	col.Type = reference.Kind
	col.Reference, col.Current = reference.side(), current.side()
	var v verdict
	switch reference.Kind {
	case drift.Numerical, drift.Categorical:
		v = p.Options.ruleFor(c.said, reference.Kind).judge(reference, current)
		p.draw(col, c.said, reference, current)
	case drift.Text:
		v = p.text(c.said, reference, current)
	case drift.Datetime:
		v = skipped("times order the rows, and are not compared")
	default:
		v = skipped("its values are of no kind that can be compared: name the column's kind in the schema")
	}
	v.write(col)
	out.Native = weigh(reference.Native, v.evidence, v.slack)
	out.Quality = p.columnQuality(c, reference, current)
	if anchor := p.reference.anchor(); anchor != nil {
		return p.anchored(ctx, c, out, anchor, current, sorter)
	}
	return nil
}

// anchored compares with the fixed past, too.
func (p *Plan) anchored(ctx context.Context, c planned, out *PartColumn, anchor Reference, current *Summary, sorter *stat.Sorter) error {
	if _, known := anchor.Schema().Lookup(c.name); !known || !native.Comparable(current.Kind) {
		return nil
	}
	past, err := anchor.summary(ctx, c.name, current.Kind, p.needOf(c.said, current.Kind), sorter)
	if err != nil {
		return fmt.Errorf("anchor: %w", err)
	}
	v := p.Options.ruleFor(c.said, current.Kind).judge(past, current)
	var scratch report.Column
	v.write(&scratch)
	out.Column.Anchor = &report.Anchor{
		Score: scratch.Score, PValue: scratch.PValue, Threshold: scratch.Threshold, Effect: scratch.Effect,
		Lower: scratch.Lower, Upper: scratch.Upper, Drifted: scratch.Drifted, State: scratch.State, Reason: scratch.Reason,
	}
	out.Anchor = weigh(past.Native, v.evidence, v.slack)
	return nil
}

// blank is a column before anything is known of it.
func blank(c planned) report.Column {
	none := report.None()
	side := report.Side{Mean: none, Std: none}
	return report.Column{
		Name: c.name, Type: drift.Unknown, State: report.ColumnUnknown, Sensitive: c.said.Sensitive, Importance: number(c.said.Weight()),
		Score: none, PValue: none, Threshold: none, Effect: none, Lower: none, Upper: none, Reference: side, Current: side,
	}
}

func skipped(message string) verdict {
	v := unknown(reasonNotComparable, message)
	v.state = report.ColumnSkipped
	return v
}

// write puts a verdict in a report's column.
func (v verdict) write(c *report.Column) {
	c.State, c.Reason, c.Message = v.state, v.reason, v.message
	c.Method, c.Drifted = v.outcome.Method, v.state == report.ColumnDrifted
	c.Score, c.PValue, c.Threshold = number(v.outcome.Score), number(v.outcome.P), number(v.outcome.Threshold)
	c.Effect, c.EffectUnit = number(v.measured), v.unit
	c.Lower, c.Upper = number(v.effect.Lower), number(v.effect.Upper)
	if c.Message == "" && v.evidence == nil {
		c.Message = explain(c)
	}
}
