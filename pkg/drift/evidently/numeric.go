package evidently

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/mersenne"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// pValue is a score that is compared by its p-value.
func pValue(r stat.Result) score { return score{value: r.P, statistic: r.Statistic, p: r.P} }

// distance is a score without a p-value.
func distance(d float64) score { return score{value: d, statistic: d, p: math.NaN()} }

func kolmogorov(c drift.Column) (score, error) {
	return pValue(stat.KolmogorovSmirnov(c.Numbers.Reference, c.Numbers.Current, stat.Auto)), nil
}

func wasserstein(c drift.Column) (score, error) {
	d := stat.Compare(c.Numbers.Reference, c.Numbers.Current).Wasserstein
	return distance(stat.NormedWasserstein(d, c.Numbers.Scale())), nil
}

func energy(c drift.Column) (score, error) {
	return distance(stat.Compare(c.Numbers.Reference, c.Numbers.Current).Energy), nil
}

func anderson(c drift.Column) (score, error) {
	r, err := stat.AndersonDarling(c.Numbers.Reference, c.Numbers.Current)
	return pValue(r), err
}

func cramer(c drift.Column) (score, error) {
	r, err := stat.CramerVonMises(c.Numbers.Reference, c.Numbers.Current, stat.Auto)
	return pValue(r), err
}

func epps(c drift.Column) (score, error) {
	r, err := stat.EppsSingleton(c.Numbers.Reference, c.Numbers.Current)
	return pValue(r), err
}

func mannWhitney(c drift.Column) (score, error) {
	return pValue(stat.MannWhitney(c.Numbers.Reference, c.Numbers.Current, stat.Less, stat.Auto)), nil
}

func student(c drift.Column) (score, error) {
	return pValue(stat.Student(c.Numbers.Reference, c.Numbers.Current)), nil
}

const (
	mmdPermutations = 100
	// maxMMDRows bounds the kernel matrix, whose size is the square of the rows
	// of both sides.
	maxMMDRows = 10_000
)

// discrepancy is Evidently's empirical_mmd: the bandwidth is the median squared
// distance of the reference with itself, zeros on the diagonal included, and the
// p-value the share of permutations with at least the observed value.
func discrepancy(c drift.Column) (score, error) {
	reference, current := c.Numbers.Reference, c.Numbers.Current
	n, m := len(reference), len(current)
	if n < 2 || m < 2 {
		return score{}, &stat.SizeError{Method: string(MMD), Reference: n, Current: m, Need: 2}
	}
	if n+m > maxMMDRows {
		return score{}, &RowsError{Method: MMD, Rows: n + m, Limit: maxMMDRows}
	}
	kernel := stat.NewKernel(stat.Matrix{Columns: 1, Values: reference}, stat.Matrix{Columns: 1, Values: current}, selfGamma(reference))
	first := make([]bool, n+m)
	for i := range n {
		first[i] = true
	}
	observed := kernel.Discrepancy(first)
	twister := mersenne.New(0)
	order := make([]int32, n+m)
	atLeast := 0
	for range mmdPermutations {
		twister.Permute(order)
		for position, row := range order {
			first[row] = position < n
		}
		if observed <= kernel.Discrepancy(first) {
			atLeast++
		}
	}
	return pValue(stat.Result{Statistic: observed, P: float64(atLeast) / mmdPermutations}), nil
}

// selfGamma is 1/(2σ²), σ² half the median of all n² squared distances, of which
// n are zero and the others occur twice.
func selfGamma(values []float64) float64 {
	n := len(values)
	squares := make([]float64, 0, n*(n-1)/2)
	for i, a := range values {
		for _, b := range values[i+1:] {
			squares = append(squares, (a-b)*(a-b))
		}
	}
	median := 0.0
	if position := int(math.RoundToEven(float64(n*n-1) / 2)); position >= n {
		median = stat.Sort(squares)[(position-n)/2]
	}
	if median == 0 {
		return 1
	}
	return 1 / median
}
