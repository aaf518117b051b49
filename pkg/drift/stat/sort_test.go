package stat_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// generators draw columns of every kind that the sort must not stumble over.
var generators = map[string]func(r *rand.Rand) float64{
	"normal":          func(r *rand.Rand) float64 { return r.NormFloat64() },
	"lognormal":       func(r *rand.Rand) float64 { return math.Exp(5 * r.NormFloat64()) },
	"constant":        func(*rand.Rand) float64 { return -3.5 },
	"two values":      func(r *rand.Rand) float64 { return float64(r.IntN(2)) },
	"whole":           func(r *rand.Rand) float64 { return float64(r.IntN(1000)) },
	"low bits":        func(r *rand.Rand) float64 { return math.Float64frombits(0x3ff0000000000000 + uint64(r.IntN(1<<20))) },
	"one far outlier": func(r *rand.Rand) float64 { return 1 + r.Float64()*1e-9 + 1e300*float64(r.IntN(5000)/4999) },
	"denormal":        func(r *rand.Rand) float64 { return r.NormFloat64() * 1e-310 },
	"huge":            func(r *rand.Rand) float64 { return r.NormFloat64() * 1e307 },
	"signed zero":     func(r *rand.Rand) float64 { return math.Copysign(0, r.NormFloat64()) },
	"any bits": func(r *rand.Rand) float64 {
		for {
			if v := math.Float64frombits(r.Uint64()); !math.IsNaN(v) && !math.IsInf(v, 0) {
				return v
			}
		}
	},
}

func TestSort(t *testing.T) {
	var sorter stat.Sorter
	for name, draw := range generators {
		for _, n := range []int{0, 1, 2, 100, 511, 512, 513, 5000, 70000} {
			r := rand.New(rand.NewPCG(uint64(n), 7))
			values := make([]float64, n)
			for i := range values {
				values[i] = draw(r)
			}
			want := slices.Clone(values)
			slices.Sort(want)
			if !slices.Equal(want, sorter.Sort(values)) {
				t.Errorf("%s, %d values: not sorted, or not the same values", name, n)
			}
		}
	}
}

func TestFinite(t *testing.T) {
	got := stat.Finite([]float64{1, math.NaN(), math.Inf(1), -2, math.Inf(-1), math.MaxFloat64, 0})
	if want := []float64{1, -2, math.MaxFloat64, 0}; !slices.Equal(want, got) {
		t.Errorf("got %v, want %v", got, want)
	}
}
