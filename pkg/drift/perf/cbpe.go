package perf

import (
	"errors"
	"math"
	"slices"
)

// Validity goes wherever a CBPE estimate goes.
const Validity = "valid under covariate shift only"

// ErrOneClass reports a reference in which only one class occurs.
var ErrOneClass = errors.New("the reference has one class only: CBPE needs labelled rows of both")

// CBPE estimates a binary classifier's performance without labels, from its own
// probabilities (confidence-based performance estimation, as in NannyML): if
// probabilities are calibrated, each row of probability p that is predicted
// positive is a true positive with probability p.
//
// This is Validity, that is, true while the meaning of the inputs stays the same.
// Under concept drift it follows nothing: an estimate may notify and must never
// start a training or promote a model. RealisedError says how far off it was,
// once labels have come.
type CBPE struct {
	calibration *Isotonic
}

const (
	calibrationFolds = 10
	calibrationBins  = 10
	// certain is the AUC above which scores are as good as labels, and are left
	// as they are.
	certain = 0.999
)

// FitCBPE learns the calibration from labelled reference rows, in the order of
// time. Probabilities are recalibrated only where that lowers the expected
// calibration error on held-out rows; the folds are contiguous, because rows near
// each other in time are alike (NannyML's are random).
func FitCBPE(truth []bool, probability []float64) (CBPE, error) {
	labels := ones(truth)
	if slices.Min(labels) == slices.Max(labels) {
		return CBPE{}, ErrOneClass
	}
	if AUC(truth, probability) > certain || !calibrationHelps(labels, probability) {
		return CBPE{}, nil
	}
	f := FitIsotonic(probability, labels)
	return CBPE{calibration: &f}, nil
}

// Recalibrated says that scores are mapped before use.
func (c CBPE) Recalibrated() bool { return c.calibration != nil }

// Calibrate is the probability that a row of this score is positive.
func (c CBPE) Calibrate(probability float64) float64 {
	if c.calibration == nil {
		return probability
	}
	return c.calibration.At(probability)
}

// calibrationHelps compares the calibration error of held-out rows with and
// without an isotonic fit on the other rows.
func calibrationHelps(labels, probability []float64) bool {
	n := len(labels)
	if n < 2*calibrationFolds {
		return false
	}
	fitted := make([]float64, 0, n)
	for fold := range calibrationFolds {
		from, to := fold*n/calibrationFolds, (fold+1)*n/calibrationFolds
		f := FitIsotonic(without(probability, from, to), without(labels, from, to))
		for _, p := range probability[from:to] {
			fitted = append(fitted, f.At(p))
		}
	}
	return CalibrationError(labels, fitted) < CalibrationError(labels, probability)
}

func without(values []float64, from, to int) []float64 {
	return append(slices.Clone(values[:from]), values[to:]...)
}

// CalibrationError is the expected calibration error: over ten bins of as many
// rows each, in order of the score, the mean distance of score and label.
func CalibrationError(labels, probability []float64) float64 {
	order := make([]int, len(labels))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case probability[a] < probability[b]:
			return -1
		case probability[a] > probability[b]:
			return 1
		}
		return 0
	})
	sum := 0.0
	for bin := range calibrationBins {
		gap := 0.0
		for _, i := range order[bin*len(order)/calibrationBins : (bin+1)*len(order)/calibrationBins] {
			gap += probability[i] - labels[i]
		}
		sum += math.Abs(gap)
	}
	return sum / float64(len(order))
}

// Estimate is the expected confusion of a window without labels: what each row
// was predicted as, and its probability as the model gave it.
func (c CBPE) Estimate(predicted []bool, probability []float64) Confusion {
	var out Confusion
	for i, positive := range predicted {
		p := c.Calibrate(probability[i])
		if positive {
			out.TP += p
			out.FP += 1 - p
		} else {
			out.FN += p
			out.TN += 1 - p
		}
	}
	return out
}

// EstimateAUC is the expected area under the curve of the scores.
func (c CBPE) EstimateAUC(probability []float64) float64 {
	return aucOf(c.expected(probability))
}

// EstimateAveragePrecision is the expected average precision of the scores.
func (c CBPE) EstimateAveragePrecision(probability []float64) float64 {
	return averagePrecisionOf(c.expected(probability))
}

func (c CBPE) expected(probability []float64) []step {
	calibrated := make([]float64, len(probability))
	for i, p := range probability {
		calibrated[i] = c.Calibrate(p)
	}
	return steps(calibrated, probability)
}

// RealisedError is the estimate less what labels later said, for one metric.
func RealisedError(estimated, realised Confusion, metric func(Confusion) float64) float64 {
	return metric(estimated) - metric(realised)
}
