package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

func TestBinnedBoundsTheDistances(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	draw := func(n int, shift, round float64) stat.Sorted {
		out := make([]float64, n)
		for i := range out {
			out[i] = r.NormFloat64() + shift
			if round > 0 {
				out[i] = math.Round(out[i]*round) / round
			}
		}
		return stat.Sort(out)
	}
	for trial := range 400 {
		round := []float64{0, 1, 10}[trial%3]
		reference := draw(1+r.IntN(3000), 0, round)
		current := draw(1+r.IntN(500), float64(trial%5)-2, round)
		bins := 1 + r.IntN(200)
		binned := stat.Bin(reference, bins)
		if got := binned.Rows(); got != len(reference) {
			t.Fatalf("%d of %d values are in bins", got, len(reference))
		}
		ks, wasserstein := stat.CompareBinned(binned, current)
		exact := stat.Compare(reference, current)
		const slack = 1e-12
		if exact.KolmogorovSmirnov < ks.Lower-slack || exact.KolmogorovSmirnov > ks.Upper+slack {
			t.Errorf("trial %d: D = %g is outside %+v", trial, exact.KolmogorovSmirnov, ks)
		}
		if exact.Wasserstein < wasserstein.Lower-slack || exact.Wasserstein > wasserstein.Upper+slack {
			t.Errorf("trial %d: W = %g is outside %+v", trial, exact.Wasserstein, wasserstein)
		}
	}
}

// A thousand bins leave an interval of about a thousandth in D; in W the tails are
// wide bins.
func TestBinnedIsNarrow(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 2))
	reference, current := make([]float64, 100_000), make([]float64, 10_000)
	for i := range reference {
		reference[i] = r.ExpFloat64()
	}
	for i := range current {
		current[i] = r.ExpFloat64() * 1.1
	}
	ks, wasserstein := stat.CompareBinned(stat.Bin(stat.Sort(reference), 1000), stat.Sort(current))
	if ks.Upper-ks.Lower > 0.0021 || wasserstein.Upper-wasserstein.Lower > 0.02 {
		t.Errorf("D in %+v, W in %+v", ks, wasserstein)
	}
}

func TestBinnedConstant(t *testing.T) {
	binned := stat.Bin(stat.Sorted{5, 5, 5}, 10)
	for _, c := range []struct {
		current stat.Sorted
		ks, w   float64
	}{
		{stat.Sorted{5, 5}, 0, 0}, {stat.Sorted{4, 5}, 0.5, 0.5}, {stat.Sorted{6}, 1, 1}, {stat.Sorted{4, 6}, 0.5, 1},
	} {
		ks, w := stat.CompareBinned(binned, c.current)
		if ks != (stat.Interval{Lower: c.ks, Upper: c.ks}) || w != (stat.Interval{Lower: c.w, Upper: c.w}) {
			t.Errorf("%v: D %+v, W %+v, want %g and %g", c.current, ks, w, c.ks, c.w)
		}
	}
}
