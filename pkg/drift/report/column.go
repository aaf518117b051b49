package report

import (
	"cmp"
	"slices"
)

// ColumnState is the verdict on one column.
type ColumnState string

// The states. Skipped columns (times, text without a method) were not compared.
const (
	ColumnDrifted ColumnState = "Drifted"
	ColumnStable  ColumnState = "Stable"
	ColumnUnknown ColumnState = "Unknown"
	ColumnSkipped ColumnState = "Skipped"
)

// Column is the comparison of one column.
type Column struct {
	Name string `json:"name"`
	// Type is numerical, categorical, text, datetime or unknown.
	Type   Kind        `json:"type"`
	State  ColumnState `json:"state"`
	Method string      `json:"method"`
	// Score is what the rule holds against Threshold: a p-value or a distance.
	Score     Number `json:"score"`
	PValue    Number `json:"pValue"`
	Threshold Number `json:"threshold"`
	Drifted   bool   `json:"drifted"`
	// Effect says how large the difference is, in one unit whatever the method:
	// for numbers the Wasserstein distance in standard deviations of the
	// reference, for categories the share of rows that moved, for text and
	// embeddings how far the classifier's area under the curve is above one half.
	// Lower and Upper bound it; only the native rule and binned profiles have them.
	Effect     Number `json:"effect"`
	EffectUnit string `json:"effectUnit,omitempty"`
	Lower      Number `json:"lower"`
	Upper      Number `json:"upper"`
	// Reason is a word for programs, Message a sentence for people.
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Importance is the user's weight of the column, 1 where none is given.
	Importance Number `json:"importance"`
	Sensitive  bool   `json:"sensitive,omitempty"`
	// Edges are the ascending edges of both sides' Bins, one more than there are
	// bins; the first and the last bin hold what lies beyond, too. Labels name
	// both sides' Counts, most frequent first.
	Edges     []Number `json:"edges,omitempty"`
	Labels    []string `json:"labels,omitempty"`
	Reference Side     `json:"reference"`
	Current   Side     `json:"current"`
	// Anchor is the comparison with the fixed past, where there is one.
	Anchor *Anchor `json:"anchor,omitempty"`
}

// The units of Column.Effect.
const (
	StandardDeviations = "standard deviations"
	ShareOfRows        = "share of rows"
	ShareOfRange       = "distance of distributions"
	AreaAboveHalf      = "area above one half"
)

// Levels are the probabilities of Side.Quantiles.
var Levels = []float64{0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99}

// Side is what one side holds of a column.
type Side struct {
	// Rows were read; Missing, TypeErrors and Infinite of them have no usable value.
	Rows       int `json:"rows"`
	Missing    int `json:"missing"`
	TypeErrors int `json:"typeErrors,omitempty"`
	Infinite   int `json:"infinite,omitempty"`
	// Distinct values; capped at DistinctCap for numbers.
	Distinct int    `json:"distinct"`
	Mean     Number `json:"mean"`
	Std      Number `json:"std"`
	// Quantiles of numbers at Levels.
	Quantiles []Number `json:"quantiles,omitempty"`
	// Bins are the numbers of values between Column.Edges.
	Bins []int `json:"bins,omitempty"`
	// Counts are the numbers of values of Column.Labels, Other of all others.
	Counts []int `json:"counts,omitempty"`
	Other  int   `json:"other,omitempty"`
}

// DistinctCap is where counting a number's distinct values ends.
const DistinctCap = 1000

// Values is the number of usable values.
func (s Side) Values() int { return s.Rows - s.Missing - s.TypeErrors - s.Infinite }

// Anchor is the comparison of the current data with the fixed past.
type Anchor struct {
	Score     Number      `json:"score"`
	PValue    Number      `json:"pValue"`
	Threshold Number      `json:"threshold"`
	Effect    Number      `json:"effect"`
	Lower     Number      `json:"lower"`
	Upper     Number      `json:"upper"`
	Drifted   bool        `json:"drifted"`
	State     ColumnState `json:"state"`
	Reason    string      `json:"reason"`
}

// Weight is the effect times the importance; zero where there is no effect.
func (c Column) Weight() float64 {
	if !c.Effect.Exists() || !c.Importance.Exists() {
		return 0
	}
	return float64(c.Effect * c.Importance)
}

func rank(columns []Column) []Column {
	order := map[ColumnState]int{ColumnDrifted: 0, ColumnUnknown: 1, ColumnStable: 2, ColumnSkipped: 3}
	ranked := slices.Clone(columns)
	slices.SortStableFunc(ranked, func(a, b Column) int {
		return cmp.Or(
			cmp.Compare(order[a.State], order[b.State]),
			cmp.Compare(b.Weight(), a.Weight()),
			cmp.Compare(a.Name, b.Name))
	})
	return ranked
}
