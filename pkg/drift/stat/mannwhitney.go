package stat

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift/dist"
)

// exactMannWhitney is the size of the smaller sample up to which SciPy enumerates
// when there are no ties.
const exactMannWhitney = 8

// MannWhitney is the Mann-Whitney U rank test on two non-empty samples, as
// scipy.stats.mannwhitneyu: the statistic is U of the reference, its rank sum
// minus n(n+1)/2. The p-value is exact for a sample of up to eight without ties;
// else normal, with the variance corrected for ties and the difference for
// continuity.
func MannWhitney(reference, current Sorted, alternative Alternative, how Exactness) Result {
	n, m := float64(len(reference)), float64(len(current))
	rankSum, tieTerm := 0.0, 0.0
	for t := range Ties(reference, current) {
		count := float64(t.Reference + t.Current)
		rankSum += t.midrank() * float64(t.Reference)
		tieTerm += count*count*count - count
	}
	u1 := rankSum - n*(n+1)/2
	u, factor := extreme(u1, n*m-u1, alternative)
	if how == Auto {
		how = Asymptotic
		if min(len(reference), len(current)) <= exactMannWhitney && tieTerm == 0 {
			how = Exact
		}
	}
	if how == Exact {
		return Result{Statistic: u1, P: math.Min(1, factor*mannWhitneyExact(int(u), len(reference), len(current)))}
	}
	total := n + m
	sigma := math.Sqrt(n * m / 12 * (total + 1 - tieTerm/(total*(total-1))))
	z := (u - n*m/2 - 0.5) / sigma
	return Result{Statistic: u1, P: math.Min(1, factor*dist.NormalSF(z))}
}

// extreme is the U whose upper tail is asked for, and how many tails.
func extreme(u1, u2 float64, alternative Alternative) (u, factor float64) {
	switch alternative {
	case Greater:
		return u1, 1
	case Less:
		return u2, 1
	default:
		return math.Max(u1, u2), 2
	}
}

// mannWhitneyExact is P(U >= u), by the counts of the smaller half: U and nm - U
// have the same distribution.
func mannWhitneyExact(u, n, m int) float64 {
	small, large := min(n, m), max(n, m)
	mirrored := n*m - u
	if mirrored < u {
		return cumulative(gaussianCounts(small, large, mirrored))
	}
	counts := gaussianCounts(small, large, u)
	at := counts[u]
	return 1 - cumulative(counts) + at
}

func cumulative(shares []float64) float64 {
	sum := 0.0
	for _, s := range shares {
		sum += s
	}
	return sum
}

// gaussianCounts are P(U = 0), …, P(U = limit): the coefficients of the Gaussian
// binomial Π (1 - q^(m+i))/(1 - q^i), i = 1..n, over C(n+m, n). Each factor is
// applied with its own share of the divisor, so that nothing overflows.
func gaussianCounts(n, m, limit int) []float64 {
	shares := make([]float64, limit+1)
	shares[0] = 1
	previous := make([]float64, limit+1)
	for i := 1; i <= n; i++ {
		copy(previous, shares)
		weight := float64(i) / float64(m+i)
		for u := range shares {
			v := previous[u] * weight
			if u >= m+i {
				v -= previous[u-m-i] * weight
			}
			if u >= i {
				v += shares[u-i]
			}
			shares[u] = math.Max(v, 0)
		}
	}
	return shares
}
