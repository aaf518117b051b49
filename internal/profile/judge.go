package profile

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Reasons for programs, beside those of package native.
const (
	reasonScore         = "ScoreBeyondThreshold"
	reasonBelow         = "ScoreWithinThreshold"
	reasonNoValues      = "NoValues"
	reasonNotComparable = "NotComparable"
	reasonMissing       = "MissingColumn"
	reasonType          = "TypeChanged"
	reasonMethod        = "MethodFailed"
	reasonBins          = "WithinBins"
	reasonAnchor        = "DriftedFromAnchor"
)

// verdict is one method's word on one column. The score's threshold and so on are
// in outcome; the effect has its own unit.
type verdict struct {
	outcome         drift.Outcome
	state           report.ColumnState
	reason, message string
	effect          stat.Interval
	measured        float64
	unit            string
	// bounded says that effect is an interval that the verdict rests on.
	bounded bool
	// evidence is what the native rule decides on when all columns are there.
	evidence *native.Evidence
	// slack is how much larger than its distance bins allow the true one to be.
	slack float64
}

func unknown(reason, message string) verdict {
	nan := math.NaN()
	return verdict{state: report.ColumnUnknown, reason: reason, message: message, measured: nan,
		effect: stat.Interval{Lower: nan, Upper: nan}, outcome: drift.Outcome{Score: nan, Threshold: nan, P: nan}}
}

// rule is what judges a column of numbers or categories.
type rule struct {
	compat    report.Compat
	method    string
	threshold *float64
}

// ruleFor joins what the schema says of a column with what the caller overrides.
func (o *Options) ruleFor(said schema.Column, kind drift.Kind) rule {
	r := rule{compat: o.Compat, method: said.Method, threshold: said.Threshold}
	if o.Method != "" && fits(o.Compat, o.Method, kind) {
		r.method = o.Method
	}
	if o.Threshold != nil {
		r.threshold = o.Threshold
	}
	return r
}

// judge compares the two sides of a column.
func (r rule) judge(reference, current *Summary) verdict {
	switch {
	case reference.values() == 0:
		return unknown(reasonNoValues, "the reference has no usable value: leave the column out, or widen the reference")
	case current.values() == 0:
		return unknown(reasonNoValues, "the current data has no usable value: widen the window, or see why they are missing")
	}
	var v verdict
	switch {
	case r.compat == report.Native:
		v = r.native(reference, current)
	case reference.Bins != nil && r.compat != report.NannyML:
		v = r.binned(reference, current)
	case r.compat == report.NannyML:
		v = r.nannyml(reference, current)
	default:
		v = r.evidently(reference, current)
	}
	v.measure(reference, current)
	return v
}

func (r rule) evidently(reference, current *Summary) verdict {
	column := drift.Column{Name: reference.Name, Kind: reference.Kind}
	if reference.Kind == drift.Numerical {
		column.Numbers = drift.Numbers{Reference: reference.Numbers, Current: current.Numbers, Whole: reference.whole() && current.whole()}
	} else {
		column.Counts = joinCounts(reference, current)
		if evidently.Method(r.method) == evidently.TVD {
			addRows(&column.Counts, reference, current)
		}
	}
	outcome, err := evidently.Compare(column, evidently.Options{Method: evidently.Method(r.method), Threshold: r.threshold})
	if err != nil {
		return unknown(reasonMethod, err.Error())
	}
	return scored(outcome)
}

func (r rule) nannyml(reference, current *Summary) verdict {
	method := nannyml.Method(r.method)
	if method == "" {
		method = nannyml.Default
	}
	fitted, known := reference.NannyML[method]
	if !known {
		return unknown(reasonMethod, fmt.Sprintf("the reference was not prepared for %s: save it again with --compat nannyml --method %s", method, method))
	}
	if r.threshold != nil {
		fitted.Threshold = *r.threshold
	}
	if reference.Kind != drift.Numerical {
		c, err := nannyml.RestoreCategories(fitted, reference.tally())
		if err != nil {
			return unknown(reasonMethod, err.Error())
		}
		return scored(c.Compare(current.tally()))
	}
	if reference.Bins != nil && fitted.Edges == nil {
		return unknown(reasonMethod, fmt.Sprintf("%s needs the reference's values, and only bins were saved: save it exactly", method))
	}
	if current.Infinite > 0 {
		return unknown(reasonMethod, "the current data has infinite values, which NannyML cannot bin: clean the column or take --compat evidently")
	}
	c, err := nannyml.RestoreContinuous(fitted, reference.Numbers)
	if err != nil {
		return unknown(reasonMethod, err.Error())
	}
	return scored(c.Compare(current.Numbers))
}

// native weighs the window; the verdict is given when all columns are there.
func (r rule) native(reference, current *Summary) verdict {
	if reference.Native == nil {
		return unknown(reasonMethod, "the reference was saved without blocks: save it again with --block, as long as the windows that will be compared")
	}
	var evidence native.Evidence
	slack := 0.0
	if reference.Bins != nil {
		within := reference.boundedEffect(current)
		evidence, slack = native.Evidence{Rows: current.values(), Distance: within.Lower}, within.Upper-within.Lower
	} else {
		window := native.Sample{Numbers: current.Numbers}
		if current.Kind != drift.Numerical {
			window.Counts = current.tally()
		}
		evidence = reference.Native.Weigh(reference.pooled(), window)
	}
	return verdict{evidence: &evidence, slack: slack, state: report.ColumnUnknown, outcome: drift.Outcome{
		Method: string(reference.Native.Measure), Score: evidence.Distance, P: math.NaN(), Threshold: reference.Native.MinEffect,
	}}
}

// boundedEffect is what the native rule's distance to a binned reference lies in.
func (s *Summary) boundedEffect(current *Summary) stat.Interval {
	if s.Native.Constant {
		value := s.Bins.Edges[0]
		same := float64(current.Numbers.UpTo(value) - current.Numbers.Below(value))
		elsewhere := 1 - same/float64(len(current.Numbers))
		return stat.Interval{Lower: elsewhere, Upper: elsewhere}
	}
	ks, wasserstein := stat.CompareBinned(*s.Bins, current.Numbers)
	if s.Native.Measure == native.KolmogorovSmirnov {
		return ks
	}
	return stat.Interval{Lower: wasserstein.Lower / s.Std, Upper: wasserstein.Upper / s.Std}
}

// binned judges by an interval: what lies on both sides of the threshold is
// unknown.
func (r rule) binned(reference, current *Summary) verdict {
	ks, wasserstein := stat.CompareBinned(*reference.Bins, current.Numbers)
	method := evidently.Method(r.method)
	if method == "" {
		method = evidently.Wasserstein
	}
	threshold, within := 0.1, ks
	switch method {
	case evidently.Wasserstein:
		scale := math.Max(reference.Std, stat.NormFloor)
		within = stat.Interval{Lower: wasserstein.Lower / scale, Upper: wasserstein.Upper / scale}
	case evidently.KS:
		if r.threshold == nil {
			return unknown(reasonMethod, "a binned reference knows Kolmogorov-Smirnov's D, never its p-value: give a threshold on D, or save the reference exactly")
		}
	default:
		return unknown(reasonMethod, fmt.Sprintf("%s needs the reference's values, and only bins were saved: take wasserstein, or save it exactly", method))
	}
	if r.threshold != nil {
		threshold = *r.threshold
	}
	v := verdict{effect: within, bounded: true, outcome: drift.Outcome{
		Method: string(method), Score: (within.Lower + within.Upper) / 2, Threshold: threshold, P: math.NaN(),
	}}
	switch {
	case within.Lower >= threshold:
		v.state, v.reason, v.outcome.Drifted = report.ColumnDrifted, reasonScore, true
	case within.Upper < threshold:
		v.state, v.reason = report.ColumnStable, reasonBelow
	default:
		v.state, v.reason = report.ColumnUnknown, reasonBins
		v.message = fmt.Sprintf("the bins allow distances from %.3g to %.3g, on both sides of the threshold: save the reference with more bins, or exactly", within.Lower, within.Upper)
	}
	return v
}

func scored(outcome drift.Outcome) verdict {
	v := verdict{outcome: outcome, state: report.ColumnStable, reason: reasonBelow}
	switch {
	case outcome.Drifted:
		v.state, v.reason = report.ColumnDrifted, reasonScore
	case math.IsNaN(outcome.Score):
		return unknown(reasonMethod, outcome.Method+" says nothing about these values: choose another method for the column")
	}
	return v
}

// measure adds the effect in the unit that all methods share.
func (v *verdict) measure(reference, current *Summary) {
	nan := math.NaN()
	if !v.bounded {
		v.effect = stat.Interval{Lower: nan, Upper: nan}
	}
	switch {
	case v.evidence != nil && !math.IsNaN(v.evidence.Distance):
		v.measured, v.unit = v.evidence.Distance, unitOf(reference.Native)
	case reference.Kind != drift.Numerical:
		counts := joinCounts(reference, current)
		v.measured, v.unit = stat.TotalVariation(counts.Shares()), report.ShareOfRows
	case reference.Std == 0 && reference.Bins == nil:
		v.measured, v.unit = stat.Compare(reference.Numbers, current.Numbers).KolmogorovSmirnov, report.ShareOfRows
	case reference.Bins != nil:
		_, w := stat.CompareBinned(*reference.Bins, current.Numbers)
		v.measured, v.unit = (w.Lower+w.Upper)/2/reference.Std, report.StandardDeviations
	default:
		v.measured, v.unit = stat.Compare(reference.Numbers, current.Numbers).Wasserstein/reference.Std, report.StandardDeviations
	}
}

// unitOf is what the native rule's distance is measured in.
func unitOf(l *native.Learned) string {
	switch {
	case l.Constant || l.Measure == native.TotalVariation:
		return report.ShareOfRows
	case l.Measure == native.KolmogorovSmirnov:
		return report.ShareOfRange
	}
	return report.StandardDeviations
}

// whole says that the column was stored as whole numbers without a gap.
func (s *Summary) whole() bool { return s.Type == table.Integer && s.Missing+s.TypeErrors == 0 }

// joinCounts puts both sides' categories side by side, in the column's own order.
func joinCounts(reference, current *Summary) drift.Counts {
	if reference.Hashed != current.Hashed {
		reference, current = hashed(reference), hashed(current)
	}
	compare := strings.Compare
	if reference.Numeric && current.Numeric {
		compare = compareNumbers
	}
	left, right := reference.tally(), current.tally()
	labels := slices.Clone(reference.Labels)
	for _, label := range current.Labels {
		if _, known := left[label]; !known {
			labels = append(labels, label)
		}
	}
	slices.SortFunc(labels, compare)
	labels = slices.Compact(labels)
	counts := drift.Counts{Labels: labels, Reference: make([]int, len(labels)), Current: make([]int, len(labels))}
	for i, label := range labels {
		counts.Reference[i], counts.Current[i] = left[label], right[label]
	}
	return counts
}

// addRows adds the labels of the rows in order, which only a seeded permutation
// test depends on, where both sides are at hand.
func addRows(counts *drift.Counts, reference, current *Summary) {
	compare := strings.Compare
	if reference.Numeric && current.Numeric {
		compare = compareNumbers
	}
	if reference.live != nil && current.live != nil && reference.Hashed == current.Hashed {
		counts.ReferenceRows = rowsOf(reference, counts.Labels, compare)
		counts.CurrentRows = rowsOf(current, counts.Labels, compare)
	}
}

// rowsOf are the labels of the rows in order.
func rowsOf(s *Summary, labels []string, compare func(a, b string) int) []int32 {
	at := make([]int32, len(s.live.labels))
	for i, label := range s.live.labels {
		position, _ := slices.BinarySearchFunc(labels, label, compare)
		at[i] = int32(position)
	}
	rows := make([]int32, 0, len(s.live.codes))
	for _, code := range s.live.codes {
		if code != table.Absent {
			rows = append(rows, at[code])
		}
	}
	return rows
}

// hashed is a summary whose labels are their hashes.
func hashed(s *Summary) *Summary {
	if s.Hashed {
		return s
	}
	out := *s
	out.Labels, out.Hashed, out.Numeric, out.live = make([]string, len(s.Labels)), true, false, nil
	for i, label := range s.Labels {
		out.Labels[i] = table.Hash(label)
	}
	return &out
}

// fits says that a rule has a method for a kind of column.
func fits(compat report.Compat, method string, kind drift.Kind) bool {
	switch compat {
	case report.NannyML:
		return slices.Contains(nannyml.Methods(kind), nannyml.Method(method))
	case report.Evidently:
		return evidently.Fits(evidently.Method(method), kind)
	}
	return false
}
