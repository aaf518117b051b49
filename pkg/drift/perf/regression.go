package perf

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// MAE is the mean absolute error, in the unit of the truth.
func MAE(truth, predicted []float64) float64 {
	return stat.Mean(each(truth, predicted, func(y, p float64) float64 { return math.Abs(y - p) }))
}

// RMSE is the root of the mean squared error, in the unit of the truth.
func RMSE(truth, predicted []float64) float64 {
	return math.Sqrt(stat.Mean(each(truth, predicted, func(y, p float64) float64 { return (y - p) * (y - p) })))
}

// MASE is the mean absolute error over that of a naive forecast (Hyndman and
// Koehler, "Another Look at Measures of Forecast Accuracy", 2006). Below one is
// better than naive. naive is NaiveError of the training data.
func MASE(truth, predicted []float64, naive float64) float64 { return MAE(truth, predicted) / naive }

// NaiveError is the mean absolute difference of a series to its own value a
// season of rows before; a season of one is the random walk.
func NaiveError(series []float64, season int) float64 {
	if season < 1 || len(series) <= season {
		return math.NaN()
	}
	return MAE(series[season:], series[:len(series)-season])
}

// QuantileLoss is the mean pinball loss of a predicted q-quantile, 0 < q < 1:
// q·(y - p) where the truth is above, (1 - q)·(p - y) where it is below.
func QuantileLoss(truth, predicted []float64, q float64) float64 {
	return stat.Mean(each(truth, predicted, func(y, p float64) float64 { return math.Max(q*(y-p), (q-1)*(y-p)) }))
}

// R2 is the coefficient of determination 1 - Σ(y - p)²/Σ(y - ȳ)². It is NaN for
// a truth that does not vary.
func R2(truth, predicted []float64) float64 {
	mean := stat.Mean(truth)
	left := stat.Sum(each(truth, predicted, func(y, p float64) float64 { return (y - p) * (y - p) }))
	all := stat.Sum(each(truth, predicted, func(y, _ float64) float64 { return (y - mean) * (y - mean) }))
	if all == 0 {
		return math.NaN()
	}
	return 1 - left/all
}

func each(truth, predicted []float64, f func(y, p float64) float64) []float64 {
	out := make([]float64, len(truth))
	for i, y := range truth {
		out[i] = f(y, predicted[i])
	}
	return out
}
