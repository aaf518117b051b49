package nannyml

import (
	"fmt"
	"math"
	"slices"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// exactBelow is the number of reference rows below which Kolmogorov-Smirnov and
// Wasserstein are computed from the values themselves.
const exactBelow = 10_000

// Continuous is a method fitted on a numerical reference.
type Continuous struct {
	Fitted
	distance func(chunk stat.Sorted) float64
}

// FitContinuous fits a method on the reference in the order of its rows. Missing
// values are NaN; infinities are an error, as they are to NumPy's histogram.
func FitContinuous(method Method, reference []float64) (*Continuous, error) {
	if !slices.Contains(Methods(drift.Numerical), method) {
		return nil, &MethodError{Method: method, Kind: drift.Numerical}
	}
	if len(reference) < referenceChunks {
		return nil, ErrTooFewRows
	}
	whole, err := present(reference)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	if len(whole) == 0 {
		return nil, fmt.Errorf("reference: %w", ErrEmpty)
	}
	c := &Continuous{Fitted: Fitted{Method: method}}
	if err := c.prepare(whole); err != nil {
		return nil, err
	}
	var distances []float64
	for _, rows := range chunks(len(reference)) {
		chunk, err := present(reference[rows[0]:rows[1]])
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		distances = append(distances, c.Distance(stat.Sort(chunk)))
	}
	c.Fitted.Threshold = threshold(method, distances)
	return c, nil
}

// InfiniteError reports an infinite value.
type InfiniteError struct{ Row int }

func (e *InfiniteError) Error() string {
	return fmt.Sprintf("row %d is infinite, which NannyML cannot bin: clean the column or take compat Evidently", e.Row)
}

// present copies the values that are not missing.
func present(values []float64) ([]float64, error) {
	out := make([]float64, 0, len(values))
	for i, v := range values {
		switch {
		case math.IsInf(v, 0):
			return nil, &InfiniteError{Row: i}
		case !math.IsNaN(v):
			out = append(out, v)
		}
	}
	return out, nil
}

// prepare fixes what is known from the reference: its bins or its sorted values.
func (c *Continuous) prepare(whole []float64) error {
	binned := c.Method == JensenShannon || c.Method == Hellinger
	if binned {
		var err error
		if c.Edges, err = stat.DoaneEdges(whole); err != nil {
			return fmt.Errorf("binning the reference: %w", err)
		}
	}
	reference := stat.Sort(whole)
	if binned {
		c.Shares = stat.Shares(reference.Histogram(c.Edges), len(reference))
	}
	c.measure(reference)
	return nil
}

// measure sets the distance from what was fitted and the sorted reference.
func (c *Continuous) measure(reference stat.Sorted) {
	exact := len(reference) < exactBelow
	switch {
	case c.Method == JensenShannon || c.Method == Hellinger:
		c.distance = binned(c.Method, c.Edges, c.Shares)
	case c.Method == KS && exact:
		c.distance = func(chunk stat.Sorted) float64 {
			return stat.KolmogorovSmirnov(reference, chunk, stat.Auto).Statistic
		}
	case c.Method == KS:
		c.distance = estimatedKS(reference)
	case exact:
		c.distance = func(chunk stat.Sorted) float64 { return stat.Compare(reference, chunk).Wasserstein }
	default:
		c.distance = estimatedWasserstein(reference)
	}
}

// binned compares shares in fixed bins; what falls outside goes in one more bin
// that is empty in the reference.
func binned(method Method, edges, reference []float64) func(stat.Sorted) float64 {
	return func(chunk stat.Sorted) float64 {
		return between(method, reference, stat.Shares(chunk.Histogram(edges), len(chunk)))
	}
}

// between is the distance of two lists of shares, after an overflow bin.
func between(method Method, reference, chunk []float64) float64 {
	if left := 1 - stat.Sum(chunk); left > 0 {
		reference = append(slices.Clone(reference), 0)
		chunk = append(chunk, left)
	}
	if method == Hellinger {
		return stat.Hellinger(reference, chunk)
	}
	return stat.JensenShannon(reference, chunk) / math.Sqrt(math.Ln2)
}

// Distance is the drift of a sorted chunk; NaN for an empty one.
func (c *Continuous) Distance(chunk stat.Sorted) float64 {
	if len(chunk) == 0 {
		return math.NaN()
	}
	return c.distance(chunk)
}

// Compare judges a chunk of finite values.
func (c *Continuous) Compare(chunk stat.Sorted) drift.Outcome {
	d := c.Distance(chunk)
	return drift.Outcome{
		Method: string(c.Method), Score: d, Statistic: d, P: math.NaN(),
		Threshold: c.Fitted.Threshold, Drifted: d > c.Fitted.Threshold,
	}
}

// Threshold is the distance above which a chunk alerts.
func (c *Continuous) Threshold() float64 { return c.Fitted.Threshold }
