package stat

import (
	"math"
	"slices"
)

// Bonferroni multiplies each p-value by the number of tests: it controls the
// probability of any false alarm under any dependence. NaN stays NaN and is not
// counted as a test, here and below.
func Bonferroni(p []float64) []float64 {
	tests := float64(len(ranked(p)))
	return adjust(p, func(order []int, out []float64) {
		for _, i := range order {
			out[i] = math.Min(1, p[i]*tests)
		}
	})
}

// Holm is the step-down form of Bonferroni (Holm, 1979), never less powerful and
// under the same guarantee.
func Holm(p []float64) []float64 {
	return adjust(p, func(order []int, out []float64) {
		running := 0.0
		for k, i := range order {
			running = math.Max(running, p[i]*float64(len(order)-k))
			out[i] = math.Min(1, running)
		}
	})
}

// BenjaminiHochberg controls the expected share of false alarms among the alarms
// (the false discovery rate; Benjamini and Hochberg, 1995) for independent or
// positively dependent tests.
func BenjaminiHochberg(p []float64) []float64 {
	return adjust(p, func(order []int, out []float64) {
		running := 1.0
		for k := len(order) - 1; k >= 0; k-- {
			running = math.Min(running, p[order[k]]*float64(len(order))/float64(k+1))
			out[order[k]] = running
		}
	})
}

func adjust(p []float64, step func(order []int, out []float64)) []float64 {
	out := make([]float64, len(p))
	for i := range out {
		out[i] = math.NaN()
	}
	step(ranked(p), out)
	return out
}

// ranked are the indexes of the p-values that are numbers, smallest first.
func ranked(p []float64) []int {
	order := make([]int, 0, len(p))
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	return order
}
