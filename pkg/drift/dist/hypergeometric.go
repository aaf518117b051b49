package dist

import "math"

// HypergeometricPMF is the probability of k marked among the drawn, when drawn
// items are taken without replacement from total items of which marked are
// marked. It is Loader's product of three binomial probabilities.
func HypergeometricPMF(k, total, marked, drawn int) float64 {
	if k < max(0, drawn-(total-marked)) || k > min(marked, drawn) {
		return 0
	}
	if drawn == 0 || drawn == total {
		return 1
	}
	n, rest := float64(total), float64(total-drawn)
	p, q := float64(drawn)/n, rest/n
	return binomialPMF(float64(k), float64(marked), p, q) *
		binomialPMF(float64(drawn-k), float64(total-marked), p, q) /
		binomialPMF(float64(drawn), n, p, q)
}

// fisherTie is the relative slack within which two tables count as equally
// probable: the margins give equal probabilities that rounding tells apart.
const fisherTie = 1e-14

// FisherTwoSided is the two-sided p-value of Fisher's exact test on the table
// {{a, b}, {c, d}}: the summed probability of every table with the same margins
// that is not more probable than the observed one. A table with an empty row or
// column says nothing and gives 1.
func FisherTwoSided(a, b, c, d int) float64 {
	row, column, total := a+b, a+c, a+b+c+d
	if row == 0 || column == 0 || row == total || column == total {
		return 1
	}
	pmf := func(k int) float64 { return HypergeometricPMF(k, total, row, column) }
	lo, hi := max(0, column-(total-row)), min(row, column)
	limit := pmf(a) * (1 + fisherTie)
	mode := int(float64(column+1) * float64(row+1) / float64(total+2))
	if pmf(mode) <= limit {
		return 1
	}
	left := searchDown(pmf, limit, lo, mode)
	right := searchUp(pmf, limit, mode, hi)
	return math.Min(1, sumTail(pmf, left, lo, -1)+sumTail(pmf, right, hi, 1))
}

// searchDown is the largest k in [lo, mode] with pmf(k) <= limit, or lo-1. pmf
// rises towards the mode.
func searchDown(pmf func(int) float64, limit float64, lo, mode int) int {
	below, above := lo-1, mode
	for above-below > 1 {
		mid := below + (above-below)/2
		if pmf(mid) <= limit {
			below = mid
		} else {
			above = mid
		}
	}
	return below
}

// searchUp is the smallest k in [mode, hi] with pmf(k) <= limit, or hi+1.
func searchUp(pmf func(int) float64, limit float64, mode, hi int) int {
	above, below := mode, hi+1
	for below-above > 1 {
		mid := above + (below-above)/2
		if pmf(mid) <= limit {
			below = mid
		} else {
			above = mid
		}
	}
	return below
}

// sumTail adds pmf from the mode's side outwards until the terms vanish.
func sumTail(pmf func(int) float64, from, to, step int) float64 {
	sum := 0.0
	for k := from; (to-k)*step >= 0; k += step {
		term := pmf(k)
		sum += term
		if term <= sum*1e-18 {
			break
		}
	}
	return sum
}
