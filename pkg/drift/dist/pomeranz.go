package dist

import "math"

// pomeranz is P(D_n <= d) by Pomeranz's recursion (CACM algorithm 487, 1974):
// the unit interval is cut at the 2n+2 points where a boundary of the band
// around the distribution function crosses a step, and the number of
// observations so far is carried from cut to cut by truncated Poisson weights.
func pomeranz(n int, d float64) float64 {
	band := newBand(n, d)
	row := make([]float64, n+1)
	next := make([]float64, n+1)
	row[0] = 1
	exponent := 0
	low, high := band.counts(1)
	for i := 2; i <= 2*n+2; i++ {
		weights := band.weights(i)
		nextLow, nextHigh := band.counts(i)
		clear(next)
		largest := 0.0
		for to := nextLow; to <= nextHigh; to++ {
			sum := 0.0
			for from := low; from <= min(to, high); from++ {
				sum += row[from] * weights[to-from]
			}
			next[to] = sum
			largest = math.Max(largest, sum)
		}
		if largest > 0 && largest < scaleDown {
			for j := range next {
				next[j] *= scaleUp
			}
			exponent -= scaleBits
		}
		row, next = next, row
		low, high = nextLow, nextHigh
	}
	p := row[n]
	for i := 1; i <= n; i++ {
		p *= float64(i)
		if p > scaleUp {
			p *= scaleDown
			exponent += scaleBits
		}
	}
	return math.Ldexp(p, exponent)
}

// band is the strip of half-width t = nd around the distribution function, and
// the Poisson weights of the three interval lengths that occur in it.
type band struct {
	n                      int
	whole                  int     // ⌊t⌋
	fraction               float64 // t - ⌊t⌋
	short, twice, leftover []float64
}

func newBand(n int, d float64) band {
	t := float64(n) * d
	b := band{n: n, whole: int(math.Floor(t))}
	b.fraction = t - float64(b.whole)
	gap := math.Min(b.fraction, 1-b.fraction)
	b.short = poissonTerms(n, gap/float64(n))
	b.twice = poissonTerms(n, 2*gap/float64(n))
	b.leftover = poissonTerms(n, (1-2*gap)/float64(n))
	return b
}

// poissonTerms are length^k/k! for k = 0..n; the factor exp(-length) cancels.
func poissonTerms(n int, length float64) []float64 {
	terms := make([]float64, n+1)
	terms[0] = 1
	for k := 1; k <= n; k++ {
		terms[k] = terms[k-1] * length / float64(k)
	}
	return terms
}

// weights are those of the interval that ends at cut i (2..2n+2): the first and
// the last are a gap long, the others alternate.
func (b band) weights(i int) []float64 {
	switch {
	case i == 2 || i == 2*b.n+2:
		return b.short
	case i%2 == 0:
		return b.twice
	default:
		return b.leftover
	}
}

// counts are the smallest and the largest number of observations that keep the
// empirical distribution inside the band at cut i. The cuts are, in order,
// 0, g, 1-g, 1+g, 2-g, …, n-g, n with g = min(f, 1-f); a count at cut a must
// exceed a - t and stay below a + t. The bounds are Pomeranz's, in whole
// numbers: at a cut one side of the band meets a whole number exactly, and no
// rounding may decide on which side of it.
func (b band) counts(i int) (low, high int) {
	above, upper := 0, 0
	if b.fraction > 0 {
		above = 1
	}
	if b.fraction > 0.5 {
		upper = 1
	}
	step := i / 2
	switch {
	case i == 1:
		return 0, min(b.n, b.whole+above-1)
	case i == 2*b.n+2:
		return max(0, b.n-b.whole-above+1), b.n
	case i%2 == 0:
		low, high = step-b.whole-upper, step+b.whole+above-2
	default:
		low, high = step-b.whole, step+b.whole+upper-1
	}
	return max(0, low), min(b.n, high)
}
