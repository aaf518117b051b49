package perf

import (
	"math"
	"slices"
)

// step is all rows of one score, and how many of them are positive.
type step struct {
	rows, positives float64
}

// steps groups rows by score, highest first.
func steps(weight []float64, score []float64) []step {
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case score[a] > score[b]:
			return -1
		case score[a] < score[b]:
			return 1
		}
		return 0
	})
	var out []step
	for k, i := range order {
		if k == 0 || score[i] != score[order[k-1]] {
			out = append(out, step{})
		}
		out[len(out)-1].rows++
		out[len(out)-1].positives += weight[i]
	}
	return out
}

// AUC is the area under the receiver operating characteristic: the probability
// that a positive row has a higher score than a negative one, ties counting half.
func AUC(truth []bool, score []float64) float64 { return aucOf(steps(ones(truth), score)) }

// aucOf sums, step by step, the negatives of the step against the positives
// before it and half of those in it.
func aucOf(steps []step) float64 {
	area, positives, negatives := 0.0, 0.0, 0.0
	for _, s := range steps {
		misses := s.rows - s.positives
		area += misses * (positives + s.positives/2)
		positives += s.positives
		negatives += misses
	}
	return area / (positives * negatives)
}

// AveragePrecision is Σ (R_k - R_(k-1))·P_k over falling thresholds, as in
// scikit-learn: the precision at each threshold, weighted by what it finds.
func AveragePrecision(truth []bool, score []float64) float64 {
	return averagePrecisionOf(steps(ones(truth), score))
}

func averagePrecisionOf(steps []step) float64 {
	sum, positives, rows := 0.0, 0.0, 0.0
	for _, s := range steps {
		positives += s.positives
		rows += s.rows
		sum += s.positives * positives / rows
	}
	if positives == 0 {
		return math.NaN()
	}
	return sum / positives
}

func ones(truth []bool) []float64 {
	out := make([]float64, len(truth))
	for i, positive := range truth {
		if positive {
			out[i] = 1
		}
	}
	return out
}
