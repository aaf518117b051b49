package dist

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ChiSquareSF is P(X > x) for a chi-square distribution with df degrees of
// freedom: the regularized upper incomplete gamma function Q(df/2, x/2).
// df = 0 is the point mass at zero.
func ChiSquareSF(x, df float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsNaN(df) || df < 0:
		return math.NaN()
	case x <= 0:
		return 1
	case math.IsInf(x, 1) || df == 0:
		return 0
	}
	return mathext.GammaIncRegComp(df/2, x/2)
}

// ChiSquareQuantile is the x with P(X <= x) = p, for 0 < p < 1 and df > 0.
func ChiSquareQuantile(p, df float64) float64 {
	return 2 * mathext.GammaIncRegCompInv(df/2, 1-p)
}
