package stat

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift/dist"
)

// exactCramer is the size of the larger sample up to which SciPy enumerates.
const exactCramer = 20

// CramerVonMises is the two-sample Cramér-von Mises test with midranks for ties,
// as scipy.stats.cramervonmises_2samp: T of Anderson (1962), equation 9, and an
// exact p-value up to 20 values a side, else that of the limiting law after
// matching mean and variance (equations 11, 14 and 15).
func CramerVonMises(reference, current Sorted, how Exactness) (Result, error) {
	nx, ny := len(reference), len(current)
	if err := needSize("Cramér-von Mises", nx, ny, 2); err != nil {
		return Result{}, err
	}
	u := cramerU(reference, current)
	x, y := float64(nx), float64(ny)
	k, n := x*y, x+y
	t := u/(k*n) - (4*k-1)/(6*n)
	if how == Exact || how == Auto && max(nx, ny) <= exactCramer {
		return Result{Statistic: t, P: cramerExact(u, nx, ny)}, nil
	}
	mean := (1 + 1/n) / 6
	variance := (n + 1) * (4*k*n - 3*(x*x+y*y) - 2*k) / (45 * n * n * 4 * k)
	normed := 1.0/6 + (t-mean)/math.Sqrt(45*variance)
	if normed < 0.003 {
		return Result{Statistic: t, P: 1}, nil
	}
	return Result{Statistic: t, P: math.Max(0, 1-dist.CramerVonMisesCDF(normed))}, nil
}

// cramerU is U of Anderson's equation 10, nx Σ(r_i - i)² + ny Σ(s_j - j)².
func cramerU(reference, current Sorted) float64 {
	var x, y float64
	for t := range Ties(reference, current) {
		rank := t.midrank()
		x += rankGaps(rank-float64(t.ReferenceBefore), t.Reference)
		y += rankGaps(rank-float64(t.CurrentBefore), t.Current)
	}
	return float64(len(reference))*x + float64(len(current))*y
}

// rankGaps is Σ (rank - k)² for k = 1..count.
func rankGaps(rank float64, count int) float64 {
	sum := 0.0
	for k := 1; k <= count; k++ {
		gap := rank - float64(k)
		sum += gap * gap
	}
	return sum
}

// cramerExact counts, over all ways to interleave the samples, those with a
// statistic at least as large (Xiao, Gordon and Yakovlev, "A C++ Program for the
// Cramér-Von Mises Two-Sample Test", J. Stat. Soft. 17, 2006, algorithm 1). A
// frequency table travels along the lattice of interleavings.
func cramerExact(u float64, m, n int) float64 {
	lcm := m / gcd(m, n) * n
	a, b := lcm/m, lcm/n
	mn := m * n
	// 4u is whole: midranks are halves.
	numerator := lcm * lcm * (m + n) * (6*int(math.Round(4*u)) - 4*mn*(4*mn-1))
	threshold := floorDiv(numerator, 24*mn*mn)
	tables := make([]map[int]float64, m+1)
	tables[0] = map[int]float64{0: 1}
	for step := range n + 1 {
		var carried map[int]float64
		for v := range tables {
			gap := a*v - b*step
			carried = shift(carried, tables[v], gap*gap)
			tables[v] = carried
		}
	}
	var extreme, all float64
	for value, frequency := range tables[m] {
		all += frequency
		if value >= threshold {
			extreme += frequency
		}
	}
	return extreme / all
}

// shift adds two frequency tables and moves every value up.
func shift(left, below map[int]float64, by int) map[int]float64 {
	out := make(map[int]float64, len(left)+len(below))
	for value, frequency := range left {
		out[value+by] += frequency
	}
	for value, frequency := range below {
		out[value+by] += frequency
	}
	return out
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
