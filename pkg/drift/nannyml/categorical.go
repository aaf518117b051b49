package nannyml

import (
	"fmt"
	"math"
	"slices"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// chi2Level is the significance at which chi-square alerts.
const chi2Level = 0.05

// Categories is a method fitted on a categorical reference.
type Categories struct {
	Fitted
	counts map[string]int
	rows   int
}

// Missing marks a row without a value.
const Missing = -1

// FitCategories fits a method on the reference in the order of its rows, each an
// index into labels or Missing.
func FitCategories(method Method, labels []string, reference []int32) (*Categories, error) {
	if !slices.Contains(Methods(drift.Categorical), method) {
		return nil, &MethodError{Method: method, Kind: drift.Categorical}
	}
	if len(reference) < referenceChunks {
		return nil, ErrTooFewRows
	}
	c := &Categories{Fitted: Fitted{Method: method, Threshold: math.NaN()}}
	c.counts, c.rows = tally(labels, reference)
	if c.rows == 0 {
		return nil, fmt.Errorf("reference: %w", ErrEmpty)
	}
	if method == Chi2 {
		return c, nil
	}
	var distances []float64
	for _, rows := range chunks(len(reference)) {
		chunk, _ := tally(labels, reference[rows[0]:rows[1]])
		distances = append(distances, c.Compare(chunk).Statistic)
	}
	c.Threshold = threshold(method, distances)
	return c, nil
}

func tally(labels []string, rows []int32) (counts map[string]int, present int) {
	counts = map[string]int{}
	for _, r := range rows {
		if r != Missing {
			counts[labels[r]]++
			present++
		}
	}
	return counts, present
}

// Compare judges a chunk by how often each category occurs in it.
func (c *Categories) Compare(chunk map[string]int) drift.Outcome {
	counts := drift.CountLabels(c.counts, chunk)
	if _, rows := counts.Rows(); rows == 0 {
		return drift.Outcome{Method: string(c.Method), Score: math.NaN(), Statistic: math.NaN(), P: math.NaN(), Threshold: c.Threshold}
	}
	if c.Method == Chi2 {
		return chi2(counts)
	}
	d := c.distance(counts)
	return drift.Outcome{
		Method: string(c.Method), Score: d, Statistic: d, P: math.NaN(),
		Threshold: c.Threshold, Drifted: d > c.Threshold,
	}
}

// distance compares shares of the reference's categories; all unseen ones are one
// overflow category, except in L-infinity, where each stands alone.
func (c *Categories) distance(counts drift.Counts) float64 {
	reference, chunk := counts.Shares()
	if c.Method == LInfinity {
		return stat.LInfinity(reference, chunk)
	}
	var known, seen []float64
	for i, r := range reference {
		if r > 0 {
			known, seen = append(known, r), append(seen, chunk[i])
		}
	}
	return between(c.Method, known, seen)
}

func chi2(counts drift.Counts) drift.Outcome {
	reference, chunk := counts.Floats()
	r, err := stat.Contingency(reference, chunk)
	if err != nil {
		// Every label occurs on one side at least, and neither side is empty.
		r = stat.Result{Statistic: math.NaN(), P: math.NaN()}
	}
	return drift.Outcome{
		Method: string(Chi2), Score: r.P, Statistic: r.Statistic, P: r.P,
		Threshold: chi2Level, Drifted: r.P < chi2Level,
	}
}
