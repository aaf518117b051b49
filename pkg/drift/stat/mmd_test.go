package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// autoregressive draws a stationary AR(1) series.
func autoregressive(r *rand.Rand, n int, phi float64) []float64 {
	out := make([]float64, n)
	v := r.NormFloat64()
	for i := range out {
		v = phi*v + math.Sqrt(1-phi*phi)*r.NormFloat64()
		out[i] = v
	}
	return out
}

func TestMMDAgainstDefinition(t *testing.T) {
	x := stat.Matrix{Columns: 2, Values: []float64{0, 0, 1, 0, 0, 2}}
	y := stat.Matrix{Columns: 2, Values: []float64{3, 3, 1, 1}}
	k := func(a, b []float64) float64 {
		return math.Exp(-0.5 * ((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1])))
	}
	var within, between float64
	for i := range 3 {
		for j := range 3 {
			if i != j {
				within += k(x.Row(i), x.Row(j)) / 6
			}
		}
		for j := range 2 {
			between += k(x.Row(i), y.Row(j)) / 6
		}
	}
	want := within + k(y.Row(0), y.Row(1)) - 2*between
	got, err := stat.MMD(x, y, stat.MMDOptions{Gamma: 0.5, Permutations: 10})
	if err != nil || math.Abs(got.Statistic-want) > 1e-15 {
		t.Errorf("got %v %v, want %v", got.Statistic, err, want)
	}
}

// The reason for block permutation: rows that depend on their neighbours reject
// far too often when they are permuted one by one.
func TestMMDBlocksHoldTheLevel(t *testing.T) {
	const windows = 120
	rejected := map[int]int{}
	for seed := range uint64(windows) {
		r := rand.New(rand.NewPCG(seed, 1))
		series := autoregressive(r, 160, 0.9)
		a, b := stat.Matrix{Columns: 1, Values: series[:80]}, stat.Matrix{Columns: 1, Values: series[80:]}
		for _, block := range []int{1, 40} {
			result, err := stat.MMD(a, b, stat.MMDOptions{Permutations: 39, Block: block, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			if result.P <= 0.05 {
				rejected[block]++
			}
		}
	}
	if rejected[1] < windows/4 {
		t.Errorf("permuting rows rejected only %d of %d: the comparison shows nothing", rejected[1], windows)
	}
	if rejected[40] > windows/5 {
		t.Errorf("permuting blocks rejected %d of %d nulls at 5 %%", rejected[40], windows)
	}
}

func TestMMDSeesAShift(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	a, b := sample(r, 100, generators["normal"]), sample(r, 100, generators["normal"])
	for i := range b {
		b[i]++
	}
	result, err := stat.MMD(stat.Matrix{Columns: 1, Values: a}, stat.Matrix{Columns: 1, Values: b}, stat.MMDOptions{Seed: 1})
	if err != nil || result.P > 0.02 {
		t.Errorf("%+v %v", result, err)
	}
}
