package gate_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift/dist"
	"github.com/trainyard/trainyard/pkg/drift/gate"
	"github.com/trainyard/trainyard/pkg/drift/perf"
)

// days is held-out data in which a day's rows fail together: on each day either
// model may have a bad time of its own. gain is by how much the candidate is
// right more often.
type days struct {
	block               []int
	champion, candidate []float64
}

func draw(seed uint64, blocks, rowsPerBlock int, gain float64) days {
	r := rand.New(rand.NewPCG(seed, 11))
	var d days
	for b := range blocks {
		first, second := 0.8+0.08*r.NormFloat64(), 0.8+gain+0.08*r.NormFloat64()
		for range rowsPerBlock {
			d.block = append(d.block, b)
			d.champion = append(d.champion, hit(r, first))
			d.candidate = append(d.candidate, hit(r, second))
		}
	}
	return d
}

func hit(r *rand.Rand, p float64) float64 {
	if r.Float64() < p {
		return 1
	}
	return 0
}

func (d days) compare(t *testing.T, blocks int, options gate.Options) gate.Comparison {
	t.Helper()
	c, err := gate.Compare(gate.NewMean(d.block, blocks, d.champion), gate.NewMean(d.block, blocks, d.candidate), blocks, options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func right(values []float64) []bool {
	out := make([]bool, len(values))
	for i, v := range values {
		out[i] = v == 1
	}
	return out
}

// The reason for blocks: where rows depend on their day McNemar finds differences
// that are not there, and intervals over days do not.
func TestEqualModels(t *testing.T) {
	const trials = 300
	for _, blocks := range []int{7, 12, 24} {
		overBlocks, mcnemar := 0, 0
		for seed := range uint64(trials) {
			d := draw(seed, blocks, 48, 0)
			c := d.compare(t, blocks, gate.Options{Seed: seed, Replicates: 400})
			if c.Lower > 0 || c.Upper < 0 {
				overBlocks++
			}
			if gate.McNemar(right(d.champion), right(d.candidate)).P < 0.05 {
				mcnemar++
			}
		}
		// The bootstrap's known optimism on few blocks is allowed for: 9 %.
		if limit := dist.BinomialQuantile(0.999, trials, 0.09); overBlocks > limit {
			t.Errorf("%d blocks: %d of %d equal pairs differ at 95 %%, at most %d may", blocks, overBlocks, trials, limit)
		}
		if mcnemar < trials/8 {
			t.Errorf("%d blocks: McNemar rejects only %d of %d: the comparison shows nothing", blocks, mcnemar, trials)
		}
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		blocks  int
		gain    float64
		options gate.Options
		want    gate.Verdict
		method  gate.Method
	}{
		{"much better", 30, 0.15, gate.Options{}, gate.Better, gate.Bootstrap},
		{"much worse", 30, -0.3, gate.Options{Tolerance: 0.02}, gate.Worse, gate.Bootstrap},
		{"as good, tolerance wide", 30, 0, gate.Options{Tolerance: 0.2}, gate.NotWorse, gate.Bootstrap},
		{"as good, tolerance none", 30, 0, gate.Options{}, gate.Inconclusive, gate.Bootstrap},
		{"a week", 7, 0.19, gate.Options{}, gate.Better, gate.Jackknife},
		{"six days", 6, 0.19, gate.Options{}, gate.Inconclusive, gate.None},
	} {
		got := draw(4, c.blocks, 200, c.gain).compare(t, c.blocks, c.options)
		if got.Verdict != c.want || got.Method != c.method || got.Reason == "" {
			t.Errorf("%s: got %+v, want %s by %s", c.name, got, c.want, c.method)
		}
	}
}

func TestLowerIsBetter(t *testing.T) {
	d := draw(4, 30, 100, 0.15)
	higher := d.compare(t, 30, gate.Options{})
	lower := d.compare(t, 30, gate.Options{LowerIsBetter: true})
	if higher.Difference != -lower.Difference || higher.Verdict != gate.Better || lower.Verdict != gate.Worse {
		t.Errorf("higher %+v, lower %+v", higher, lower)
	}
}

// A true difference of MinDetectable must be found in about four of five cases.
func TestMinDetectable(t *testing.T) {
	const trials = 200
	mean := 0.0
	for seed := range uint64(50) {
		mean += draw(seed, 14, 48, 0).compare(t, 14, gate.Options{}).MinDetectable / 50
	}
	found := 0
	for seed := range uint64(trials) {
		if draw(1000+seed, 14, 48, mean).compare(t, 14, gate.Options{}).Verdict == gate.Better {
			found++
		}
	}
	if share := float64(found) / trials; share < 0.68 || share > 0.92 {
		t.Errorf("a difference of %.3f is found in %.0f %% of the trials, not about 80 %%", mean, 100*share)
	}
}

func TestMetricsWithoutWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var block []int
	var truth, predicted []bool
	var score []float64
	for i := range 400 {
		block = append(block, i/40)
		truth = append(truth, r.IntN(2) == 0)
		score = append(score, math.Round(10*r.Float64())/10)
		predicted = append(predicted, score[i] > 0.5)
	}
	weights := make([]float64, 10)
	for i := range weights {
		weights[i] = 1
	}
	c := perf.NewConfusion(truth, predicted)
	f1 := gate.NewSums(block, 10, func(i int) []float64 {
		one := perf.NewConfusion(truth[i:i+1], predicted[i:i+1])
		return []float64{one.TP, one.FP, one.FN}
	}, func(s []float64) float64 { return perf.Confusion{TP: s[0], FP: s[1], FN: s[2]}.F1() })
	if got := f1.Value(weights); math.Abs(got-c.F1()) > 1e-15 {
		t.Errorf("F1: got %v, want %v", got, c.F1())
	}
	if got, want := gate.NewArea(block, truth, score).Value(weights), perf.AUC(truth, score); math.Abs(got-want) > 1e-12 {
		t.Errorf("AUC: got %v, want %v", got, want)
	}
	if got, want := gate.NewFound(block, truth, score).Value(weights), perf.AveragePrecision(truth, score); math.Abs(got-want) > 1e-12 {
		t.Errorf("average precision: got %v, want %v", got, want)
	}
	// A block counted twice is its rows written twice.
	weights[3] = 2
	doubled := append(append([]bool(nil), truth...), truth[120:160]...)
	doubledScore := append(append([]float64(nil), score...), score[120:160]...)
	if got, want := gate.NewArea(block, truth, score).Value(weights), perf.AUC(doubled, doubledScore); math.Abs(got-want) > 1e-12 {
		t.Errorf("AUC of a doubled block: got %v, want %v", got, want)
	}
	if got, want := gate.NewFound(block, truth, score).Value(weights), perf.AveragePrecision(doubled, doubledScore); math.Abs(got-want) > 1e-12 {
		t.Errorf("average precision of a doubled block: got %v, want %v", got, want)
	}
}

// Leaving out the only block with positives leaves no AUC.
func TestMetricThatVanishes(t *testing.T) {
	var block []int
	var truth []bool
	var score []float64
	for i := range 80 {
		block, truth, score = append(block, i/10), append(truth, i < 3), append(score, float64(i%7))
	}
	a := gate.NewArea(block, truth, score)
	c, err := gate.Compare(a, a, 8, gate.Options{})
	if err != nil || c.Verdict != gate.Inconclusive || c.Method != gate.None {
		t.Errorf("%+v %v", c, err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	m := gate.NewMean([]int{0}, 1, []float64{1})
	for _, o := range []gate.Options{{Confidence: 2}, {Confidence: 0.2}, {Tolerance: -1}, {Tolerance: math.NaN()}, {Replicates: 5}} {
		if _, err := gate.Compare(m, m, 1, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func TestBlocks(t *testing.T) {
	start := time.Date(2026, 5, 1, 6, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	block, blocks := gate.BlocksByTime([]time.Time{at(30), at(0), at(23), at(24), at(240)}, 24*time.Hour)
	if diff := cmp.Diff([]int{0, 1, 1, 0, 2}, block); diff != "" || blocks != 3 {
		t.Errorf("%d blocks\n%s", blocks, diff)
	}
	block, blocks = gate.BlocksByEntity([]string{"b", "a", "b"})
	if diff := cmp.Diff([]int{0, 1, 0}, block); diff != "" || blocks != 2 {
		t.Errorf("%d blocks\n%s", blocks, diff)
	}
}

func TestMcNemar(t *testing.T) {
	// 3 rows only the champion gets right, 10 only the candidate: SciPy's
	// binomtest(3, 13) gives 0.09228515625.
	var champion, candidate []bool
	for i := range 20 {
		champion, candidate = append(champion, i < 3), append(candidate, i >= 10)
	}
	got := gate.McNemar(champion, candidate)
	if math.Abs(got.P-0.09228515625) > 1e-12 || got.Statistic != 7 {
		t.Errorf("%+v", got)
	}
	if same := gate.McNemar(champion, champion); same.P != 1 {
		t.Errorf("a model differs from itself: %+v", same)
	}
}

func TestDeLong(t *testing.T) {
	truth := []bool{true, true, true, false, false, false, true, false}
	champion := []float64{0.8, 0.4, 0.6, 0.5, 0.3, 0.7, 0.55, 0.2}
	candidate := []float64{0.9, 0.7, 0.8, 0.4, 0.3, 0.6, 0.65, 0.1}
	got := gate.DeLong(truth, champion, candidate)
	z := deLongByHand(truth, champion, candidate)
	if math.Abs(got.Statistic-z) > 1e-12 || math.Abs(got.P-2*dist.NormalSF(math.Abs(z))) > 1e-12 {
		t.Errorf("%+v, by hand z is %v", got, z)
	}
	if same := gate.DeLong(truth, champion, champion); !math.IsNaN(same.P) {
		t.Errorf("equal scores: %+v", same)
	}
}

// deLongByHand sums over all pairs, as the paper defines it.
func deLongByHand(truth []bool, x, y []float64) float64 {
	kernel := func(a, b float64) float64 {
		switch {
		case a > b:
			return 1
		case a == b:
			return 0.5
		}
		return 0
	}
	var gain, variance, pairs float64
	for _, positives := range []bool{true, false} {
		var gaps []float64
		for i := range truth {
			if truth[i] != positives {
				continue
			}
			sum, n := 0.0, 0.0
			for j := range truth {
				if truth[j] == positives {
					continue
				}
				hit, miss := i, j
				if !positives {
					hit, miss = j, i
				}
				sum += kernel(y[hit], y[miss]) - kernel(x[hit], x[miss])
				n++
			}
			gaps = append(gaps, sum/n)
		}
		mean := 0.0
		for _, g := range gaps {
			mean += g / float64(len(gaps))
		}
		for _, g := range gaps {
			variance += (g - mean) * (g - mean) / float64(len(gaps)-1) / float64(len(gaps))
		}
		gain, pairs = gain+mean, pairs+1
	}
	return gain / pairs / math.Sqrt(variance)
}

func TestBySegment(t *testing.T) {
	good, bad := draw(1, 20, 60, 0.17), draw(2, 20, 60, -0.4)
	var segment []string
	var block []int
	var champion, candidate []float64
	add := func(name string, d days) {
		for i := range d.block {
			segment = append(segment, name)
			block = append(block, d.block[i])
			champion, candidate = append(champion, d.champion[i]), append(candidate, d.candidate[i])
		}
	}
	add("north", good)
	add("south", bad)
	add("tiny", days{block: []int{3}, champion: []float64{1}, candidate: []float64{1}})
	build := func(rows, block []int, blocks int) (gate.Metric, gate.Metric) {
		pick := func(values []float64) []float64 {
			var out []float64
			for _, row := range rows {
				out = append(out, values[row])
			}
			return out
		}
		return gate.NewMean(block, blocks, pick(champion)), gate.NewMean(block, blocks, pick(candidate))
	}
	overall, err := gate.Compare(gate.NewMean(block, 20, champion), gate.NewMean(block, 20, candidate), 20, gate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	segments, err := gate.BySegment(segment, block, build, overall, gate.Options{Tolerance: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, s := range segments {
		order = append(order, fmt.Sprintf("%s %s", s.Name, s.Comparison.Verdict))
	}
	if diff := cmp.Diff([]string{"south Worse", "tiny Inconclusive", "north Better"}, order); diff != "" {
		t.Error(diff)
	}
	if segments[0].Gap < 0.1 {
		t.Errorf("the candidate is far worse in the south, gap %v", segments[0].Gap)
	}
}
