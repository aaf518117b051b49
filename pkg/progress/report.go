package progress

import "time"

// Bounds of what is kept of a report.
const (
	// MaxMetrics is the number of metrics of a snapshot; further names are
	// dropped.
	MaxMetrics = 16
	// MaxNameLength bounds a metric's name, in bytes.
	MaxNameLength = 64

	maxSteps = 1 << 53 // beyond it a JSON number is no longer exact
)

// Update is what one line said. What it did not say is nil.
type Update struct {
	// Step is the number of optimisation steps done, TotalSteps how many there
	// will be.
	Step, TotalSteps *int64
	// Epoch may be fractional: half of the fourth epoch is 3.5.
	Epoch *float64
	// ComputeSeconds is what the rank itself computed for one step, without
	// waiting for others; DataSeconds is what it waited for its input.
	ComputeSeconds, DataSeconds *float64
	// Metrics may hold values that are not finite.
	Metrics []Metric
	// Invalid counts what was reported under a known name and was not
	// understood: a negative step, a metric that is a string.
	Invalid int

	// inferred tells that a log rule read it: other loops of the same program
	// print lines of the same look.
	inferred bool
}

// Metric is one named value.
type Metric struct {
	Name  string
	Value float64
}

// Snapshot is what is known of an attempt: of each value, the last.
type Snapshot struct {
	Step           *int64             `json:"step,omitempty"`
	TotalSteps     *int64             `json:"totalSteps,omitempty"`
	Epoch          *float64           `json:"epoch,omitempty"`
	Metrics        map[string]float64 `json:"metrics,omitempty"`
	ComputeSeconds *float64           `json:"computeSeconds,omitempty"`
	DataSeconds    *float64           `json:"dataSeconds,omitempty"`
	// NonFinite names, sorted, the metrics whose last value was NaN or
	// infinite. They are not among Metrics.
	NonFinite []string `json:"nonFinite,omitempty"`
	// Truncated tells that there were more than MaxMetrics names.
	Truncated bool `json:"truncated,omitempty"`
	// Invalid counts reported values that were not understood.
	Invalid int64 `json:"invalid,omitempty"`
	// Time is when the last update was read.
	Time time.Time `json:"time"`
}

// validName holds what is safe to show anywhere: letters, digits and a little
// punctuation, beginning with a letter or an underscore.
func validName(name []byte) bool {
	if len(name) == 0 || len(name) > MaxNameLength {
		return false
	}
	for i, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '.' || c == '/' || c == '-' || c == '@'):
		default:
			return false
		}
	}
	return true
}
