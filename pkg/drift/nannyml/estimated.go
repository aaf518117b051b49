package nannyml

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// estimateBins is the number of equal bins over the reference's range from which
// large references are compared.
const estimateBins = 10_000

// estimatedKS is the largest difference of the two distribution functions at the
// upper bin edges.
func estimatedKS(reference stat.Sorted) func(stat.Sorted) float64 {
	edges := stat.LinearEdges(reference[0], reference[len(reference)-1], estimateBins)
	cumulative := running(stat.Shares(reference.Histogram(edges), len(reference)), 0)
	return func(chunk stat.Sorted) float64 {
		below := float64(chunk.Below(edges[0])) / float64(len(chunk))
		largest := 0.0
		for i, f := range running(stat.Shares(chunk.Histogram(edges), len(chunk)), below) {
			largest = math.Max(largest, math.Abs(cumulative[i]-f))
		}
		return largest
	}
}

// running are the cumulative sums, from a start.
func running(shares []float64, start float64) []float64 {
	sum := 0.0
	out := make([]float64, len(shares))
	for i, s := range shares {
		sum += s
		out[i] = start + sum
	}
	return out
}

// estimatedWasserstein adds the area between the binned distribution functions
// inside the reference's range to the area on either side of it. As in NannyML
// each side is weighted with one row too many, and that row too moves the
// distribution function inside the range.
func estimatedWasserstein(reference stat.Sorted) func(stat.Sorted) float64 {
	low, high := reference[0], reference[len(reference)-1]
	edges := stat.LinearEdges(low, high, estimateBins)
	low, high = edges[0], edges[estimateBins]
	width := edges[1] - edges[0]
	cumulative := running(stat.Shares(reference.Histogram(edges), len(reference)), 0)
	return func(chunk stat.Sorted) float64 {
		n := float64(len(chunk))
		smaller, larger := chunk[:chunk.Below(low)], chunk[chunk.UpTo(high):]
		weight, area := 0.0, 0.0
		if len(smaller) > 0 {
			weight = float64(len(smaller)+1) / n
			area += weight * stepArea(smaller, low, false)
		}
		if len(larger) > 0 {
			area += float64(len(larger)+1) / n * stepArea(larger, high, true)
		}
		for i, f := range running(stat.Shares(chunk.Histogram(edges), len(chunk)), 0) {
			area += math.Abs(cumulative[i]-(f+weight)) * width
		}
		return area
	}
}

// stepArea is the area under (over, where above) the empirical distribution
// function of the tail together with the boundary value.
func stepArea(tail stat.Sorted, boundary float64, above bool) float64 {
	n := float64(len(tail) + 1)
	area := 0.0
	if above {
		previous, seen := boundary, 1.0
		for _, v := range tail {
			area += (1 - seen/n) * (v - previous)
			previous = v
			seen++
		}
		return area
	}
	for i, v := range tail {
		next := boundary
		if i+1 < len(tail) {
			next = tail[i+1]
		}
		area += float64(i+1) / n * (next - v)
	}
	return area
}
