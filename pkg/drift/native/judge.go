package native

import (
	"fmt"
	"math"

	"github.com/trainyard/trainyard/pkg/drift"
)

// State is the verdict on a column or a window.
type State string

// The three verdicts.
const (
	Stable  State = "Stable"
	Drifted State = "Drifted"
	Unknown State = "Unknown"
)

// Reason says why a State was given.
type Reason string

const (
	// EffectExceeded says that the lower bound of the effect is above minEffect.
	EffectExceeded Reason = "EffectExceeded"
	// StartedToVary says that the reference knew one value, and more than
	// minEffect of the window's rows have another.
	StartedToVary Reason = "StartedToVary"
	// WithinMargin says that the effect may be at or below minEffect.
	WithinMargin Reason = "WithinMargin"
	// Constant says that the reference knew one value, and the window keeps to it.
	Constant Reason = "Constant"
	// TooFewBlocks says that the reference has fewer than MinBlocks blocks.
	TooFewBlocks Reason = "TooFewBlocks"
	// TooFewRows says that the window has fewer values than asked for.
	TooFewRows Reason = "TooFewRows"
	// EmptyReference says that the reference has no value of the column.
	EmptyReference Reason = "EmptyReference"
)

// Verdict is what is known about one column of a window.
type Verdict struct {
	Column string
	State  State
	Reason Reason
	// Measure is what Distance, Lower, Upper and MinEffect are measured in.
	Measure Effect
	// Distance is the measured effect; Lower and Upper bound the true one. NaN
	// where unknown.
	Distance, Lower, Upper float64
	MinEffect              float64
}

// Judge compares a window, one sample a column in the order of calibration. The
// window has drifted if any column has; it is Unknown if none has drifted and any
// is unknown. It needs a calibration made by Calibrate.
func (c *Calibration) Judge(window []Sample) (State, []Verdict, error) {
	if len(window) != len(c.pooled) {
		return Unknown, nil, fmt.Errorf("window has %d columns, the reference %d: give one sample a column, in order", len(window), len(c.pooled))
	}
	evidence := make([]Evidence, len(window))
	for i, column := range c.columns {
		evidence[i] = column.Weigh(c.pooled[i], window[i])
	}
	return c.Decide(evidence)
}

// Decide is Judge on what was weighed before.
func (c *Calibration) Decide(window []Evidence) (State, []Verdict, error) {
	if len(window) != len(c.columns) {
		return Unknown, nil, fmt.Errorf("window has evidence on %d columns, the reference has %d: weigh each column, in order", len(window), len(c.columns))
	}
	state := Stable
	verdicts := make([]Verdict, len(window))
	for i, column := range c.columns {
		verdicts[i] = c.judge(column, window[i])
		switch verdicts[i].State {
		case Drifted:
			state = Drifted
		case Unknown:
			if state == Stable {
				state = Unknown
			}
		}
	}
	return state, verdicts, nil
}

func (c *Calibration) judge(column Learned, e Evidence) Verdict {
	nan := math.NaN()
	v := Verdict{
		Column: column.Name, State: Unknown, Measure: column.Measure,
		Distance: nan, Lower: nan, Upper: nan, MinEffect: column.MinEffect,
	}
	switch {
	case column.Rows == 0:
		v.Reason = EmptyReference
	case e.Rows == 0 || e.Rows < c.options.MinRows:
		v.Reason = TooFewRows
	case column.Constant:
		v.judgeConstant(e.Distance)
	case math.IsInf(c.limit, 1):
		v.Reason = TooFewBlocks
		v.Distance = e.Distance
	default:
		v.judgeEffect(e.Distance, c.margin(column))
	}
	return v
}

// judgeConstant needs no blocks: a constant does nothing by chance.
func (v *Verdict) judgeConstant(share float64) {
	v.Measure, v.Distance, v.Lower, v.Upper = TotalVariation, share, share, share
	v.State, v.Reason = Stable, Constant
	if share > v.MinEffect {
		v.State, v.Reason = Drifted, StartedToVary
	}
}

func (v *Verdict) judgeEffect(distance, margin float64) {
	v.Distance = distance
	v.Lower, v.Upper = math.Max(0, v.Distance-margin), v.Distance+margin
	if v.Measure != Wasserstein {
		v.Upper = math.Min(1, v.Upper)
	}
	v.State, v.Reason = Stable, WithinMargin
	if v.Lower > v.MinEffect {
		v.State, v.Reason = Drifted, EffectExceeded
	}
}

// Comparable says that the rule compares a kind of column: text is compared
// through a domain classifier, and times order the rows.
func Comparable(kind drift.Kind) bool {
	return kind == drift.Numerical || kind == drift.Categorical
}
