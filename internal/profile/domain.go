package profile

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/domain"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

const (
	// classifierRows is the number of rows of each side, evenly spaced, that a
	// classifier is given.
	classifierRows = 4000
	// oneHot is the number of categories of a column that get a feature of their
	// own, for the classifier.
	oneHot = 8
	// classifierSeed makes the random features the same in every run.
	classifierSeed = 1
	// classifierMethod is what reports call it.
	classifierMethod = "domain_classifier"
)

// apart is the verdict of a classifier: drifted if the area under its curve is,
// two standard errors over the folds less, above one half by more than minEffect.
func apart(reference, current []domain.Row, features int, minEffect float64) verdict {
	result, err := domain.Evaluate(reference, current, features, 0)
	if err != nil {
		return unknown(reasonMethod, err.Error())
	}
	margin := 2 * result.Spread()
	v := verdict{
		state: report.ColumnStable, reason: string(native.WithinMargin), unit: report.AreaAboveHalf, bounded: true,
		measured: result.AUC - 0.5, effect: stat.Interval{Lower: result.AUC - margin - 0.5, Upper: math.Min(0.5, result.AUC+margin-0.5)},
		outcome: drift.Outcome{Method: classifierMethod, Score: result.AUC, Threshold: 0.5 + minEffect, P: math.NaN()},
	}
	if v.effect.Lower > minEffect {
		v.state, v.reason = report.ColumnDrifted, string(native.EffectExceeded)
	}
	v.message = fmt.Sprintf("a classifier tells the two sides apart with an area of %.3f (0.5 is not at all), %.3f to %.3f over %d stretches of rows",
		result.AUC, 0.5+v.effect.Lower, 0.5+v.effect.Upper, len(result.Folds))
	return v
}

func (p *Plan) minEffect(said schema.Column) float64 {
	return first(p.native().MinEffect, p.Options.MinEffect, said.MinEffect)
}

// text compares a column of text.
func (p *Plan) text(said schema.Column, reference, current *Summary) verdict {
	switch {
	case reference.live == nil:
		return skipped("a saved reference holds no text: compare with the data itself")
	case reference.Hashed || current.Hashed:
		return skipped("more distinct texts than are kept: raise the limit of labels, or leave the column out")
	case p.Options.Compat == report.NannyML:
		return skipped("NannyML does not compare text")
	case p.Options.Compat == report.Evidently:
		return p.evidentlyText(said, reference, current)
	}
	return apart(words(reference.live), words(current.live), domain.Vocabulary, p.minEffect(said))
}

func words(v *values) []domain.Row {
	var rows []domain.Row
	for _, text := range domain.Thin(texts(v), classifierRows) {
		rows = append(rows, domain.Words(text))
	}
	return rows
}

// embedding compares columns that belong together.
func (p *Plan) embedding(ctx context.Context, members []string) (verdict, error) {
	live := p.reference.rows()
	if live == nil {
		return skipped("a saved reference holds no rows: compare with the data itself"), nil
	}
	var m matrices
	for _, name := range members {
		if err := m.add(ctx, live, p.current, name, drift.Numerical); err != nil {
			return verdict{}, err
		}
	}
	return m.verdict(p.native().MinEffect), nil
}

// multivariate compares all columns of numbers and categories together.
func (p *Plan) multivariate(ctx context.Context) (*report.Multivariate, error) {
	out := &report.Multivariate{AUC: report.None(), Lower: report.None(), Upper: report.None(), Threshold: report.None(), Columns: []string{}}
	live := p.reference.rows()
	if live == nil {
		out.Reason, out.Message = reasonNotComparable, "a saved reference holds no rows: compare with the data itself"
		return out, nil
	}
	var m matrices
	for _, c := range p.columns {
		kind, err := p.classifiable(ctx, c)
		if err != nil {
			return nil, err
		}
		if kind != drift.Numerical && kind != drift.Categorical {
			continue
		}
		if err := m.add(ctx, live, p.current, c.name, kind); err != nil {
			return nil, err
		}
		out.Columns = append(out.Columns, c.name)
	}
	v := m.verdict(p.native().MinEffect)
	out.AUC, out.Threshold = number(v.outcome.Score), number(v.outcome.Threshold)
	out.Lower, out.Upper = number(0.5+v.effect.Lower), number(0.5+v.effect.Upper)
	out.Drifted, out.Reason, out.Message = v.state == report.ColumnDrifted, v.reason, v.message
	out.Reference, out.Current = len(m.reference), len(m.current)
	return out, nil
}

// classifiable is a column's kind, Unknown where both sides do not have it alike.
func (p *Plan) classifiable(ctx context.Context, c planned) (drift.Kind, error) {
	stored, inReference := p.reference.Schema().Lookup(c.name)
	field, inCurrent := p.current.Schema().Lookup(c.name)
	if c.members != nil || !inReference || !inCurrent || !comparableTypes(stored.Type, field.Type) {
		return drift.Unknown, nil
	}
	read, err := p.current.Column(ctx, c.name)
	if err != nil {
		return drift.Unknown, err
	}
	return p.reference.kind(ctx, &p.Options, c.said, &read)
}

// matrices are features of both sides' rows, grown by column.
type matrices struct{ reference, current [][]float64 }

// add appends a column's features. Missing numbers become the reference's median,
// with a feature that says so where there are any; categories become a feature
// each for the most frequent of the reference.
func (m *matrices) add(ctx context.Context, reference, current *View, name string, kind drift.Kind) error {
	var sides [2]values
	for i, view := range []*View{reference, current} {
		column, err := view.Column(ctx, name)
		if err != nil {
			return err
		}
		sides[i] = shape(column, kind)
	}
	if m.reference == nil {
		m.reference = make([][]float64, min(sides[0].rows, classifierRows))
		m.current = make([][]float64, min(sides[1].rows, classifierRows))
	}
	encode := categoryFeatures
	if kind == drift.Numerical {
		encode = numberFeatures
	}
	features := encode(&sides[0], &sides[1])
	for i, rows := range [][][]float64{m.reference, m.current} {
		for row, at := range spaced(sides[i].rows, len(rows)) {
			rows[row] = append(rows[row], features(&sides[i], at)...)
		}
	}
	return nil
}

// spaced are n evenly spaced rows.
func spaced(rows, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i * rows / n
	}
	return out
}

func numberFeatures(reference, current *values) func(*values, int) []float64 {
	var sorter stat.Sorter
	median := 0.0
	if known := reference.finite(0, reference.rows, &sorter); len(known) > 0 {
		median = known.Quantile(0.5)
	}
	usable := func(v *values) int { return v.rows - v.missing - v.typeErrors - v.infinite }
	gaps := usable(reference) < reference.rows || usable(current) < current.rows
	return func(v *values, row int) []float64 {
		n, gap := v.numbers[row], 0.0
		if n-n != 0 {
			n, gap = median, 1
		}
		if gaps {
			return []float64{n, gap}
		}
		return []float64{n}
	}
}

func categoryFeatures(reference, _ *values) func(*values, int) []float64 {
	counts := reference.counts()
	order := make([]int, len(counts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return counts[b] - counts[a] })
	feature := map[string]int{}
	for i, code := range order[:min(len(order), oneHot)] {
		feature[reference.labels[code]] = i
	}
	width := len(feature) + 1 // the last is any other, or none
	return func(v *values, row int) []float64 {
		out := make([]float64, width)
		at := width - 1
		if code := v.codes[row]; code != table.Absent {
			if known, found := feature[v.labels[code]]; found {
				at = known
			}
		}
		out[at] = 1
		return out
	}
}

func (m *matrices) verdict(minEffect float64) verdict {
	if len(m.reference) == 0 || len(m.current) == 0 {
		return unknown(reasonNoValues, "no column of numbers or categories to compare together")
	}
	matrix := stat.Matrix{Columns: len(m.reference[0])}
	for _, row := range m.reference {
		matrix.Values = append(matrix.Values, row...)
	}
	fourier := domain.NewFourier(matrix, classifierSeed)
	features := func(rows [][]float64) []domain.Row {
		out := make([]domain.Row, len(rows))
		for i, row := range rows {
			out[i] = fourier.Row(row)
		}
		return out
	}
	reference, current := features(m.reference), features(m.current)
	return apart(reference, current, fourier.Features(), minEffect)
}
