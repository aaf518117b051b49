package stat

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift/dist"
)

// exactKolmogorov is the size of the larger sample up to which SciPy counts paths.
const exactKolmogorov = 10_000

// KolmogorovSmirnov is the two-sided two-sample Kolmogorov-Smirnov test on two
// non-empty samples: D = sup |F - G| and its p-value, as scipy.stats.ks_2samp.
//
// Up to 10 000 values on the larger side the p-value is exact, by counting
// lattice paths; beyond, it is the finite-sample law of one sample of the
// effective size round(nm/(n+m)). With ties both are conservative.
func KolmogorovSmirnov(reference, current Sorted, how Exactness) Result {
	return KolmogorovFromD(Compare(reference, current).KolmogorovSmirnov, len(reference), len(current), how)
}

// KolmogorovFromD is the p-value for a D that is already known.
func KolmogorovFromD(d float64, n, m int, how Exactness) Result {
	if how == Auto {
		how = Asymptotic
		if max(n, m) <= exactKolmogorov {
			how = Exact
		}
	}
	g := gcd(n, m)
	if how == Exact && n/g < math.MaxInt32/(m/g) {
		lcm := float64(n/g) * float64(m)
		h := math.RoundToEven(d * lcm)
		return Result{Statistic: h / lcm, P: dist.KolmogorovTwoSampleSF(n, m, int(h))}
	}
	large, small := float64(max(n, m)), float64(min(n, m))
	effective := math.RoundToEven(large * small / (large + small))
	return Result{Statistic: d, P: dist.KolmogorovSF(int(effective), d)}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
