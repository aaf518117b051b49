package dist

import "math"

const (
	// smirnovExact is the largest sample for which the one-sided law is summed;
	// beyond it SciPy takes Smirnov's expansion, and so does this package.
	smirnovExact = 1_000_000
	// smirnovNodes is the number of terms that a long sum is thinned to.
	smirnovNodes = 4096
)

// SmirnovSF is P(D+ >= d), the finite-sample law of the one-sided
// Kolmogorov-Smirnov statistic for n observations (Birnbaum and Tingey, 1951):
//
//	Σ_{v=0}^{⌊n(1-d)⌋} d/(d+v/n) · Binomial(v; n, d+v/n)
//
// A long sum is thinned: its summand is smooth and flat at both ends, so the
// trapezoidal rule on every k-th term differs from the sum by less than 1e-12 of
// it. Above a million observations it is exp(-(6nd+1)²/18n), as in SciPy.
func SmirnovSF(n int, d float64) float64 {
	size := float64(n)
	switch {
	case math.IsNaN(d):
		return d
	case d <= 0:
		return 1
	case d >= 1:
		return 0
	case n > smirnovExact:
		return math.Exp(-(6*size*d + 1) * (6*size*d + 1) / (18 * size))
	}
	stride := 1
	if n > 8*smirnovNodes && size*d*d > 1 && d < 0.3 {
		stride = n / smirnovNodes
	}
	sum := 0.0
	for v := 0; float64(v) <= size*(1-d); v += stride {
		k := float64(v)
		p := d + k/size
		sum += d / p * binomialPMF(k, size, p, 1-p)
	}
	return math.Min(1, sum*float64(stride))
}
