package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

func sample(r *rand.Rand, n int, draw func(*rand.Rand) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = draw(r)
	}
	return out
}

func sorted(values []float64) stat.Sorted { return stat.Sort(append([]float64(nil), values...)) }

// bruteDistances integrates over every gap of the pooled values, counting anew.
func bruteDistances(reference, current []float64) stat.Distances {
	pooled := sorted(append(append([]float64(nil), reference...), current...))
	share := func(values []float64, x float64) float64 {
		n := 0
		for _, v := range values {
			if v <= x {
				n++
			}
		}
		return float64(n) / float64(len(values))
	}
	var d stat.Distances
	for i, x := range pooled {
		gap := math.Abs(share(reference, x) - share(current, x))
		d.KolmogorovSmirnov = math.Max(d.KolmogorovSmirnov, gap)
		if i+1 < len(pooled) {
			d.Wasserstein += gap * (pooled[i+1] - x)
			d.Energy += 2 * gap * gap * (pooled[i+1] - x)
		}
	}
	d.Energy = math.Sqrt(d.Energy)
	return d
}

func TestCompareAgainstBruteForce(t *testing.T) {
	for name, draw := range generators {
		if name == "any bits" || name == "huge" {
			continue // the brute force overflows; see TestCompareHuge
		}
		for _, size := range [][2]int{{1, 1}, {1, 30}, {40, 1}, {50, 50}, {120, 37}} {
			r := rand.New(rand.NewPCG(uint64(size[0]), uint64(size[1])))
			reference, current := sample(r, size[0], draw), sample(r, size[1], draw)
			got, want := stat.Compare(sorted(reference), sorted(current)), bruteDistances(reference, current)
			if !closeTo(got.KolmogorovSmirnov, want.KolmogorovSmirnov) || !closeTo(got.Wasserstein, want.Wasserstein) || !closeTo(got.Energy, want.Energy) {
				t.Errorf("%s %v: got %+v, want %+v", name, size, got, want)
			}
		}
	}
}

func closeTo(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-11*math.Max(math.Abs(a), math.Abs(b))
}

func TestCompareHuge(t *testing.T) {
	got := stat.Compare(stat.Sorted{-1e308, 0}, stat.Sorted{0, 1e307})
	if want := 5.5e307; !closeTo(got.Wasserstein, want) {
		t.Errorf("Wasserstein is %v, want %v", got.Wasserstein, want)
	}
	if math.IsInf(got.Energy, 0) || math.IsNaN(got.Energy) {
		t.Errorf("energy is %v", got.Energy)
	}
}

func TestCompareProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 50 {
		a := sample(r, 1+r.IntN(200), generators["normal"])
		b := sample(r, 1+r.IntN(200), generators["normal"])
		d, mirrored := stat.Compare(sorted(a), sorted(b)), stat.Compare(sorted(b), sorted(a))
		if !closeTo(d.KolmogorovSmirnov, mirrored.KolmogorovSmirnov) || !closeTo(d.Wasserstein, mirrored.Wasserstein) {
			t.Fatal("not symmetric")
		}
		if d.KolmogorovSmirnov < 0 || d.KolmogorovSmirnov > 1 || d.Wasserstein < 0 {
			t.Fatalf("out of range: %+v", d)
		}
		if self := stat.Compare(sorted(a), sorted(a)); self != (stat.Distances{}) {
			t.Fatalf("a sample differs from itself: %+v", self)
		}
		stretched := func(values []float64) []float64 {
			out := make([]float64, len(values))
			for i, v := range values {
				out[i] = 8*v + 1024
			}
			return out
		}
		s := stat.Compare(sorted(stretched(a)), sorted(stretched(b)))
		if math.Abs(s.Wasserstein-8*d.Wasserstein) > 1e-9 || !closeTo(s.KolmogorovSmirnov, d.KolmogorovSmirnov) {
			t.Fatalf("8x+1024: %+v became %+v", d, s)
		}
		// |E a - E b| <= W1, with equality for a pure shift.
		if math.Abs(stat.Mean(a)-stat.Mean(b)) > d.Wasserstein+1e-12 {
			t.Fatalf("means differ by more than the Wasserstein distance %v", d.Wasserstein)
		}
	}
}

// FuzzCompare feeds any finite values to every test on sorted samples: no panic,
// no p-value outside [0, 1], no negative distance.
func FuzzCompare(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef0123456789abcdef"), uint8(2))
	f.Add(make([]byte, 160), uint8(10))
	f.Fuzz(func(t *testing.T, raw []byte, split uint8) {
		values := stat.Finite(decode(raw))
		if len(values) < 2 || len(values) > 400 {
			return
		}
		cut := 1 + int(split)%(len(values)-1)
		reference, current := sorted(values[:cut]), sorted(values[cut:])
		d := stat.Compare(reference, current)
		if d.KolmogorovSmirnov < 0 || d.KolmogorovSmirnov > 1 || d.Wasserstein < 0 || math.IsNaN(d.Wasserstein) || math.IsNaN(d.Energy) {
			t.Errorf("%+v", d)
		}
		for name, p := range allP(reference, current) {
			if p < 0 || p > 1 {
				t.Errorf("%s: p = %v", name, p)
			}
		}
	})
}

// allP are the p-values of the tests that do not refuse the samples.
func allP(reference, current stat.Sorted) map[string]float64 {
	out := map[string]float64{
		"ks":           stat.KolmogorovSmirnov(reference, current, stat.Auto).P,
		"ks limit":     stat.KolmogorovSmirnov(reference, current, stat.Asymptotic).P,
		"mann-whitney": stat.MannWhitney(reference, current, stat.TwoSided, stat.Auto).P,
		"welch":        stat.Welch(reference, current).P,
		"student":      stat.Student(reference, current).P,
	}
	if r, err := stat.CramerVonMises(reference, current, stat.Auto); err == nil {
		out["cramer"] = r.P
	}
	if r, err := stat.AndersonDarling(reference, current); err == nil {
		out["anderson"] = r.P
	}
	if r, err := stat.EppsSingleton(reference, current); err == nil {
		out["epps"] = r.P
	}
	return out
}

func decode(raw []byte) []float64 {
	var out []float64
	for ; len(raw) >= 8; raw = raw[8:] {
		bits := uint64(0)
		for _, b := range raw[:8] {
			bits = bits<<8 | uint64(b)
		}
		out = append(out, math.Float64frombits(bits))
	}
	return out
}
