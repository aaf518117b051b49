package dist

import "math"

// binomialPMF is P(X = k) for X binomial over n trials with probability p, where
// q = 1 - p is given apart. It uses Loader's saddle-point form ("Fast and
// Accurate Computation of Binomial Probabilities", 2000), which has no
// cancellation and so keeps about fourteen digits at any n.
func binomialPMF(k, n, p, q float64) float64 {
	switch {
	case p <= 0:
		return indicator(k == 0)
	case q <= 0:
		return indicator(k == n)
	case k == 0:
		return math.Exp(n * logOf(q, p))
	case k == n:
		return math.Exp(n * logOf(p, q))
	}
	exponent := stirlingError(n) - stirlingError(k) - stirlingError(n-k) -
		deviance(k, n*p) - deviance(n-k, n*q)
	return math.Exp(exponent) / math.Sqrt(2*math.Pi*k*(1-k/n))
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// BinomialCDF is P(X <= k) for X binomial over n trials with probability p. It
// sums from the largest term of the lower tail downwards until a term no longer
// counts.
func BinomialCDF(k, n int, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	if mean := p * float64(n); float64(k) > mean {
		return 1 - binomialLower(n-k-1, n, 1-p, p)
	}
	return binomialLower(k, n, p, 1-p)
}

// binomialLower sums P(X = k), P(X = k-1), … by their ratio, for k at or below
// the mean, where the terms fall.
func binomialLower(k, n int, p, q float64) float64 {
	if k < 0 {
		return 0
	}
	term := binomialPMF(float64(k), float64(n), p, q)
	sum := term
	for i := k; i > 0 && term > sum*1e-18; i-- {
		term *= float64(i) / float64(n-i+1) * (q / p)
		sum += term
	}
	return math.Min(sum, 1)
}

// BinomialQuantile is the smallest k with P(X <= k) >= level: the limit that a
// count of independent events of probability p passes with probability at most
// 1 - level.
func BinomialQuantile(level float64, n int, p float64) int {
	lo, hi := 0, n
	for lo < hi {
		mid := lo + (hi-lo)/2
		if BinomialCDF(mid, n, p) >= level {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// smallStirling holds stirlingError for 0..15, where the series is too short.
var smallStirling = func() (table [16]float64) {
	for i := 1; i < len(table); i++ {
		n := float64(i)
		table[i] = logGamma(n+1) - (n+0.5)*math.Log(n) + n - 0.5*math.Log(2*math.Pi)
	}
	return table
}()

// stirlingError is ln n! minus Stirling's approximation of it, for whole n.
func stirlingError(n float64) float64 {
	if n < float64(len(smallStirling)) {
		return smallStirling[int(n)]
	}
	n2 := n * n
	return (1.0/12 - (1.0/360-(1.0/1260-(1.0/1680-1.0/1188/n2)/n2)/n2)/n2) / n
}

// deviance is x·ln(x/m) + m - x, by its series where x is near m.
func deviance(x, m float64) float64 {
	if math.Abs(x-m) >= 0.1*(x+m) {
		return x*math.Log(x/m) + m - x
	}
	v := (x - m) / (x + m)
	sum := (x - m) * v
	power := 2 * x * v
	for j := 3.0; ; j += 2 {
		power *= v * v
		next := sum + power/j
		if next == sum {
			return sum
		}
		sum = next
	}
}
