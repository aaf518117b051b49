package evidently

import (
	"errors"
	"fmt"
	"math"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/dist"
	"github.com/trainyard/trainyard/pkg/drift/mersenne"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// ErrUnequalRows reports sides of different length, which Evidently's Fisher
// test refuses.
var ErrUnequalRows = errors.New("fisher_exact needs as many current rows as reference rows: take z, or cut the longer side")

// ErrNotBinary reports more than two categories in a two-category test.
var ErrNotBinary = errors.New("fisher_exact needs at most two categories: take chisquare")

// RowsError reports more rows than a quadratic method is run on.
type RowsError struct {
	Method      Method
	Rows, Limit int
}

func (e *RowsError) Error() string {
	return fmt.Sprintf("%s takes memory by the square of the rows, %d are too many: pass at most %d, sampled", e.Method, e.Rows, e.Limit)
}

// chiSquare is one-way, against the reference counts scaled to the current rows.
func chiSquare(c drift.Column) (score, error) {
	counts := c.Tally()
	n, m := counts.Rows()
	expected, observed := counts.Floats()
	for i := range expected {
		expected[i] *= float64(m) / float64(n)
	}
	return pValue(stat.ChiSquare(observed, expected)), nil
}

// twoProportions compares the share of rows that are not the first category in
// sorted order.
func twoProportions(c drift.Column) (score, error) {
	counts := c.Tally()
	if len(counts.Labels) == 1 {
		return pValue(stat.Result{Statistic: 0, P: 1}), nil
	}
	n, m := counts.Rows()
	r := stat.TwoProportions(n-counts.Reference[0], n, m-counts.Current[0], m)
	r.P = 2 * (1 - dist.NormalCDF(math.Abs(r.Statistic)))
	return pValue(r), nil
}

func gTest(c drift.Column) (score, error) {
	expected, observed := c.Counts.Floats()
	r, err := stat.G(observed, expected)
	return pValue(r), err
}

func fisher(c drift.Column) (score, error) {
	n, m := c.Rows()
	switch {
	case n != m:
		return score{}, ErrUnequalRows
	case len(c.Counts.Labels) > 2:
		return score{}, ErrNotBinary
	case len(c.Counts.Labels) == 1:
		return pValue(stat.Fisher(0, m, 0, n)), nil
	}
	return pValue(stat.Fisher(c.Counts.Current[1], c.Counts.Current[0], c.Counts.Reference[1], c.Counts.Reference[0])), nil
}

const tvdPermutations = 1000

// totalVariation is Evidently's TVD: a permutation p-value, the share of 1000
// relabellings, drawn as numpy.random.seed(0) draws them, whose distance is at
// least the observed one. Distances are compared as whole numbers, so that equal
// ones count as equal; Evidently compares rounded sums, whose ties fall as the
// hash order of the categories has it.
func totalVariation(c drift.Column) (score, error) {
	n, m := c.Rows()
	rows := pooledRows(c.Counts)
	observed := gap(c.Counts.Reference, c.Counts.Current, n, m)
	twister := mersenne.New(0)
	order := make([]int32, n+m)
	atLeast := 0
	first, second := make([]int, len(c.Counts.Labels)), make([]int, len(c.Counts.Labels))
	for range tvdPermutations {
		twister.Permute(order)
		clear(first)
		clear(second)
		for position, row := range order {
			if position < n {
				first[rows[row]]++
			} else {
				second[rows[row]]++
			}
		}
		if observed <= gap(first, second, n, m) {
			atLeast++
		}
	}
	r, q := c.Counts.Shares()
	return pValue(stat.Result{Statistic: stat.TotalVariation(r, q), P: float64(atLeast) / tvdPermutations}), nil
}

// gap is 2nm times the total variation distance.
func gap(first, second []int, n, m int) int {
	sum := 0
	for i := range first {
		sum += max(first[i]*m-second[i]*n, second[i]*n-first[i]*m)
	}
	return sum
}

// pooledRows are the category indexes of all rows, reference first; grouped by
// category where the order of the rows is not known.
func pooledRows(c drift.Counts) []int32 {
	if c.ReferenceRows != nil && c.CurrentRows != nil {
		return append(append([]int32(nil), c.ReferenceRows...), c.CurrentRows...)
	}
	var rows []int32
	for _, side := range [2][]int{c.Reference, c.Current} {
		for label, count := range side {
			for range count {
				rows = append(rows, int32(label))
			}
		}
	}
	return rows
}
