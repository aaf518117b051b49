package stat_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// smallPair and largePair have ties and differ in size; the expected values are
// SciPy 1.17.1's. `make parity` asks SciPy itself about thousands of pairs.
func smallPair() (a, b []float64) {
	return []float64{1.2, 0.4, 3.3, 2.5, 2.5, -1.1, 0.7, 4.1, 1.9, 2.2, 0.1, 1.2},
		[]float64{2.9, 3.3, 1.2, 4.8, 5.0, 2.5, 3.7, 6.1, 2.8, 4.4}
}

func largePair() (a, b []float64) {
	round := func(v float64) float64 { return math.RoundToEven(v*100) / 100 }
	for i := range 60 {
		a = append(a, round(math.Sin(float64(i)*1.7)*3+float64(i)*0.01))
	}
	for i := range 45 {
		b = append(b, round(math.Cos(float64(i)*0.9)*2.2+0.4))
	}
	return a, b
}

func TestTwoSampleTestsAsSciPy(t *testing.T) {
	infallible := func(r stat.Result) (stat.Result, error) { return r, nil }
	tests := map[string]func(a, b stat.Sorted) (stat.Result, error){
		"ks": func(a, b stat.Sorted) (stat.Result, error) {
			return infallible(stat.KolmogorovSmirnov(a, b, stat.Auto))
		},
		"ks far": func(a, b stat.Sorted) (stat.Result, error) {
			return infallible(stat.KolmogorovSmirnov(a, b, stat.Asymptotic))
		},
		"cvm": func(a, b stat.Sorted) (stat.Result, error) { return stat.CramerVonMises(a, b, stat.Auto) },
		"ad":  stat.AndersonDarling,
		"es":  stat.EppsSingleton,
		"mw": func(a, b stat.Sorted) (stat.Result, error) {
			return infallible(stat.MannWhitney(a, b, stat.TwoSided, stat.Auto))
		},
		"mw less": func(a, b stat.Sorted) (stat.Result, error) {
			return infallible(stat.MannWhitney(a, b, stat.Less, stat.Auto))
		},
		"welch":   func(a, b stat.Sorted) (stat.Result, error) { return infallible(stat.Welch(a, b)) },
		"student": func(a, b stat.Sorted) (stat.Result, error) { return infallible(stat.Student(a, b)) },
	}
	type expected map[string]stat.Result
	for name, pair := range map[string]struct {
		draw func() (a, b []float64)
		want expected
	}{
		"small": {smallPair, expected{
			"ks": {Statistic: 0.6333333333333333, P: 0.015306674749399209}, "ks far": {Statistic: 0.6333333333333333, P: 0.018142057613168734},
			"cvm": {Statistic: 0.8801136363636362, P: 0.00382589546676234}, "ad": {Statistic: 5.232810447113872, P: 0.0028646101820843186},
			"es": {Statistic: 8.21354920297189, P: 0.08406150127468838}, "mw": {Statistic: 16.5, P: 0.004475168023660943},
			"mw less": {Statistic: 16.5, P: 0.0022375840118304714}, "welch": {Statistic: -3.3781757183240217, P: 0.0030853103008853895},
			"student": {Statistic: -3.3727119185267265, P: 0.003025786403821657},
		}},
		"large": {largePair, expected{
			"ks": {Statistic: 0.26666666666666666, P: 0.04365421878938669}, "ks far": {Statistic: 0.26666666666666666, P: 0.04021637730721761},
			"cvm": {Statistic: 0.3524735449735452, P: 0.09720076335904626}, "ad": {Statistic: 2.681337866424854, P: 0.025982557794717604},
			"es": {Statistic: 28.681501134283923, P: 9.072725492685825e-06}, "mw": {Statistic: 1290.5, P: 0.7024125269371505},
			"mw less": {Statistic: 1290.5, P: 0.35120626346857525}, "welch": {Statistic: -0.4855802780509759, P: 0.6282962392405698},
			"student": {Statistic: -0.4654869280992377, P: 0.6425655310072977},
		}},
	} {
		a, b := pair.draw()
		for test, run := range tests {
			got, err := run(sorted(a), sorted(b))
			if err != nil {
				t.Errorf("%s, %s: %v", name, test, err)
			}
			if want := pair.want[test]; !agree(got.Statistic, want.Statistic) || !agree(got.P, want.P) {
				t.Errorf("%s, %s: got %+v, want %+v", name, test, got, want)
			}
		}
	}
}

func agree(a, b float64) bool { return math.Abs(a-b) <= 1e-10*math.Abs(b) }

func TestMannWhitneyExact(t *testing.T) {
	got := stat.MannWhitney(stat.Sorted{1, 2, 3, 5, 8}, stat.Sorted{4, 6, 7, 9, 10, 12}, stat.TwoSided, stat.Auto)
	if want := (stat.Result{Statistic: 4, P: 0.05194805194805195}); !agree(got.P, want.P) || got.Statistic != want.Statistic {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSharesDistances(t *testing.T) {
	r, c := []float64{0.1, 0.2, 0.3, 0.4}, []float64{0.25, 0.25, 0.4, 0.1}
	for name, pair := range map[string][2]float64{
		"jensen-shannon":  {stat.JensenShannon(r, c), 0.2641310381106612},
		"kullback":        {stat.KullbackLeibler(r, c), 0.3319553392621645},
		"psi":             {stat.PSI(r, c), 0.5932573029279791},
		"hellinger":       {stat.Hellinger(r, c), 0.26808423625388084},
		"total variation": {stat.TotalVariation(r, c), 0.3},
		"l-infinity":      {stat.LInfinity(r, c), 0.3},
		"robust":          {stat.RobustLInfinity(0.3, 100, 400, stat.DeequC), 0.3 - 1.8*math.Sqrt(500.0/40000)},
		"robust at zero":  {stat.RobustLInfinity(0.05, 100, 400, stat.RobustC(0.05)), 0},
		"opposites":       {stat.JensenShannon([]float64{1, 0}, []float64{0, 1}), math.Sqrt(math.Ln2)},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-12 {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
	if !math.IsInf(stat.PSI([]float64{1, 0}, []float64{0.5, 0.5}), 1) {
		t.Error("PSI of an empty share is not infinite")
	}
}

func TestCountTests(t *testing.T) {
	three, err := stat.Contingency([]float64{10, 20, 30}, []float64{25, 15, 20})
	check(t, "contingency", three, err, 9.142857142857142, 0.010343173196618252)
	two, err := stat.Contingency([]float64{10, 20}, []float64{25, 15})
	check(t, "with Yates' correction", two, err, 4.7250000000000005, 0.029727183306054655)
	one, err := stat.Contingency([]float64{10}, []float64{25})
	check(t, "one category", one, err, 0, 1)
	check(t, "chi-square", stat.ChiSquare([]float64{25, 15, 20}, []float64{20, 20, 20}), nil, 2.5, 0.2865047968601901)
	g, err := stat.G([]float64{25, 15, 20}, []float64{20, 20, 20})
	check(t, "G", g, err, 2.5267153921570618, 0.2827031996743954)
	check(t, "proportions", stat.TwoProportions(30, 100, 50, 120), nil, -1.7911821050170567, 0.07326407689400845)
	check(t, "unseen category", stat.ChiSquare([]float64{3, 1}, []float64{4, 0}), nil, math.Inf(1), 0)
	if _, err := stat.G([]float64{1, 2}, []float64{5, 5}); !errors.Is(err, stat.ErrUnequalTotals) {
		t.Errorf("unequal totals: %v", err)
	}
	if _, err := stat.Contingency([]float64{1, 0}, []float64{5, 0}); !errors.Is(err, stat.ErrEmptyMargin) {
		t.Errorf("empty column: %v", err)
	}
}

func check(t *testing.T, name string, got stat.Result, err error, statistic, p float64) {
	t.Helper()
	if err != nil || got.Statistic != statistic && !agree(got.Statistic, statistic) || !agree(got.P, p) {
		t.Errorf("%s: got %+v %v, want %v and %v", name, got, err, statistic, p)
	}
}

func TestRefusals(t *testing.T) {
	one, many := stat.Sorted{1}, stat.Sorted{1, 2, 3, 4, 5, 6}
	constant := stat.Sorted{2, 2, 2, 2, 2, 2}
	for name, run := range map[string]func() error{
		"cvm of one value":   func() error { _, err := stat.CramerVonMises(one, many, stat.Auto); return err },
		"epps of one value":  func() error { _, err := stat.EppsSingleton(one, many); return err },
		"anderson, constant": func() error { _, err := stat.AndersonDarling(constant, constant); return err },
		"epps, no spread":    func() error { _, err := stat.EppsSingleton(constant, constant); return err },
		"mmd of one row": func() error {
			_, err := stat.MMD(stat.Matrix{Columns: 1, Values: one}, stat.Matrix{Columns: 1, Values: many}, stat.MMDOptions{})
			return err
		},
	} {
		if err := run(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEdgesAsNumPy(t *testing.T) {
	a, b := largePair()
	want := []float64{-2.78, -1.8842857142857141, -0.9885714285714284, -0.09285714285714297, 0.8028571428571429, 1.6985714285714288, 2.594285714285714, 3.49}
	sturges, err := stat.SturgesEdges(-2.78, 3.49, 60, false)
	if err != nil || !slices.Equal(want, sturges) {
		t.Errorf("Sturges: got %v %v", sturges, err)
	}
	doane, err := stat.DoaneEdges(a)
	if err != nil || !slices.Equal(want, doane) {
		t.Errorf("Doane: got %v %v", doane, err)
	}
	if diff := cmp.Diff([]int{0, 12, 7, 6, 4, 11, 5}, sorted(b).Histogram(doane)); diff != "" {
		t.Error(diff)
	}
	whole, err := stat.SturgesEdges(0, 4, 1000, true)
	if err != nil || len(whole) != 5 {
		t.Errorf("whole numbers must not be cut finer than one: %v %v", whole, err)
	}
	if _, err := stat.SturgesEdges(1, math.Nextafter(1, 2), 1000, false); err == nil {
		t.Error("edges between neighbouring doubles: no error")
	}
}

func TestQuantile(t *testing.T) {
	a, _ := smallPair()
	s := sorted(a)
	for p, want := range map[float64]float64{0: -1.1, 0.1: 0.13, 0.25: 0.625, 0.5: 1.55, 0.99: 4.012, 1: 4.1} {
		if got := s.Quantile(p); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: got %v, want %v", p, got, want)
		}
	}
	if got := s.Distinct(100); got != 10 {
		t.Errorf("%d distinct values, want 10", got)
	}
	if got := s.Distinct(3); got != 3 {
		t.Errorf("counting stops at 3, got %d", got)
	}
}

func TestAdjustments(t *testing.T) {
	p := []float64{0.01, 0.04, math.NaN(), 0.03, 0.5}
	for name, pair := range map[string][2][]float64{
		"bonferroni": {stat.Bonferroni(p), {0.04, 0.16, math.NaN(), 0.12, 1}},
		"holm":       {stat.Holm(p), {0.04, 0.09, math.NaN(), 0.09, 0.5}},
		"fdr":        {stat.BenjaminiHochberg(p), {0.04, 0.16 / 3, math.NaN(), 0.16 / 3, 0.5}},
	} {
		for i := range p {
			got, want := pair[0][i], pair[1][i]
			if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-15 {
				t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
				break
			}
		}
	}
}
