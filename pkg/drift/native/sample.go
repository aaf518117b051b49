package native

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Sample is what one column holds in one block or window, cleaned. A numerical
// column has Numbers, any other Counts.
type Sample struct {
	Numbers stat.Sorted
	Counts  map[string]int
}

// rows is the number of values.
func (s Sample) rows() int {
	n := len(s.Numbers)
	for _, count := range s.Counts {
		n += count
	}
	return n
}

// Effect is the distance that a numerical column is judged by.
type Effect string

const (
	// Wasserstein is the first Wasserstein distance in standard deviations of the
	// reference: 0.1 is a shift of all values by a tenth of a deviation.
	Wasserstein Effect = "wasserstein"
	// KolmogorovSmirnov is the largest difference of the distribution functions:
	// 0.1 is a tenth of the rows on another side of some value. Take it where
	// rare, huge values make the standard deviation meaningless.
	KolmogorovSmirnov Effect = "ks"
	// TotalVariation is what categories are always judged by: 0.1 is a tenth of
	// the rows in another category.
	TotalVariation Effect = "tv"
)

// reference is a column's blocks pooled.
type reference struct {
	kind   drift.Kind
	effect Effect
	pooled Sample
	rows   int
	std    float64
}

// pool joins the blocks of a column.
func pool(c Column) reference {
	r := reference{kind: c.Kind, effect: c.Effect}
	if c.Kind != drift.Numerical {
		r.effect = TotalVariation
		r.pooled.Counts = map[string]int{}
		for _, block := range c.Blocks {
			for label, count := range block.Counts {
				r.pooled.Counts[label] += count
			}
		}
		r.rows = r.pooled.rows()
		return r
	}
	if r.effect == "" {
		r.effect = Wasserstein
	}
	var values []float64
	for _, block := range c.Blocks {
		values = append(values, block.Numbers...)
	}
	r.pooled.Numbers = stat.Sort(values)
	r.rows = len(values)
	if r.rows > 0 {
		r.std = stat.Std(r.pooled.Numbers)
	}
	return r
}

// constant says that the reference knows one value only.
func (r reference) constant() bool {
	if r.kind != drift.Numerical {
		return len(r.pooled.Counts) == 1
	}
	return r.rows > 0 && r.pooled.Numbers[0] == r.pooled.Numbers[r.rows-1]
}

// distance is the effect between the whole reference and a sample; NaN where the
// sample is empty.
func (r reference) distance(s Sample) float64 {
	n := s.rows()
	if n == 0 || r.rows == 0 {
		return math.NaN()
	}
	if r.effect == TotalVariation {
		return r.totalVariation(s, n)
	}
	d := stat.Compare(r.pooled.Numbers, s.Numbers)
	if r.effect == KolmogorovSmirnov {
		return d.KolmogorovSmirnov
	}
	return d.Wasserstein / r.std
}

func (r reference) totalVariation(s Sample, n int) float64 {
	counts := drift.CountLabels(r.pooled.Counts, s.Counts)
	p, q := stat.Shares(counts.Reference, r.rows), stat.Shares(counts.Current, n)
	return stat.TotalVariation(p, q)
}

// leaveOut is the effect between a block and the rest of the reference that it is
// part of. With F the reference's and G the block's distribution function, the
// rest has (N·F - n·G)/(N - n), so every distance that is linear in |F - G| grows
// by N/(N - n).
func (r reference) leaveOut(block Sample) float64 {
	n := block.rows()
	if n == r.rows {
		return math.NaN()
	}
	return r.distance(block) * float64(r.rows) / float64(r.rows-n)
}

// elsewhere is the share of a sample's rows that do not have a constant
// reference's value.
func (r reference) elsewhere(s Sample) float64 {
	n := s.rows()
	if r.kind != drift.Numerical {
		for label := range r.pooled.Counts {
			n -= s.Counts[label]
		}
		return float64(n) / float64(s.rows())
	}
	value := r.pooled.Numbers[0]
	return 1 - float64(s.Numbers.UpTo(value)-s.Numbers.Below(value))/float64(n)
}
