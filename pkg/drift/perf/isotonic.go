package perf

import (
	"math"
	"slices"
	"sort"
)

// Isotonic is the non-decreasing function of a score that fits labels best in
// least squares: straight lines between its knots, flat outside them.
type Isotonic struct {
	score, value []float64
}

// pool is a run of neighbouring scores that share a fitted value.
type pool struct {
	sum, weight float64
	from, to    float64
}

func (p pool) mean() float64 { return p.sum / p.weight }

// FitIsotonic pools adjacent violators (Ayer et al., 1955): scores in ascending
// order, equal ones averaged first, and neighbours merged while they fall. This
// is scikit-learn's IsotonicRegression(out_of_bounds="clip").
func FitIsotonic(score, label []float64) Isotonic {
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case score[a] < score[b]:
			return -1
		case score[a] > score[b]:
			return 1
		}
		return 0
	})
	var distinct []pool
	for _, i := range order {
		if last := len(distinct) - 1; last >= 0 && distinct[last].to == score[i] {
			distinct[last].sum += label[i]
			distinct[last].weight++
			continue
		}
		distinct = append(distinct, pool{sum: label[i], weight: 1, from: score[i], to: score[i]})
	}
	var f Isotonic
	for _, p := range mergeFalling(distinct) {
		f.knot(p.from, p.mean())
		if p.to > p.from {
			f.knot(p.to, p.mean())
		}
	}
	return f
}

func mergeFalling(points []pool) []pool {
	var merged []pool
	for _, p := range points {
		merged = append(merged, p)
		for n := len(merged); n > 1 && merged[n-2].mean() >= merged[n-1].mean(); n = len(merged) {
			left, right := merged[n-2], merged[n-1]
			merged[n-2] = pool{sum: left.sum + right.sum, weight: left.weight + right.weight, from: left.from, to: right.to}
			merged = merged[:n-1]
		}
	}
	return merged
}

func (f *Isotonic) knot(score, value float64) {
	f.score = append(f.score, score)
	f.value = append(f.value, value)
}

// At is the fitted value at a score; NaN of an empty fit or a NaN score.
func (f Isotonic) At(score float64) float64 {
	last := len(f.score) - 1
	if last < 0 || math.IsNaN(score) {
		return math.NaN()
	}
	i := sort.SearchFloat64s(f.score, score)
	switch {
	case i == 0:
		return f.value[0]
	case i > last:
		return f.value[last]
	case f.score[i] == score:
		return f.value[i]
	}
	share := (score - f.score[i-1]) / (f.score[i] - f.score[i-1])
	return f.value[i-1] + share*(f.value[i]-f.value[i-1])
}
