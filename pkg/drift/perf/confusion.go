package perf

import "math"

// Confusion counts the rows of a binary problem by truth and prediction. Counts
// may be expectations and so need not be whole.
type Confusion struct {
	TP, FP, FN, TN float64
}

// NewConfusion counts predictions against the truth.
func NewConfusion(truth, predicted []bool) Confusion {
	var c Confusion
	for i, actual := range truth {
		switch {
		case actual && predicted[i]:
			c.TP++
		case actual:
			c.FN++
		case predicted[i]:
			c.FP++
		default:
			c.TN++
		}
	}
	return c
}

// Rows is the number of rows.
func (c Confusion) Rows() float64 { return c.TP + c.FP + c.FN + c.TN }

// Accuracy is the share of right predictions.
func (c Confusion) Accuracy() float64 { return (c.TP + c.TN) / c.Rows() }

// Precision is the share of right ones among the predicted positives.
func (c Confusion) Precision() float64 { return c.TP / (c.TP + c.FP) }

// Recall is the share of found ones among the positives.
func (c Confusion) Recall() float64 { return c.TP / (c.TP + c.FN) }

// Specificity is the share of found ones among the negatives.
func (c Confusion) Specificity() float64 { return c.TN / (c.TN + c.FP) }

// BalancedAccuracy is the mean of recall and specificity: what accuracy would be
// if both classes were as frequent.
func (c Confusion) BalancedAccuracy() float64 { return (c.Recall() + c.Specificity()) / 2 }

// F1 is the harmonic mean of precision and recall, 2TP/(2TP + FP + FN).
func (c Confusion) F1() float64 { return 2 * c.TP / (2*c.TP + c.FP + c.FN) }

// Costs is what one row of each kind costs, in money; a gain is negative.
type Costs struct {
	TP, FP, FN, TN float64
}

// Cost is the mean cost of a row.
func (c Confusion) Cost(costs Costs) float64 {
	return (c.TP*costs.TP + c.FP*costs.FP + c.FN*costs.FN + c.TN*costs.TN) / c.Rows()
}

// LogLoss is the mean of -ln p of the class that was true, p being the
// probability given to it, cut to at least 2⁻⁵² as scikit-learn does.
func LogLoss(truth []bool, probability []float64) float64 {
	sum := 0.0
	for i, p := range probability {
		if !truth[i] {
			p = 1 - p
		}
		sum -= math.Log(math.Min(math.Max(p, 0x1p-52), 1-0x1p-52))
	}
	return sum / float64(len(truth))
}

// Brier is the mean squared error of the probability.
func Brier(truth []bool, probability []float64) float64 {
	sum := 0.0
	for i, p := range probability {
		if truth[i] {
			p = 1 - p
		}
		sum += p * p
	}
	return sum / float64(len(truth))
}
