package stat

import (
	"errors"
	"math"

	"github.com/trainyard/trainyard/pkg/drift/dist"
)

// ErrEmptyMargin reports a contingency table with an empty row or column, for
// which no expected count exists.
var ErrEmptyMargin = errors.New("contingency table has an empty row or column: leave out categories that occur on neither side")

// ErrUnequalTotals reports observed and expected counts that do not add up to
// the same number.
var ErrUnequalTotals = errors.New("observed and expected counts differ in total: scale the expected ones, or take the contingency table")

// ChiSquare is Pearson's one-way test of observed against expected counts,
// Σ (o - e)²/e with k - 1 degrees of freedom. A category that occurs but is not
// expected makes the statistic infinite and p zero. One category alone leaves no
// degree of freedom: p is NaN, in G too.
func ChiSquare(observed, expected []float64) Result {
	statistic := 0.0
	for i, o := range observed {
		gap := o - expected[i]
		statistic += gap * gap / expected[i]
	}
	return oneWay(statistic, len(observed))
}

func oneWay(statistic float64, categories int) Result {
	if categories == 1 {
		return Result{Statistic: statistic, P: math.NaN()}
	}
	return Result{Statistic: statistic, P: dist.ChiSquareSF(statistic, float64(categories-1))}
}

// G is the one-way likelihood-ratio test 2 Σ o·ln(o/e) with k - 1 degrees of
// freedom, as scipy.stats.power_divergence(lambda_="log-likelihood"): it fails
// where the totals differ by more than a relative 1.5e-8.
func G(observed, expected []float64) (Result, error) {
	o, e := Sum(observed), Sum(expected)
	if math.Abs(o-e) > math.Min(o, e)*math.Sqrt(0x1p-52) {
		return Result{}, ErrUnequalTotals
	}
	statistic := 0.0
	for i, count := range observed {
		if count != 0 {
			statistic += 2 * count * math.Log(count/expected[i])
		}
	}
	return oneWay(statistic, len(observed)), nil
}

// Contingency is Pearson's test of homogeneity on the 2 × k table of both sides'
// counts, k - 1 degrees of freedom, as scipy.stats.chi2_contingency: a 2 × 2
// table gets Yates' correction. One category alone says nothing: p is 1.
func Contingency(reference, current []float64) (Result, error) {
	n, m := Sum(reference), Sum(current)
	if n == 0 || m == 0 {
		return Result{}, ErrEmptyMargin
	}
	if len(reference) == 1 {
		return Result{P: 1}, nil
	}
	correction := 0.0
	if len(reference) == 2 {
		correction = 0.5
	}
	statistic := 0.0
	for i, r := range reference {
		column := r + current[i]
		if column == 0 {
			return Result{}, ErrEmptyMargin
		}
		statistic += cell(r, n*column/(n+m), correction) + cell(current[i], m*column/(n+m), correction)
	}
	return Result{Statistic: statistic, P: dist.ChiSquareSF(statistic, float64(len(reference)-1))}, nil
}

// cell is (o - e)²/e with the difference brought nearer to zero by the correction.
func cell(observed, expected, correction float64) float64 {
	gap := math.Abs(expected - observed)
	gap -= math.Min(correction, gap)
	return gap * gap / expected
}

// TwoProportions is the two-sided z-test of equal proportions, hits of n against
// hits of m, with the pooled variance and no continuity correction. Proportions
// that are both zero or both one give NaN.
func TwoProportions(referenceHits, n, currentHits, m int) Result {
	a, b := float64(n), float64(m)
	p1, p2 := float64(referenceHits)/a, float64(currentHits)/b
	pooled := (p1*a + p2*b) / (a + b)
	z := (p1 - p2) / math.Sqrt(pooled*(1-pooled)*(1/a+1/b))
	return Result{Statistic: z, P: 2 * dist.NormalSF(math.Abs(z))}
}

// Fisher is Fisher's exact test on a 2 × 2 table, two-sided. The statistic is the
// odds ratio, infinite where an off-diagonal cell is empty, NaN for an empty
// margin.
func Fisher(a, b, c, d int) Result {
	odds := math.Inf(1)
	switch {
	case a+b == 0 || c+d == 0 || a+c == 0 || b+d == 0:
		odds = math.NaN()
	case b > 0 && c > 0:
		odds = float64(a) * float64(d) / (float64(b) * float64(c))
	}
	return Result{Statistic: odds, P: dist.FisherTwoSided(a, b, c, d)}
}
