package stat

import "fmt"

// Result is a test statistic and the probability, under the null hypothesis that
// both samples come from one distribution, of one at least as extreme.
type Result struct {
	Statistic float64
	P         float64
}

// Alternative says which differences count as extreme.
type Alternative int

const (
	// TwoSided counts differences in either direction.
	TwoSided Alternative = iota
	// Less counts a first sample that tends to smaller values.
	Less
	// Greater counts a first sample that tends to larger values.
	Greater
)

// Exactness chooses how a p-value is computed.
type Exactness int

const (
	// Auto is exact where SciPy would be, and asymptotic elsewhere.
	Auto Exactness = iota
	// Exact enumerates the null distribution.
	Exact
	// Asymptotic uses the limiting law or its finite-sample approximation.
	Asymptotic
)

// SizeError reports a sample that is too small for a method.
type SizeError struct {
	Method         string
	Reference      int
	Current        int
	Need           int
	NeedIsDistinct bool
}

func (e *SizeError) Error() string {
	if e.NeedIsDistinct {
		return fmt.Sprintf("%s needs at least %d distinct values among the %d of both samples: use a method for categories",
			e.Method, e.Need, e.Reference+e.Current)
	}
	return fmt.Sprintf("%s needs at least %d values on each side, reference has %d and current %d: widen the window",
		e.Method, e.Need, e.Reference, e.Current)
}

func needSize(method string, reference, current, need int) error {
	if reference < need || current < need {
		return &SizeError{Method: method, Reference: reference, Current: current, Need: need}
	}
	return nil
}
