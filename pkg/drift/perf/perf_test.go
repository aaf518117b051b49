package perf_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift/perf"
)

var (
	truth  = []bool{true, false, true, true, false, false, true, false, true, false, false, true}
	scores = []float64{0.9, 0.3, 0.8, 0.35, 0.4, 0.35, 0.6, 0.1, 0.7, 0.75, 0.2, 0.55}
)

func predicted(scores []float64) []bool {
	out := make([]bool, len(scores))
	for i, s := range scores {
		out[i] = s >= 0.5
	}
	return out
}

// numbers of truth.
func floats(truth []bool) []float64 {
	out := make([]float64, len(truth))
	for i, positive := range truth {
		if positive {
			out[i] = 1
		}
	}
	return out
}

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 || math.IsNaN(got) != math.IsNaN(want) {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
}

// The expected values are scikit-learn 1.9.1's and NannyML 0.13.1's.
func TestClassificationAsScikitLearn(t *testing.T) {
	c := perf.NewConfusion(truth, predicted(scores))
	near(t, "accuracy", c.Accuracy(), 0.8333333333333334)
	near(t, "balanced accuracy", c.BalancedAccuracy(), 0.8333333333333334)
	near(t, "precision", c.Precision(), 0.8333333333333334)
	near(t, "recall", c.Recall(), 0.8333333333333334)
	near(t, "F1", c.F1(), 0.8333333333333334)
	near(t, "AUC", perf.AUC(truth, scores), 0.8472222222222223)
	near(t, "average precision", perf.AveragePrecision(truth, scores), 0.8416666666666666)
	near(t, "log loss", perf.LogLoss(truth, scores), 0.4880621393183468)
	near(t, "Brier", perf.Brier(truth, scores), 0.15916666666666668)
	near(t, "cost", c.Cost(perf.Costs{TP: -10, FP: 2, FN: 50}), (-10*5+2+50)/12.0)
}

func TestRegressionAsScikitLearn(t *testing.T) {
	y, p := []float64{3, -0.5, 2, 7, 4.2}, []float64{2.5, 0, 2, 8, 3.9}
	near(t, "MAE", perf.MAE(y, p), 0.46)
	near(t, "RMSE", perf.RMSE(y, p), 0.5639148871948674)
	near(t, "R2", perf.R2(y, p), 0.9480256276150627)
	near(t, "quantile loss", perf.QuantileLoss(y, p, 0.9), 0.174)
	near(t, "naive error", perf.NaiveError([]float64{1, 3, 2, 6}, 1), 7.0/3)
	near(t, "seasonal naive error", perf.NaiveError([]float64{1, 3, 2, 6}, 2), 2)
	near(t, "MASE", perf.MASE(y, p, 0.92), 0.5)
}

func TestMulticlassAsScikitLearn(t *testing.T) {
	m := perf.NewMulticlass(3, []int{0, 1, 2, 2, 1, 0, 2, 1, 0, 2}, []int{0, 2, 2, 1, 1, 0, 2, 1, 1, 2})
	near(t, "accuracy", m.Accuracy(), 0.7)
	near(t, "balanced accuracy", m.Macro(perf.Confusion.Recall), 0.6944444444444443)
	near(t, "macro F1", m.Macro(perf.Confusion.F1), 0.7071428571428572)
	near(t, "macro precision", m.Macro(perf.Confusion.Precision), 0.75)
}

// What does not exist is not zero.
func TestAbsentIsNotZero(t *testing.T) {
	nan := math.NaN()
	never := perf.NewConfusion([]bool{true, false}, []bool{false, false})
	near(t, "precision without a predicted positive", never.Precision(), nan)
	near(t, "recall without a positive", perf.NewConfusion([]bool{false}, []bool{true}).Recall(), nan)
	near(t, "accuracy of nothing", perf.Confusion{}.Accuracy(), nan)
	near(t, "AUC of one class", perf.AUC([]bool{true, true}, []float64{1, 2}), nan)
	near(t, "average precision without a positive", perf.AveragePrecision([]bool{false}, []float64{1}), nan)
	near(t, "R2 of a constant", perf.R2([]float64{2, 2}, []float64{1, 3}), nan)
	near(t, "naive error of a short series", perf.NaiveError([]float64{1, 2}, 7), nan)
}

func TestAUCIsTheShareOfRightPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 20 {
		labels, score := make([]bool, 40), make([]float64, 40)
		for i := range labels {
			labels[i], score[i] = r.IntN(2) == 0, float64(r.IntN(12))
		}
		right, pairs := 0.0, 0.0
		for i, positive := range labels {
			for j, other := range labels {
				if positive && !other {
					pairs++
					switch {
					case score[i] > score[j]:
						right++
					case score[i] == score[j]:
						right += 0.5
					}
				}
			}
		}
		near(t, "AUC", perf.AUC(labels, score), right/pairs)
	}
}

func TestIsotonicAsScikitLearn(t *testing.T) {
	f := perf.FitIsotonic(scores, floats(truth))
	want := []float64{0, 0, 0, 1.0 / 3, 0.6111111111111109, 0.75, 0.75, 0.75, 1, 1}
	for i, at := range []float64{0, 0.15, 0.3, 0.35, 0.5, 0.58, 0.65, 0.72, 0.8, 1} {
		near(t, "isotonic", f.At(at), want[i])
	}
}

// calibrated draws labels that occur as often as their probability says.
func calibrated(seed uint64, n int) (labels []bool, probability []float64) {
	r := rand.New(rand.NewPCG(seed, 6))
	for range n {
		p := r.Float64()
		probability = append(probability, p)
		labels = append(labels, r.Float64() < p)
	}
	return labels, probability
}

func TestCBPEAsNannyML(t *testing.T) {
	var plain perf.CBPE
	c := plain.Estimate(predicted(scores), scores)
	near(t, "accuracy", c.Accuracy(), 0.7166666666666667)
	near(t, "precision", c.Precision(), 0.7166666666666667)
	near(t, "recall", c.Recall(), 0.7166666666666667)
	near(t, "F1", c.F1(), 0.7166666666666667)
	near(t, "rows", c.Rows(), 12)
}

// With calibrated scores the estimate meets what labels say later; with scores
// that are too sure it does so after recalibration only.
func TestCBPEMeetsTheTruth(t *testing.T) {
	sure := func(p float64) float64 { return p * p * p / (p*p*p + (1-p)*(1-p)*(1-p)) }
	for name, warp := range map[string]func(float64) float64{"calibrated": func(p float64) float64 { return p }, "too sure": sure} {
		labels, probability := calibrated(1, 20000)
		for i := range probability {
			probability[i] = warp(probability[i])
		}
		c, err := perf.FitCBPE(labels[:10000], probability[:10000])
		if err != nil {
			t.Fatal(err)
		}
		if name == "too sure" && !c.Recalibrated() {
			t.Errorf("%s: not recalibrated", name)
		}
		window := probability[10000:]
		estimated := c.Estimate(predicted(window), window)
		realised := perf.NewConfusion(labels[10000:], predicted(window))
		if off := perf.RealisedError(estimated, realised, perf.Confusion.Accuracy); math.Abs(off) > 0.015 {
			t.Errorf("%s: accuracy is off by %v", name, off)
		}
		if off := c.EstimateAUC(window) - perf.AUC(labels[10000:], window); math.Abs(off) > 0.015 {
			t.Errorf("%s: AUC is off by %v", name, off)
		}
		if off := c.EstimateAveragePrecision(window) - perf.AveragePrecision(labels[10000:], window); math.Abs(off) > 0.02 {
			t.Errorf("%s: average precision is off by %v", name, off)
		}
	}
}

func TestCBPENeedsBothClasses(t *testing.T) {
	if _, err := perf.FitCBPE([]bool{true, true}, []float64{0.5, 0.6}); !errors.Is(err, perf.ErrOneClass) {
		t.Errorf("one class: %v", err)
	}
}

func TestKnown(t *testing.T) {
	start := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	rows := []perf.Arrival{
		{Predicted: day(0), Labelled: day(3)},
		{Predicted: day(0)},
		{Predicted: day(1), Labelled: day(2)},
		{Predicted: day(1), Labelled: day(30)},
		{Predicted: day(2), Labelled: day(4)},
	}
	known, coverage := perf.Known(rows, day(10))
	if !slices.Equal([]int{0, 2, 4}, known) {
		t.Errorf("known rows: %v", known)
	}
	if diff := cmp.Diff(perf.Coverage{Rows: 5, Labelled: 3, Lag: 48 * time.Hour}, coverage); diff != "" {
		t.Error(diff)
	}
	near(t, "share", coverage.Share(), 0.6)
	near(t, "share of nothing", perf.Coverage{}.Share(), 0)
}
