package stat

import "math"

// Shares divides counts by total: the share of rows in each category or bin.
// The total may exceed the sum of the counts (values outside every bin).
func Shares(counts []int, total int) []float64 {
	shares := make([]float64, len(counts))
	for i, c := range counts {
		shares[i] = float64(c) / float64(total)
	}
	return shares
}

// PSI is the population stability index Σ (r - c)·ln(r/c), in nats. It is
// symmetric, and infinite where a category is empty on one side only.
func PSI(reference, current []float64) float64 {
	sum := 0.0
	for i, r := range reference {
		if c := current[i]; r != c {
			sum += (r - c) * math.Log(r/c)
		}
	}
	return sum
}

// KullbackLeibler is Σ r·ln(r/c), in nats, after each side is scaled to sum one:
// scipy.stats.entropy(reference, current).
func KullbackLeibler(reference, current []float64) float64 {
	p, q := Sum(reference), Sum(current)
	sum := 0.0
	for i, r := range reference {
		sum += relativeEntropy(r/p, current[i]/q)
	}
	return sum
}

// JensenShannon is the Jensen-Shannon distance, the square root of the
// divergence ½ KL(r‖m) + ½ KL(c‖m) with m = (r + c)/2, after each side is scaled
// to sum one; natural logarithm, at most √ln 2. Divide by √ln 2 for base 2.
func JensenShannon(reference, current []float64) float64 {
	p, q := Sum(reference), Sum(current)
	left, right := 0.0, 0.0
	for i, r := range reference {
		r, c := r/p, current[i]/q
		middle := (r + c) / 2
		left += relativeEntropy(r, middle)
		right += relativeEntropy(c, middle)
	}
	return math.Sqrt((left + right) / 2)
}

// Hellinger is √Σ(√r - √c)² / √2, between 0 and 1.
func Hellinger(reference, current []float64) float64 {
	sum := 0.0
	for i, r := range reference {
		gap := math.Sqrt(r) - math.Sqrt(current[i])
		sum += gap * gap
	}
	return math.Sqrt(sum) / math.Sqrt2
}

// Bhattacharyya is Σ √(r·c), clipped to one; Hellinger² = 1 - Bhattacharyya for
// shares that sum to one.
func Bhattacharyya(reference, current []float64) float64 {
	sum := 0.0
	for i, r := range reference {
		sum += math.Sqrt(r * current[i])
	}
	return math.Min(sum, 1)
}

// TotalVariation is ½ Σ |r - c|: the largest difference in the probability of any
// set of categories.
func TotalVariation(reference, current []float64) float64 {
	sum := 0.0
	for i, r := range reference {
		sum += math.Abs(r - current[i])
	}
	return sum / 2
}

// LInfinity is max |r - c|: the largest change of one category's share.
func LInfinity(reference, current []float64) float64 {
	largest := 0.0
	for i, r := range reference {
		largest = math.Max(largest, math.Abs(r-current[i]))
	}
	return largest
}

// DeequC is Deequ's default number of standard errors in RobustLInfinity.
const DeequC = 1.8

// RobustLInfinity is Deequ's correction of LInfinity (or of a Kolmogorov-Smirnov
// D) for the sample sizes, max(0, L - c·√((n+m)/(n·m))). c is DeequC or
// RobustC(alpha).
func RobustLInfinity(distance float64, n, m int, c float64) float64 {
	a, b := float64(n), float64(m)
	return math.Max(0, distance-c*math.Sqrt((a+b)/(a*b)))
}

// RobustC is √(-ln(α/2)/2), the constant of the two-sample Kolmogorov-Smirnov
// test at significance α.
func RobustC(alpha float64) float64 { return math.Sqrt(-math.Log(alpha/2) / 2) }

// relativeEntropy is x·ln(x/y) with 0·ln 0 = 0, as scipy.special.rel_entr.
func relativeEntropy(x, y float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsNaN(y):
		return math.NaN()
	case x > 0 && y > 0:
		return x * math.Log(x/y)
	case x == 0 && y >= 0:
		return 0
	default:
		return math.Inf(1)
	}
}
