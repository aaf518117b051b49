package stat

import (
	"fmt"
	"math"
)

// maxBins bounds a histogram: a rule that asks for more has met a column that
// bins cannot describe.
const maxBins = 1 << 20

// BinsError reports a column that a binning rule cannot cut.
type BinsError struct {
	Rule string
	Bins float64
	Low  float64
	High float64
}

func (e *BinsError) Error() string {
	return fmt.Sprintf("%s asks for %g bins between %g and %g, which doubles cannot tell apart: rescale the column or treat it as categories",
		e.Rule, e.Bins, e.Low, e.High)
}

// SturgesEdges are the edges of equal bins of width range/(log2 N + 1) over N
// values between low and high, as numpy.histogram_bin_edges(bins="sturges"). For
// a whole-number column no bin is narrower than one.
func SturgesEdges(low, high float64, n int, whole bool) ([]float64, error) {
	return edges("Sturges", low, high, (high-low)/(math.Log2(float64(n))+1), whole)
}

// DoaneEdges are the edges of equal bins by Doane's rule, Sturges' widened for
// skewness g1: range/(1 + log2 N + log2(1 + |g1|/σ(g1))), as
// numpy.histogram_bin_edges(bins="doane"). The sample need not be sorted.
func DoaneEdges(values []float64) ([]float64, error) {
	n := float64(len(values))
	low, high := extent(values)
	width := 0.0
	if sigma := Std(values); len(values) > 2 && sigma > 0 {
		spread := math.Sqrt(6 * (n - 2) / ((n + 1) * (n + 3)))
		skew := math.Abs(skewness(values, sigma))
		width = (high - low) / (1 + math.Log2(n) + math.Log2(1+skew/spread))
	}
	return edges("Doane", low, high, width, false)
}

// LinearEdges are the edges of equal bins between low and high, as numpy.linspace.
// A range of one value is widened by a half on both sides.
func LinearEdges(low, high float64, bins int) []float64 {
	if low == high {
		low, high = low-0.5, high+0.5
	}
	step := (high - low) / float64(bins)
	out := make([]float64, bins+1)
	for i := range out {
		out[i] = float64(i)*step + low
	}
	out[bins] = high
	return out
}

func extent(values []float64) (low, high float64) {
	low, high = values[0], values[0]
	for _, v := range values {
		low, high = math.Min(low, v), math.Max(high, v)
	}
	return low, high
}

// skewness is the mean cube of the standardised values.
func skewness(values []float64, sigma float64) float64 {
	mean := Mean(values)
	cubes := pairwise(values, func(block []float64) float64 {
		sum := 0.0
		for _, v := range block {
			z := (v - mean) / sigma
			sum += z * z * z
		}
		return sum
	})
	return cubes / float64(len(values))
}

// edges cuts [low, high] into ceil(range/width) bins.
func edges(rule string, low, high, width float64, whole bool) ([]float64, error) {
	bins := 1.0
	if low < high && width != 0 && !math.IsNaN(width) {
		if whole && width < 1 {
			width = 1
		}
		bins = math.Ceil((high - low) / width)
	}
	if !(bins <= maxBins) {
		return nil, &BinsError{Rule: rule, Bins: bins, Low: low, High: high}
	}
	out := LinearEdges(low, high, int(bins))
	for i := 1; i < len(out); i++ {
		if !(out[i-1] < out[i]) {
			return nil, &BinsError{Rule: rule, Bins: bins, Low: low, High: high}
		}
	}
	return out, nil
}

// Histogram counts the values in each bin [e_i, e_i+1), the last bin closed, by
// one binary search an edge. Values outside the edges are not counted.
func (s Sorted) Histogram(edges []float64) []int {
	counts := make([]int, len(edges)-1)
	from := s.Below(edges[0])
	for i := range counts {
		to := s.Below(edges[i+1])
		if i == len(counts)-1 {
			to = s.UpTo(edges[i+1])
		}
		counts[i] = to - from
		from = to
	}
	return counts
}
