package stat

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift/dist"
)

// Welch is the two-sided t-test for unequal variances with Satterthwaite's
// degrees of freedom (Welch, 1947), as scipy.stats.ttest_ind(equal_var=False).
// Two constant samples give NaN where they are equal, and p = 0 where not.
func Welch(reference, current []float64) Result {
	n, m := float64(len(reference)), float64(len(current))
	a, b := Variance(reference)/n, Variance(current)/m
	df := (a + b) * (a + b) / (a*a/(n-1) + b*b/(m-1))
	if math.IsNaN(df) {
		df = 1
	}
	t := (Mean(reference) - Mean(current)) / math.Sqrt(a+b)
	return Result{Statistic: t, P: dist.StudentTwoSided(t, df)}
}

// Student is the two-sided t-test with a pooled variance and n + m - 2 degrees
// of freedom, as scipy.stats.ttest_ind. It is what Evidently's "t_test" runs;
// Welch is safer where the spreads may differ. A sample of one value adds
// nothing to the variance.
func Student(reference, current []float64) Result {
	n, m := float64(len(reference)), float64(len(current))
	df := n + m - 2
	variance := (sumOfSquares(reference) + sumOfSquares(current)) / df
	t := (Mean(reference) - Mean(current)) / math.Sqrt(variance*(1/n+1/m))
	return Result{Statistic: t, P: dist.StudentTwoSided(t, df)}
}
