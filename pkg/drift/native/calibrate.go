package native

import (
	"fmt"
	"math"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/dist"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// MinBlocks is the number of reference blocks below which nothing is known about
// what windows do by chance.
const MinBlocks = 10

// DefaultMinEffect is the smallest effect that counts: a tenth of a standard
// deviation, or a tenth of the rows in another category.
const DefaultMinEffect = 0.1

// wilsonHilferty is the power that makes a distance nearly normal.
const wilsonHilferty = 2.0 / 3

// Column is one column of the reference, cut into blocks; the blocks of all
// columns are the same spans of rows.
type Column struct {
	Name   string
	Kind   drift.Kind
	Effect Effect // of a numerical column; empty is Wasserstein
	Blocks []Sample
	// MinEffect overrides Options.MinEffect.
	MinEffect *float64
}

// Options state what the user wants.
type Options struct {
	// FalseAlarmsPerYear is the expected number of windows a year that alarm, in
	// any column, although nothing has drifted.
	FalseAlarmsPerYear float64
	// WindowsPerYear is how often a window is judged.
	WindowsPerYear float64
	// MinEffect is the smallest effect that counts.
	MinEffect float64
	// MinRows is the number of values below which a window's column is Unknown.
	MinRows int
}

// OptionError reports an option that cannot be honoured.
type OptionError struct {
	Field string
	Value float64
	Cure  string
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("%s is %g: %s", e.Field, e.Value, e.Cure)
}

func (o Options) validate() error {
	switch {
	case !(o.WindowsPerYear > 0):
		return &OptionError{"windowsPerYear", o.WindowsPerYear, "give the number of windows that are judged in a year"}
	case !(o.FalseAlarmsPerYear > 0):
		return &OptionError{"falseAlarmsPerYear", o.FalseAlarmsPerYear, "no test without drift-free alarms exists, give a small positive number"}
	case o.FalseAlarmsPerYear >= o.WindowsPerYear/2:
		return &OptionError{"falseAlarmsPerYear", o.FalseAlarmsPerYear, fmt.Sprintf("must be below half of the %g windows of a year", o.WindowsPerYear)}
	case !(o.MinEffect >= 0):
		return &OptionError{"minEffect", o.MinEffect, "give a distance, zero or more"}
	}
	return nil
}

// Calibration is what the reference says about windows without drift.
type Calibration struct {
	options Options
	columns []calibrated
	blocks  int
	// limit is the largest normal score that a window may reach in any column.
	limit float64
}

// calibrated is one column of a Calibration.
type calibrated struct {
	Column
	reference reference
	minEffect float64
	// mean of the blocks' distances to the power 2/3: the column's normal score
	// of a distance d is d^(2/3)/mean.
	mean float64
}

// Calibrate learns from the reference's blocks. The blocks are not kept.
func Calibrate(columns []Column, options Options) (*Calibration, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	c := &Calibration{options: options}
	var scores [][]float64
	for _, column := range columns {
		if c.blocks == 0 {
			c.blocks = len(column.Blocks)
		}
		if len(column.Blocks) != c.blocks {
			return nil, fmt.Errorf("column %q has %d blocks, column %q has %d: cut all columns at the same rows",
				column.Name, len(column.Blocks), columns[0].Name, c.blocks)
		}
		learned, powers := learn(column, options.MinEffect)
		c.columns = append(c.columns, learned)
		scores = append(scores, powers)
	}
	if c.blocks >= MinBlocks {
		c.limit = predictionLimit(largest(scores, c.blocks), options.FalseAlarmsPerYear/options.WindowsPerYear)
	}
	return c, nil
}

// learn is a column's calibration and its blocks' distances to the power 2/3.
func learn(column Column, minEffect float64) (calibrated, []float64) {
	learned := calibrated{Column: column, reference: pool(column), minEffect: minEffect}
	learned.Blocks = nil
	if column.MinEffect != nil {
		learned.minEffect = *column.MinEffect
	}
	powers := make([]float64, len(column.Blocks))
	var present []float64
	for i, block := range column.Blocks {
		powers[i] = math.NaN()
		if !learned.reference.constant() {
			powers[i] = math.Pow(learned.reference.leaveOut(block), wilsonHilferty)
		}
		if !math.IsNaN(powers[i]) {
			present = append(present, powers[i])
		}
	}
	learned.mean = stat.Mean(present)
	return learned, powers
}

// largest is, for each block, the largest normal score over the columns. A
// block's score is taken against the mean of the other blocks, as a window's is
// against the mean of all: else the block would pull its own yardstick along.
func largest(scores [][]float64, blocks int) []float64 {
	out := make([]float64, 0, blocks)
	for b := range blocks {
		top := math.NaN()
		for _, column := range scores {
			others, n := 0.0, 0.0
			for other, power := range column {
				if other != b && !math.IsNaN(power) {
					others += power
					n++
				}
			}
			if score := column[b] * n / others; !math.IsNaN(score) && !(score < top) {
				top = score
			}
		}
		if !math.IsNaN(top) {
			out = append(out, top)
		}
	}
	return out
}

// predictionLimit is what one more normal value exceeds with probability alpha,
// mean + t(1-α, n-1)·s·√(1 + 1/n).
func predictionLimit(scores []float64, alpha float64) float64 {
	n := float64(len(scores))
	if n < 2 {
		return math.Inf(1)
	}
	spread := math.Sqrt(stat.Variance(scores) * (1 + 1/n))
	return stat.Mean(scores) + dist.StudentQuantile(1-alpha, n-1)*spread
}

// margin is the distance that chance alone may make in a column.
func (c *Calibration) margin(column calibrated) float64 {
	return math.Pow(c.limit*column.mean, 1/wilsonHilferty)
}
