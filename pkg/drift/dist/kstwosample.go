package dist

// underflow is the exponent past which a probability is zero in a float64, with
// room for the constant of the two-sample inequality (Wei and Dudley, 2012:
// P(D >= d) <= e·exp(-2 d² mn/(m+n))).
const underflow = 760

// KolmogorovTwoSampleSF is P(D >= h/lcm(m, n)) for two samples of m and n
// observations without ties: the share of lattice paths from (0, 0) to (m, n)
// that touch or leave the band |x/m - y/n| < h/lcm (Hodges, "The Significance
// Probability of the Smirnov Two-Sample Test", 1958).
func KolmogorovTwoSampleSF(m, n, h int) float64 {
	switch {
	case h <= 0:
		return 1
	case m == n:
		return equalSamplesSF(n, h)
	case m < n:
		m, n = n, m
	}
	g := gcd(m, n)
	d := float64(h) / (float64(m/g) * float64(n))
	if 2*d*d*float64(m)*float64(n)/float64(m+n) > underflow {
		return 0
	}
	return outsideBand(m, n, m/g, n/g, h)
}

// equalSamplesSF is the closed form for m = n, 2·Σ_k (-1)^(k+1) C(2n, n-kh)/C(2n, n).
func equalSamplesSF(n, h int) float64 {
	p := 0.0
	for k := n / h; k >= 0; k-- {
		ratio := 1.0
		for j := range h {
			ratio = float64(n-k*h-j) * ratio / float64(n+k*h+j+1)
		}
		p = ratio * (1 - p)
	}
	return clip(2 * p)
}

// outsideBand walks the lattice column by column. Each cell holds the share of
// paths into it that have already left the band, so that nothing overflows and
// no binomial coefficient is divided by in the end. Cells outside the band hold
// one; only a sliding window of a column is kept.
func outsideBand(m, n, mg, ng, h int) float64 {
	low, high := 0, min(ceilDiv(h, mg), n+1)
	share := make([]float64, min(2*high+2, n+1))
	for i := high; i < len(share); i++ {
		share[i] = 1
	}
	length := high
	for i := 1; i <= m; i++ {
		lastLow, lastLength := low, length
		low = min(max(floorDiv(ng*i-h, mg)+1, 0), n)
		high = min(ceilDiv(ng*i+h, mg), n+1)
		if high <= low {
			return 1
		}
		value := 1.0
		if low == 0 {
			value = 0
		}
		column := float64(i)
		for j := low; j < high; j++ {
			weight := 1 / (column + float64(j))
			value = share[j-lastLow]*(column*weight) + value*(float64(j)*weight)
			share[j-low] = value
		}
		length = high - low
		for j := length; j < lastLength; j++ {
			share[j] = 1
		}
	}
	return clip(share[length-1])
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func ceilDiv(a, b int) int { return -floorDiv(-a, b) }
