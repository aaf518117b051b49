package quality

import "time"

// Column is what is expected of one column.
type Column struct {
	Name string
	// Type is the name of the storage type; empty accepts any.
	Type string
	// Optional columns may be absent.
	Optional bool
	// MaxMissing, MaxTypeErrors, MaxOutOfRange and MaxUnseen are the largest
	// shares of rows that are tolerated. The zero value tolerates none.
	MaxMissing, MaxTypeErrors, MaxOutOfRange, MaxUnseen float64
	// Quantiles of the reference, at Levels, by which a change of unit is seen;
	// empty looks for none.
	Quantiles []float64
}

// Levels are the probabilities that quantiles are taken at.
var Levels = []float64{0.05, 0.25, 0.5, 0.75, 0.95}

// Table is what is expected of a window as a whole.
type Table struct {
	Columns []Column
	// Closed forbids columns that are not listed.
	Closed bool
	// MinRows and MaxRows bound the number of rows; zero is no bound.
	MinRows, MaxRows int
	// MaxDuplicates is the largest share of rows that repeat an earlier one, or
	// an earlier key; negative does not look.
	MaxDuplicates float64
	// MaxAge is the largest age of the newest row; zero does not look.
	MaxAge time.Duration
}

// Seen is what was counted of one column.
type Seen struct {
	Name, Type string
	// Missing values; TypeErrors that could not be read as the column's type;
	// OutOfRange values outside the bounds; Unseen values of a category that the
	// reference does not have.
	Missing, TypeErrors, OutOfRange, Unseen int
	// Quantiles of the window at Levels; empty where there are none.
	Quantiles []float64
}

// Observation is what was counted of a window.
type Observation struct {
	Rows, Duplicates int
	// Newest is the time of the newest event; zero where rows have no time.
	Newest  time.Time
	Columns []Seen
}
