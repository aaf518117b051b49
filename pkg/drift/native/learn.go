package native

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Learned is what the rule keeps of one column of the reference beside its pooled
// values: plain values, so that columns can be learned apart, in other processes
// or at other times, and joined.
type Learned struct {
	Name    string
	Kind    drift.Kind
	Measure Effect
	// Rows is the number of the reference's values, Std their population standard
	// deviation where they are numbers.
	Rows int
	Std  float64
	// Constant says that the reference knows one value only.
	Constant  bool
	MinEffect float64
	// Distances are those of each block to the rest of the reference; NaN for a
	// block that says nothing.
	Distances []float64
}

// Learn is a column's calibration, and its reference: the blocks pooled. minEffect
// holds where the column has none of its own.
func Learn(column Column, minEffect float64) (Learned, Sample) {
	pooled := pool(column)
	l := Learned{
		Name: column.Name, Kind: column.Kind, Measure: TotalVariation, Rows: pooled.rows(),
		Constant: pooled.constant(), MinEffect: minEffect, Distances: make([]float64, len(column.Blocks)),
	}
	if column.MinEffect != nil {
		l.MinEffect = *column.MinEffect
	}
	if column.Kind == drift.Numerical {
		if l.Measure = column.Effect; l.Measure == "" {
			l.Measure = Wasserstein
		}
		if l.Rows > 0 {
			l.Std = stat.Std(pooled.Numbers)
		}
	}
	for i, block := range column.Blocks {
		l.Distances[i] = math.NaN()
		if !l.Constant {
			l.Distances[i] = l.leaveOut(pooled, block)
		}
	}
	return l, pooled
}

// Evidence is what one window says of one column.
type Evidence struct {
	// Rows is the number of the window's values.
	Rows int
	// Distance is the measured effect; of a constant column the share of rows that
	// have another value. NaN where either side is empty.
	Distance float64
}

// Weigh holds a window against the pooled reference that was learned from.
func (l Learned) Weigh(pooled, window Sample) Evidence {
	e := Evidence{Rows: window.rows()}
	if l.Constant && e.Rows > 0 {
		e.Distance = elsewhere(pooled, window)
	} else {
		e.Distance = l.distance(pooled, window)
	}
	return e
}

// pool joins the blocks of a column.
func pool(c Column) Sample {
	if c.Kind != drift.Numerical {
		counts := map[string]int{}
		for _, block := range c.Blocks {
			for label, count := range block.Counts {
				counts[label] += count
			}
		}
		return Sample{Counts: counts}
	}
	rows := 0
	for _, block := range c.Blocks {
		rows += len(block.Numbers)
	}
	values := make([]float64, 0, rows)
	for _, block := range c.Blocks {
		values = append(values, block.Numbers...)
	}
	return Sample{Numbers: stat.Sort(values)}
}

// constant says that the sample knows one value only.
func (s Sample) constant() bool {
	if n := len(s.Numbers); n > 0 {
		return s.Numbers[0] == s.Numbers[n-1]
	}
	return len(s.Counts) == 1
}

// distance is the effect between the whole reference and a sample; NaN where
// either is empty.
func (l Learned) distance(pooled, s Sample) float64 {
	n := s.rows()
	if n == 0 || l.Rows == 0 {
		return math.NaN()
	}
	if l.Measure == TotalVariation {
		counts := drift.CountLabels(pooled.Counts, s.Counts)
		return stat.TotalVariation(stat.Shares(counts.Reference, l.Rows), stat.Shares(counts.Current, n))
	}
	d := stat.Compare(pooled.Numbers, s.Numbers)
	if l.Measure == KolmogorovSmirnov {
		return d.KolmogorovSmirnov
	}
	return d.Wasserstein / l.Std
}

// leaveOut is the effect between a block and the rest of the reference that it is
// part of. With F the reference's and G the block's distribution function, the
// rest has (N·F - n·G)/(N - n), so every distance that is linear in |F - G| grows
// by N/(N - n).
func (l Learned) leaveOut(pooled, block Sample) float64 {
	n := block.rows()
	if n == l.Rows {
		return math.NaN()
	}
	return l.distance(pooled, block) * float64(l.Rows) / float64(l.Rows-n)
}

// elsewhere is the share of a sample's rows that do not have a constant
// reference's value.
func elsewhere(pooled, s Sample) float64 {
	if len(pooled.Numbers) > 0 {
		value := pooled.Numbers[0]
		return 1 - float64(s.Numbers.UpTo(value)-s.Numbers.Below(value))/float64(len(s.Numbers))
	}
	n := s.rows()
	for label := range pooled.Counts {
		n -= s.Counts[label]
	}
	return float64(n) / float64(s.rows())
}
