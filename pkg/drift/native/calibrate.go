package native

import (
	"fmt"
	"math"
	"slices"

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
	columns []Learned
	// pooled are the columns' references, where Calibrate kept them.
	pooled []Sample
	blocks int
	// limit is what a window's log distance may exceed a column's mean by;
	// infinite where the blocks are too few to say.
	limit float64
}

// Calibrate learns from the reference's blocks, all columns at once. The blocks
// are not kept. A caller with more columns than memory learns one column at a
// time, with Learn, and joins them.
func Calibrate(columns []Column, options Options) (*Calibration, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	var learned []Learned
	var pooled []Sample
	for _, column := range columns {
		l, p := Learn(column, options.MinEffect)
		learned, pooled = append(learned, l), append(pooled, p)
	}
	c, err := Join(learned, options)
	if err != nil {
		return nil, err
	}
	c.pooled = pooled
	return c, nil
}

// Join calibrates all columns together, whose blocks must be the same spans of
// rows.
func Join(columns []Learned, options Options) (*Calibration, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	c := &Calibration{options: options, columns: columns, limit: math.Inf(1)}
	var scores [][]float64
	for _, column := range columns {
		if c.blocks == 0 {
			c.blocks = len(column.Distances)
		}
		if len(column.Distances) != c.blocks {
			return nil, fmt.Errorf("column %q has %d blocks, column %q has %d: cut all columns at the same rows",
				column.Name, len(column.Distances), columns[0].Name, c.blocks)
		}
		logs, _ := logarithms(column.Distances)
		scores = append(scores, logs)
	}
	if c.blocks >= MinBlocks {
		c.limit = predictionLimit(largest(scores, c.blocks), options.FalseAlarmsPerYear/options.WindowsPerYear)
	}
	return c, nil
}

// logarithms of distances, and their mean. A zero, which a column of few values
// may have, counts as half the smallest distance that is not.
func logarithms(distances []float64) (logs []float64, mean float64) {
	smallest := math.Inf(1)
	for _, d := range distances {
		if d > 0 {
			smallest = math.Min(smallest, d)
		}
	}
	logs = make([]float64, len(distances))
	var present []float64
	for i, d := range distances {
		logs[i] = math.NaN()
		if !math.IsInf(smallest, 1) && !math.IsNaN(d) {
			logs[i] = math.Log(math.Max(d, smallest/2))
			present = append(present, logs[i])
		}
	}
	if len(present) == 0 {
		return logs, math.Inf(-1)
	}
	return logs, stat.Mean(present)
}

// largest is, for each block, the largest log distance over the columns, less the
// column's mean over the other blocks: a window's is taken less the mean of
// blocks that it is not one of.
func largest(columns [][]float64, blocks int) []float64 {
	out := make([]float64, 0, blocks)
	for b := range blocks {
		top := math.Inf(-1)
		for _, logs := range columns {
			if v := logs[b] - meanOfOthers(logs, b); v > top {
				top = v
			}
		}
		if !math.IsInf(top, -1) {
			out = append(out, top)
		}
	}
	return out
}

func meanOfOthers(logs []float64, block int) float64 {
	sum, n := 0.0, 0.0
	for i, v := range logs {
		if i != block && !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	return sum / n
}

// predictionLimit is what one more score exceeds with probability alpha: by
// Student's limit for normal scores, mean + t(1-α, n-1)·s·√(1 + 1/n), and where
// the blocks are many enough, by the ⌈(1-α)(n+1)⌉-th smallest of theirs, which holds
// whatever the distribution if all n + 1 are exchangeable (the conformal limit;
// Vovk, Gammerman and Shafer 2005). The larger is taken: scores of columns with
// heavy tails are not normal.
func predictionLimit(scores []float64, alpha float64) float64 {
	n := len(scores)
	if n < MinBlocks {
		return math.Inf(1)
	}
	spread := math.Sqrt(stat.Variance(scores) * (1 + 1/float64(n)))
	limit := stat.Mean(scores) + dist.StudentQuantile(1-alpha, float64(n-1))*spread
	if rank := int(math.Ceil((1 - alpha) * float64(n+1))); rank <= n {
		limit = math.Max(limit, slices.Sorted(slices.Values(scores))[rank-1])
	}
	return limit
}

// margin is the distance that chance alone may make in a column.
func (c *Calibration) margin(column Learned) float64 {
	_, mean := logarithms(column.Distances)
	return math.Exp(c.limit + mean)
}
