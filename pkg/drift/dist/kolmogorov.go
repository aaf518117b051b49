package dist

import "math"

// KolmogorovSF is P(D_n >= d), the finite-sample law of the two-sided one-sample
// Kolmogorov-Smirnov statistic for n observations. This is scipy.stats.kstwo.sf,
// not the limiting law kstwobign.
//
// No one formula serves everywhere. The choice is that of Simard and L'Ecuyer,
// "Computing the Two-Sided Kolmogorov-Smirnov Distribution", J. Stat. Soft. 39
// (2011): closed forms at both ends, twice the one-sided law in the upper tail,
// the Durbin matrix or Pomeranz's recursion for small samples, and the
// Pelz-Good expansion for large ones.
func KolmogorovSF(n int, d float64) float64 {
	size := float64(n)
	t := size * d
	switch {
	case math.IsNaN(d) || n <= 0:
		return math.NaN()
	case d >= 1:
		return 0
	case t <= 0.5:
		return 1
	case t <= 1:
		return 1 - kolmogorovFirst(size, t)
	case t >= size-1:
		return clip(2 * math.Exp(size*math.Log1p(-d)))
	case d >= 0.5:
		return clip(2 * SmirnovSF(n, d))
	}
	if n <= 140 {
		return kolmogorovSmall(n, d)
	}
	return kolmogorovLarge(n, d)
}

// kolmogorovFirst is P(D_n <= d) on 1/2 < nd <= 1, n!·(2d - 1/n)^n (Ruben and
// Gambino): the observations fall one into each slot.
func kolmogorovFirst(size, t float64) float64 {
	return math.Exp(logGamma(size+1) - size*math.Log(size) + size*math.Log(2*t-1))
}

func kolmogorovSmall(n int, d float64) float64 {
	switch nd2 := float64(n) * d * d; {
	case nd2 <= 0.754693:
		return clip(1 - durbin(n, d))
	case nd2 <= 4:
		return clip(1 - pomeranz(n, d))
	default:
		return clip(2 * SmirnovSF(n, d))
	}
}

func kolmogorovLarge(n int, d float64) float64 {
	size := float64(n)
	switch nd2 := size * d * d; {
	case nd2 >= 370:
		return 0
	case nd2 >= 2.2:
		return clip(2 * SmirnovSF(n, d))
	case nd2 < 0.03:
		// The lower tail is below exp(-π²/(8·0.03)) = 1e-17.
		return 1
	case n <= 100_000 && size*math.Pow(d, 1.5) <= 1.4:
		return clip(1 - durbin(n, d))
	default:
		return clip(1 - pelzGood(n, d))
	}
}

func clip(p float64) float64 { return math.Max(0, math.Min(1, p)) }
