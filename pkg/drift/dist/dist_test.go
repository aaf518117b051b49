package dist_test

import (
	"math"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift/dist"
)

// The expected values are SciPy 1.17.1's. Everything is also compared with SciPy
// itself, on random input, by `make parity`.

func near(t *testing.T, name string, got, want, relative float64) {
	t.Helper()
	if math.Abs(got-want) > relative*math.Abs(want) {
		t.Errorf("%s: got %v, want %v (relative difference %.2e)", name, got, want, math.Abs(got-want)/math.Abs(want))
	}
}

func TestStudentTwoSided(t *testing.T) {
	for _, c := range [][3]float64{
		{0.5, 3, 0.651447964848151},
		{2.1, 17.3, 0.050688223022867525},
		{1e-09, 5, 0.9999999992407866},
		{8, 1e6, 1.2455063433202503e-15},
		{40, 12, 3.851229580772032e-14},
		{1.96, 1e8, 0.04999579306932808},
		{300, 2, 1.1110925929355216e-05},
		{1e200, 1, 2 / math.Pi * 1e-200},
		{0, 4, 1},
	} {
		near(t, "t", dist.StudentTwoSided(c[0], c[1]), c[2], 1e-8)
		near(t, "-t", dist.StudentTwoSided(-c[0], c[1]), c[2], 1e-8)
	}
	near(t, "quantile", dist.StudentQuantile(0.975, 6), 2.4469118511449786, 1e-12)
	near(t, "quantile", dist.StudentQuantile(0.01, 30.5), -2.4550046414975615, 1e-12)
}

func TestChiSquareSF(t *testing.T) {
	for _, c := range [][3]float64{
		{0.1, 1, 0.7518296340458492},
		{3.84, 1, 0.05004352124870519},
		{50, 20, 0.0002214766382487835},
		{500, 20, 2.910266873027274e-93},
		{1500, 3, 0},
		{100500, 100000, 0.13185481160338378},
		{102000, 100000, 4.41193925512029e-06},
		{0, 4, 1},
	} {
		near(t, "chi-square", dist.ChiSquareSF(c[0], c[1]), c[2], 1e-9)
	}
	near(t, "quantile", dist.ChiSquareQuantile(0.95, 9), 16.918977604620448, 1e-10)
}

func TestKolmogorovSF(t *testing.T) {
	for _, c := range []struct {
		n    int
		d, p float64
	}{
		{1, 0.7, 0.6},
		{5, 0.15, 0.9988},
		{10, 0.3, 0.27053557479999946},
		{10, 0.08, 0.9999978058034054},
		{10, 0.95, 1.9531250000000172e-13},
		{50, 0.6, 9.634070456142374e-18},
		{100, 0.08, 0.5182193645480672},
		{100, 0.12, 0.10330374901819939},
		{140, 0.17, 0.0005246108687519814},
		{140, 0.3, 1.1370251710737309e-11},
		{1000, 0.01, 0.9999496745370611},
		{1000, 0.02, 0.8108971656895577},
		{1000, 0.04, 0.07933956059000224},
		{1000, 0.09, 1.6911775984434787e-07},
		{9091, 0.006, 0.8969403781774674},
		{90909, 0.003, 0.3857468564468999},
		{90909, 0.0045, 0.0502024867517491},
		{90909, 0.01, 2.5218718824770485e-08},
		{90909, 0.03, 1.6292833223291255e-71},
		{500000, 0.0015, 0.21034190155828947},
		{90909, 0.07, 0},
		{100, 0, 1},
		{100, 1, 0},
	} {
		near(t, "kstwo", dist.KolmogorovSF(c.n, c.d), c.p, 1e-10)
	}
}

func TestSmirnovSF(t *testing.T) {
	for _, c := range []struct {
		n    int
		d, p float64
	}{
		{3, 0.2, 0.712},
		{40, 0.1, 0.4214806641647243},
		{300, 0.05, 0.21587240079278583},
		{2000000, 0.001, 0.018303432023617325},
		{1000, 0.45, 1.2621680122439656e-185},
	} {
		near(t, "smirnov", dist.SmirnovSF(c.n, c.d), c.p, 1e-10)
	}
}

// A thinned sum must agree with the whole one at the size where thinning sets in.
func TestSmirnovThinning(t *testing.T) {
	const n = 8*4096 + 4096*3
	for _, nd2 := range []float64{1.05, 2.2, 5, 20, 100, 369} {
		d := math.Sqrt(nd2 / n)
		near(t, "thinned", dist.SmirnovSF(n, d), fullSmirnov(n, d), 1e-10)
	}
}

// fullSmirnov sums Birnbaum and Tingey's series term by term.
func fullSmirnov(n int, d float64) float64 {
	lg := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	size, sum := float64(n), 0.0
	for v := 0.0; v <= size*(1-d); v++ {
		p := d + v/size
		sum += d / p * math.Exp(lg(size+1)-lg(v+1)-lg(size-v+1)+v*math.Log(p)+(size-v)*math.Log1p(-p))
	}
	return sum
}

func TestKolmogorovTwoSampleSF(t *testing.T) {
	for _, c := range []struct {
		m, n, h int
		p       float64
	}{
		{10, 10, 4, 0.41752365281777043},
		{7, 13, 40, 0.23111455108359139},
		{100, 250, 120, 0.00044201993543852887},
		{1000, 999, 60000, 0.051349233288280394},
		{3, 5000, 9000, 0.14432326067402904},
		{400, 100, 80, 0.0029778389035342062},
		{5000, 5000, 400, 2.455492952026131e-14},
		{5, 9, 0, 1},
	} {
		near(t, "two-sample", dist.KolmogorovTwoSampleSF(c.m, c.n, c.h), c.p, 1e-10)
	}
}

// The path count must equal brute force over every interleaving.
func TestKolmogorovTwoSampleByEnumeration(t *testing.T) {
	for _, size := range [][2]int{{3, 4}, {4, 6}, {5, 5}, {2, 7}} {
		m, n := size[0], size[1]
		g := gcd(m, n)
		lcm := m / g * n
		for h := 1; h <= lcm; h++ {
			got := dist.KolmogorovTwoSampleSF(m, n, h)
			near(t, "enumeration", got, enumerate(m, n, lcm, h), 1e-12)
		}
	}
}

func enumerate(m, n, lcm, h int) float64 {
	total, outside := 0, 0
	for mask := range 1 << (m + n) {
		x, y, left := 0, 0, false
		for i := range m + n {
			if mask>>i&1 == 1 {
				x++
			} else {
				y++
			}
			difference := x*(lcm/m) - y*(lcm/n)
			left = left || difference >= h || difference <= -h
		}
		if x == m {
			total++
			if left {
				outside++
			}
		}
	}
	return float64(outside) / float64(total)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func TestCramerVonMisesCDF(t *testing.T) {
	for _, c := range [][2]float64{
		{0.003, 1.2748440417041988e-18},
		{0.02, 0.003000614301601878},
		{0.1, 0.4151265615932029},
		{0.46, 0.9495950884695041},
		{1.2, 0.9991573980845396},
	} {
		near(t, "cvm", dist.CramerVonMisesCDF(c[0]), c[1], 1e-12)
	}
}

func TestFisherTwoSided(t *testing.T) {
	for _, c := range []struct {
		a, b, c, d int
		p          float64
	}{
		{3, 1, 1, 3, 0.48571428571428565},
		{8, 2, 1, 5, 0.034965034965034975},
		{100, 120, 90, 200, 0.0011825258035427911},
		{0, 5, 5, 0, 0.007936507936507938},
		{1000, 4000, 1300, 3700, 1.137406909019402e-12},
		{5, 5, 5, 5, 1},
		{0, 10, 3, 7, 0.21052631578947367},
		{0, 0, 3, 4, 1},
	} {
		near(t, "fisher", dist.FisherTwoSided(c.a, c.b, c.c, c.d), c.p, 1e-11)
		near(t, "transposed", dist.FisherTwoSided(c.a, c.c, c.b, c.d), c.p, 1e-11)
		near(t, "swapped", dist.FisherTwoSided(c.b, c.a, c.d, c.c), c.p, 1e-11)
	}
}

func TestBinomial(t *testing.T) {
	for _, c := range []struct {
		k, n int
		p, q float64
	}{
		{3, 10, 0.5, 0.171875},
		{40, 100, 0.5, 0.028443966820490444},
		{0, 50, 0.01, 0.6050060671375366},
		{700, 1000, 0.6, 0.9999999999799434},
		{4500, 10000, 0.5, 7.755320284123319e-24},
		{-1, 5, 0.5, 0},
		{5, 5, 0.5, 1},
	} {
		near(t, "binomial", dist.BinomialCDF(c.k, c.n, c.p), c.q, 1e-11)
	}
	if got := dist.BinomialQuantile(0.999, 1000, 0.05); got != 73 {
		t.Errorf("quantile: got %d, want 73", got)
	}
}

func TestNormal(t *testing.T) {
	near(t, "sf", dist.NormalSF(10), 7.619853024160527e-24, 1e-12)
	near(t, "cdf", dist.NormalCDF(-1.5), 0.06680720126885807, 1e-14)
	near(t, "quantile", dist.NormalQuantile(0.975), 1.959963984540054, 1e-13)
}

func TestNotANumber(t *testing.T) {
	nan := math.NaN()
	for name, p := range map[string]float64{
		"student": dist.StudentTwoSided(nan, 3), "chi-square": dist.ChiSquareSF(nan, 3),
		"kolmogorov": dist.KolmogorovSF(10, nan), "cvm": dist.CramerVonMisesCDF(nan),
	} {
		if !math.IsNaN(p) {
			t.Errorf("%s: NaN in, %v out", name, p)
		}
	}
}
