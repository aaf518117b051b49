package evidently

import (
	"fmt"
	"math"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// binnedFrom is the number of distinct reference values above which numbers are
// binned instead of taken as categories.
const binnedFrom = 20

// shares are both sides' shares in Evidently's bins, before any filling.
func shares(c drift.Column) (reference, current []float64, err error) {
	if c.Kind != drift.Numerical || c.Numbers.Reference.Distinct(binnedFrom+1) <= binnedFrom {
		reference, current = c.Tally().Shares()
		return reference, current, nil
	}
	n, m := c.Rows()
	low, high := c.Numbers.Range()
	edges, err := stat.SturgesEdges(low, high, n+m, c.Numbers.Whole)
	if err != nil {
		return nil, nil, fmt.Errorf("binning: %w", err)
	}
	return stat.Shares(c.Numbers.Reference.Histogram(edges), n), stat.Shares(c.Numbers.Current.Histogram(edges), m), nil
}

// Fill replaces empty shares in place: by 0.0001, or by a millionth of the
// smallest share where that is not above 0.0001. The sum is not scaled back.
func Fill(shares []float64) {
	const substitute = 0.0001
	smallest := math.Inf(1)
	for _, s := range shares {
		if s != 0 {
			smallest = math.Min(smallest, s)
		}
	}
	by := substitute
	if smallest <= substitute {
		by = smallest / 1e6
	}
	for i, s := range shares {
		if s == 0 {
			shares[i] = by
		}
	}
}

func filled(c drift.Column) (reference, current []float64, err error) {
	reference, current, err = shares(c)
	if err == nil {
		Fill(reference)
		Fill(current)
	}
	return reference, current, err
}

func psi(c drift.Column) (score, error) {
	r, q, err := filled(c)
	return distance(stat.PSI(r, q)), err
}

func kullbackLeibler(c drift.Column) (score, error) {
	r, q, err := filled(c)
	return distance(stat.KullbackLeibler(r, q)), err
}

func jensenShannon(c drift.Column) (score, error) {
	r, q, err := shares(c)
	return distance(stat.JensenShannon(r, q)), err
}

// hellinger is √(1 - Σ√(r·c)); numbers are binned by Sturges' rule on the
// distinct values of both sides, as if each occurred once.
func hellinger(c drift.Column) (score, error) {
	if c.Kind != drift.Numerical {
		r, q := c.Counts.Shares()
		return distance(math.Sqrt(1 - stat.Bhattacharyya(r, q))), nil
	}
	low, high := c.Numbers.Range()
	edges, err := stat.SturgesEdges(low, high, c.Numbers.Distinct(math.MaxInt), c.Numbers.Whole)
	if err != nil {
		return score{}, fmt.Errorf("binning: %w", err)
	}
	r := density(c.Numbers.Reference, edges)
	q := density(c.Numbers.Current, edges)
	width := (edges[len(edges)-1] - edges[0]) / float64(len(edges)-1)
	// Term by term: near zero the distance is the root of a rounding error.
	affinity := 0.0
	for i := range r {
		affinity += math.Sqrt(r[i]*q[i]) * width
	}
	return distance(math.Sqrt(1 - math.Min(1, affinity))), nil
}

// density is each bin's count over its width and the rows.
func density(values stat.Sorted, edges []float64) []float64 {
	out := make([]float64, len(edges)-1)
	for i, count := range values.Histogram(edges) {
		out[i] = float64(count) / (edges[i+1] - edges[i]) / float64(len(values))
	}
	return out
}
