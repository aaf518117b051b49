package evidently

import (
	"fmt"

	"github.com/trainyard/trainyard/pkg/drift"
)

// Options override what Evidently would choose. The zero value overrides nothing.
type Options struct {
	// Method is compared with instead of the default one.
	Method Method
	// Threshold replaces the method's own.
	Threshold *float64
}

// Compare is the outcome that Evidently would print for a column. Both sides must
// have a value left after cleaning.
func Compare(column drift.Column, options Options) (drift.Outcome, error) {
	reference, current := column.Rows()
	if reference == 0 || current == 0 {
		return drift.Outcome{}, &EmptyError{Column: column.Name, Reference: reference == 0}
	}
	method := options.Method
	automatic := method == ""
	if automatic {
		method = Choose(column)
	}
	rule, known := rules[method]
	// The default choice may take a test for categories on numbers of few values;
	// a user may not.
	if !known || !automatic && !rule.fits(column.Kind) {
		return drift.Outcome{}, &MethodError{Method: method, Column: column.Name, Kind: column.Kind}
	}
	threshold := rule.threshold
	if options.Threshold != nil {
		threshold = *options.Threshold
	}
	s, err := rule.compute(column)
	if err != nil {
		return drift.Outcome{}, fmt.Errorf("column %q: %w", column.Name, err)
	}
	return drift.Outcome{
		Method:    string(method),
		Score:     s.value,
		Threshold: threshold,
		Drifted:   rule.compare.drifted(s.value, threshold),
		Statistic: s.statistic,
		P:         s.p,
	}, nil
}

func (r rule) fits(kind drift.Kind) bool {
	return kind == drift.Numerical && r.numerical || kind == drift.Categorical && r.categorical
}

func (c comparison) drifted(value, threshold float64) bool {
	switch c {
	case below:
		return value < threshold
	case atMost:
		return value <= threshold
	case atLeast:
		return value >= threshold
	default:
		return value > threshold
	}
}

// EmptyError reports a column without a single usable value on one side.
type EmptyError struct {
	Column    string
	Reference bool
}

func (e *EmptyError) Error() string {
	side := "current"
	if e.Reference {
		side = "reference"
	}
	return fmt.Sprintf("column %q: the %s data has no value that is neither missing nor infinite: leave the column out or widen the window", e.Column, side)
}
