package nannyml

import (
	"fmt"
	"slices"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Fitted is what fitting learned beside the reference's distribution: what only
// the order of its rows tells, and must be kept with a saved reference.
type Fitted struct {
	Method Method
	// Threshold is the distance above which a chunk alerts; NaN for Chi2.
	Threshold float64
	// Edges and Shares are the bins of Jensen-Shannon and Hellinger on numbers.
	Edges, Shares []float64
}

// RestoreContinuous is the method that FitContinuous fitted on a reference, from
// what was kept of it: its values that are not missing, sorted.
func RestoreContinuous(fitted Fitted, reference stat.Sorted) (*Continuous, error) {
	if !slices.Contains(Methods(drift.Numerical), fitted.Method) {
		return nil, &MethodError{Method: fitted.Method, Kind: drift.Numerical}
	}
	binned := fitted.Method == JensenShannon || fitted.Method == Hellinger
	switch {
	case binned && (len(fitted.Shares) == 0 || len(fitted.Edges) != len(fitted.Shares)+1):
		return nil, fmt.Errorf("%d bins have %d edges: one more is needed", len(fitted.Shares), len(fitted.Edges))
	case !binned && len(reference) == 0:
		return nil, fmt.Errorf("reference: %w", ErrEmpty)
	}
	c := &Continuous{Fitted: fitted}
	c.measure(reference)
	return c, nil
}

// RestoreCategories is the method that FitCategories fitted on a reference, from
// what was kept of it: how often each category occurs.
func RestoreCategories(fitted Fitted, counts map[string]int) (*Categories, error) {
	if !slices.Contains(Methods(drift.Categorical), fitted.Method) {
		return nil, &MethodError{Method: fitted.Method, Kind: drift.Categorical}
	}
	c := &Categories{Fitted: fitted, counts: counts}
	for _, count := range counts {
		c.rows += count
	}
	if c.rows == 0 {
		return nil, fmt.Errorf("reference: %w", ErrEmpty)
	}
	return c, nil
}
