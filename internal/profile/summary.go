package profile

import (
	"fmt"
	"math"
	"slices"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/quality"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Summary is what a comparison needs of one column of a reference: what is saved
// in a profile, and what is made afresh of a reference that is read.
type Summary struct {
	table.Field
	Kind                                drift.Kind
	Rows, Missing, TypeErrors, Infinite int
	// Numbers are the usable values of a numerical column; nil where only Bins are
	// kept. Mean and Std are theirs.
	Numbers   stat.Sorted
	Bins      *stat.Binned
	Mean, Std float64
	// Labels and Counts are those of any other kind; Numeric says that labels are
	// numbers, Hashed that they are hashes.
	Labels          []string
	Counts          []int
	Numeric, Hashed bool
	// Native is what the native rule learned from the blocks; Pooled are the values
	// inside blocks, where that is not all.
	Native *native.Learned
	Pooled *native.Sample
	// NannyML holds what its methods learned, by their names.
	NannyML map[nannyml.Method]nannyml.Fitted

	// rows in order, of a reference that was just read: what only some methods need.
	live *values
}

// values is the number of usable values.
func (s *Summary) values() int { return s.Rows - s.Missing - s.TypeErrors - s.Infinite }

// summarise makes the summary of a reference's column. need says what beyond the
// distribution is wanted.
func summarise(v values, need need, sorter *stat.Sorter) (*Summary, error) {
	s := &Summary{
		Field: v.field, Kind: v.kind, Rows: v.rows, Missing: v.missing, TypeErrors: v.typeErrors, Infinite: v.infinite,
		Labels: v.labels, Numeric: v.numeric, Hashed: v.hashed, Mean: math.NaN(), Std: math.NaN(), live: &v,
	}
	if v.kind == drift.Numerical {
		s.Numbers = v.finite(0, v.rows, sorter)
		if len(s.Numbers) > 0 {
			s.Mean, s.Std = stat.Mean(s.Numbers), stat.Std(s.Numbers)
			if s.Numbers[0] == s.Numbers[len(s.Numbers)-1] {
				s.Std = 0 // and not what rounding makes of it
			}
		}
	} else {
		s.Counts = v.counts()
	}
	if need.spans != nil && native.Comparable(v.kind) {
		s.learn(&v, need, sorter)
	}
	for _, method := range need.nannyml {
		if err := s.fit(&v, method); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// need is what a summary must hold beyond a column's distribution.
type need struct {
	// spans are the native rule's blocks; nil for none.
	spans     []native.Span
	minEffect float64
	said      schema.Column
	nannyml   []nannyml.Method
	// relabel hashes categories; nil keeps them.
	relabel func(string) string
}

func (s *Summary) learn(v *values, need need, sorter *stat.Sorter) {
	column := native.Column{Name: v.field.Name, Kind: v.kind, Effect: native.Effect(need.said.Effect), MinEffect: need.said.MinEffect}
	spans := need.spans
	if len(spans) == 0 {
		// Too few to calibrate on, but a column of one value needs no calibration.
		spans = []native.Span{{From: 0, To: v.rows}}
	}
	covered := 0
	for _, span := range spans {
		covered += span.To - span.From
		column.Blocks = append(column.Blocks, v.sample(span.From, span.To, sorter))
	}
	learned, pooled := native.Learn(column, need.minEffect)
	s.Native = &learned
	if covered != v.rows {
		s.Pooled = &pooled
	}
}

// sample is some rows as the native rule takes them.
func (v *values) sample(from, to int, sorter *stat.Sorter) native.Sample {
	if v.kind == drift.Numerical {
		return native.Sample{Numbers: v.finite(from, to, sorter)}
	}
	return native.Sample{Counts: v.tally(from, to)}
}

// pooled is the reference of the native rule.
func (s *Summary) pooled() native.Sample {
	switch {
	case s.Pooled != nil:
		return *s.Pooled
	case s.Kind == drift.Numerical:
		return native.Sample{Numbers: s.Numbers}
	}
	return native.Sample{Counts: s.tally()}
}

// tally is the counts by label.
func (s *Summary) tally() map[string]int {
	out := make(map[string]int, len(s.Labels))
	for i, label := range s.Labels {
		if s.Counts[i] > 0 {
			out[label] = s.Counts[i]
		}
	}
	return out
}

func (s *Summary) fit(v *values, method nannyml.Method) error {
	if !slices.Contains(nannyml.Methods(v.kind), method) || v.kind != drift.Numerical && v.kind != drift.Categorical {
		return nil
	}
	var fitted nannyml.Fitted
	if v.kind == drift.Numerical {
		c, err := nannyml.FitContinuous(method, v.numbers)
		if err != nil {
			return fmt.Errorf("column %q: %w", v.field.Name, err)
		}
		fitted = c.Fitted
	} else {
		c, err := nannyml.FitCategories(method, v.labels, v.codes)
		if err != nil {
			return fmt.Errorf("column %q: %w", v.field.Name, err)
		}
		fitted = c.Fitted
	}
	if s.NannyML == nil {
		s.NannyML = map[nannyml.Method]nannyml.Fitted{}
	}
	s.NannyML[method] = fitted
	return nil
}

// bin forgets the values of a numerical column, but for counts between its own
// quantiles: of those inside blocks, where only these are compared.
func (s *Summary) bin(bins int) {
	kept := s.pooled().Numbers
	if len(kept) == 0 {
		kept = s.Numbers
	}
	binned := stat.Bin(kept, bins)
	s.Bins, s.Numbers, s.Pooled = &binned, nil, nil
}

// quantile is that of a numerical column: of a binned one, the edge at or above it.
func (s *Summary) quantile(p float64) float64 {
	if s.Bins == nil {
		return s.Numbers.Quantile(p)
	}
	want := p * float64(s.Bins.Rows())
	for i, count := range s.Bins.Counts {
		if want -= float64(count); want <= 0 {
			return s.Bins.Edges[i+1]
		}
	}
	return s.Bins.Edges[len(s.Bins.Edges)-1]
}

// unitQuantiles are those by which a change of unit is seen.
func (s *Summary) unitQuantiles() []float64 {
	if s.Kind != drift.Numerical || s.values() == 0 {
		return nil
	}
	out := make([]float64, len(quality.Levels))
	for i, level := range quality.Levels {
		out[i] = s.quantile(level)
	}
	return out
}

// histogram counts values between ascending edges, what lies beyond them in the
// outer bins. A bin of a binned reference counts where its upper edge lies.
func (s *Summary) histogram(edges []float64) []int {
	counts := make([]int, len(edges)-1)
	if s.Bins == nil {
		return fillHistogram(s.Numbers, edges)
	}
	for i, count := range s.Bins.Counts {
		at, _ := slices.BinarySearch(edges, s.Bins.Edges[i+1])
		counts[min(max(at-1, 0), len(counts)-1)] += count
	}
	return counts
}

// fillHistogram is Sorted.Histogram with the values beyond the edges in the outer
// bins.
func fillHistogram(values stat.Sorted, edges []float64) []int {
	counts := values.Histogram(edges)
	last := len(counts) - 1
	counts[0] += values.Below(edges[0])
	counts[last] += len(values) - values.UpTo(edges[last+1])
	return counts
}

// report is the side as a report shows it, without its distribution.
func (s *Summary) side() report.Side {
	side := report.Side{
		Rows: s.Rows, Missing: s.Missing, TypeErrors: s.TypeErrors, Infinite: s.Infinite,
		Distinct: len(s.Labels), Mean: number(s.Mean), Std: number(s.Std),
	}
	if s.Kind == drift.Numerical {
		if side.Distinct = s.Numbers.Distinct(report.DistinctCap); s.Bins != nil {
			side.Distinct = min(len(s.Bins.Edges), report.DistinctCap)
		}
	}
	return side
}

// number is a report's number: what is not finite does not exist.
func number(v float64) report.Number {
	if v-v != 0 {
		return report.None()
	}
	return report.Number(v)
}
