package gate

import (
	"fmt"
	"math"

	"github.com/trainyard/trainyard/pkg/drift/dist"
)

const (
	// StudentBlocks is the number of blocks from which an interval exists.
	StudentBlocks = 7
	// BootstrapBlocks is the number of blocks from which it is a bootstrap's.
	BootstrapBlocks = 20
	// power is that with which the minimum detectable difference is detected.
	power = 0.8
)

// Verdict is what the comparison allows to say.
type Verdict string

// The verdicts.
const (
	// Better says that the whole interval is above zero.
	Better Verdict = "Better"
	// NotWorse says that the whole interval is above minus the tolerance.
	NotWorse Verdict = "NotWorse"
	// Worse says that the whole interval is below minus the tolerance.
	Worse Verdict = "Worse"
	// Inconclusive says that the rows do not tell.
	Inconclusive Verdict = "Inconclusive"
)

// Method says how the interval was made.
type Method string

// The methods.
const (
	Jackknife Method = "t over blocks"
	Bootstrap Method = "bootstrap over blocks"
	None      Method = "none"
)

// Options tune a comparison.
type Options struct {
	// LowerIsBetter is set for errors, losses and costs.
	LowerIsBetter bool
	// Tolerance is how much worse the candidate may be, in the metric's unit.
	Tolerance float64
	// Confidence of the two-sided interval; zero is 0.95.
	Confidence float64
	// Replicates of the bootstrap; zero is 2000.
	Replicates int
	// Seed makes the bootstrap reproducible.
	Seed uint64
}

// Comparison is a candidate against the champion. Difference is positive where
// the candidate is better, whichever way the metric counts.
type Comparison struct {
	Champion, Candidate      float64
	Difference, Lower, Upper float64
	Method                   Method
	Blocks                   int
	// MinDetectable is the true difference that these blocks would have shown, as
	// Better or Worse, in four of five cases.
	MinDetectable float64
	Verdict       Verdict
	Reason        string
}

// Compare holds a candidate's metric against the champion's on the same rows in
// the same blocks.
func Compare(champion, candidate Metric, blocks int, options Options) (Comparison, error) {
	if err := options.defaults(); err != nil {
		return Comparison{}, err
	}
	difference := func(weights []float64) float64 {
		d := candidate.Value(weights) - champion.Value(weights)
		if options.LowerIsBetter {
			return -d
		}
		return d
	}
	all := equalWeights(blocks)
	nan := math.NaN()
	c := Comparison{
		Champion: champion.Value(all), Candidate: candidate.Value(all), Difference: difference(all),
		Lower: nan, Upper: nan, MinDetectable: nan, Method: None, Blocks: blocks, Verdict: Inconclusive,
	}
	if blocks < StudentBlocks {
		c.Reason = fmt.Sprintf("%d blocks, an interval needs %d: hold out more rows or take smaller blocks", blocks, StudentBlocks)
		return c, nil
	}
	estimate, spread := jackknife(difference, blocks)
	if math.IsNaN(spread) {
		c.Reason = "the metric does not exist without some block, as where that block holds all of one class: take larger blocks or more rows"
		return c, nil
	}
	tail := (1 - options.Confidence) / 2
	t := dist.StudentQuantile(1-tail, float64(blocks-1))
	c.MinDetectable = (t + dist.NormalQuantile(power)) * spread
	if blocks >= BootstrapBlocks {
		c.Method = Bootstrap
		c.Lower, c.Upper = bootstrap(difference, c.Difference, spread, blocks, options, tail)
	} else {
		c.Method = Jackknife
		c.Lower, c.Upper = estimate-t*spread, estimate+t*spread
	}
	c.judge(options.Tolerance)
	return c, nil
}

func (o *Options) defaults() error {
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	if o.Replicates == 0 {
		o.Replicates = 2000
	}
	switch {
	case !(o.Confidence > 0.5 && o.Confidence < 1):
		return fmt.Errorf("confidence is %g: give a share between 0.5 and 1", o.Confidence)
	case !(o.Tolerance >= 0):
		return fmt.Errorf("tolerance is %g: give zero or more, in the metric's unit", o.Tolerance)
	case o.Replicates < 200:
		return fmt.Errorf("replicates is %d: an interval needs 200 or more", o.Replicates)
	}
	return nil
}

func (c *Comparison) judge(tolerance float64) {
	switch {
	case c.Lower > 0:
		c.Verdict, c.Reason = Better, "the whole interval is above zero"
	case c.Lower >= -tolerance:
		c.Verdict, c.Reason = NotWorse, fmt.Sprintf("the whole interval is above the tolerated %g", -tolerance)
	case c.Upper < -tolerance:
		c.Verdict, c.Reason = Worse, fmt.Sprintf("the whole interval is below the tolerated %g", -tolerance)
	default:
		c.Reason = fmt.Sprintf("the interval holds the tolerated %g; these rows show differences of %.3g or more: hold out more rows", -tolerance, c.MinDetectable)
	}
}

func equalWeights(blocks int) []float64 {
	weights := make([]float64, blocks)
	for i := range weights {
		weights[i] = 1
	}
	return weights
}
