package dist

import "math"

// CramerVonMisesCDF is the limiting distribution function of the Cramér-von
// Mises statistic, equation 1.2 of Csörgő and Faraway ("The Exact and Asymptotic
// Distributions of Cramér-von Mises Statistics", 1996):
//
//	Σ_k Γ(k+½)/Γ(k+1) · √(4k+1)/(π^1.5 √x) · e^(-q) K_¼(q),  q = (4k+1)²/(16x)
//
// As in SciPy the series ends with the first term below 1e-7, so that
// 1 - CramerVonMisesCDF is the p-value that SciPy prints; it is itself no better
// than about 1e-8, and means little for x above 4.
func CramerVonMisesCDF(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 1) {
		return math.Min(x, 1)
	}
	if x < 0.003 {
		return 0
	}
	total := 0.0
	for k := 0.0; ; k++ {
		y := 4*k + 1
		q := y * y / (16 * x)
		term := math.Exp(logGamma(k+0.5)-logGamma(k+1)-2*q) / (math.Pow(math.Pi, 1.5) * math.Sqrt(x)) *
			math.Sqrt(y) * scaledBesselK(0.25, q)
		total += term
		if math.Abs(term) < 1e-7 {
			return total
		}
	}
}

// scaledBesselK is e^z K_v(z), the modified Bessel function of the second kind,
// from its integral ∫ exp(-z(cosh t - 1)) cosh(vt) dt over t >= 0 (DLMF 10.32.9).
// The integrand is analytic and falls doubly exponentially, so the trapezoidal
// rule with step 1/16 is exact to rounding.
func scaledBesselK(v, z float64) float64 {
	const step = 1.0 / 16
	sum := 0.5
	for t := step; ; t += step {
		s := math.Sinh(t / 2)
		term := math.Exp(-2*z*s*s) * math.Cosh(v*t)
		sum += term
		if term < sum*1e-18 {
			return sum * step
		}
	}
}
