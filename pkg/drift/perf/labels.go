package perf

import (
	"slices"
	"time"
)

// Arrival is when a row was predicted and when its label came; the label's time
// is zero while it is missing.
type Arrival struct {
	Predicted, Labelled time.Time
}

// Coverage says how much of a window a metric speaks of.
type Coverage struct {
	Rows, Labelled int
	// Lag is the median delay of the labels that have come; zero without any.
	Lag time.Duration
}

// Share is the share of rows that have a label; zero of an empty window.
func (c Coverage) Share() float64 {
	if c.Rows == 0 {
		return 0
	}
	return float64(c.Labelled) / float64(c.Rows)
}

// Known are the indexes of the rows whose label had come by a moment, and how
// much of the window they are. A metric is taken over these rows alone; labels
// that come late for a reason (a default, a churn) make it optimistic, so that
// readers must see the coverage beside it.
func Known(rows []Arrival, by time.Time) ([]int, Coverage) {
	coverage := Coverage{Rows: len(rows)}
	var known []int
	var lags []time.Duration
	for i, row := range rows {
		if row.Labelled.IsZero() || row.Labelled.After(by) {
			continue
		}
		known = append(known, i)
		lags = append(lags, row.Labelled.Sub(row.Predicted))
	}
	coverage.Labelled = len(known)
	if len(lags) > 0 {
		slices.Sort(lags)
		coverage.Lag = lags[len(lags)/2]
	}
	return known, coverage
}
