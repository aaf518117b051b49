package drift

import (
	"math"
	"slices"
	"strconv"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Kind says how a column is compared.
type Kind string

const (
	// Numerical columns are ordered and have distances.
	Numerical Kind = "numerical"
	// Categorical columns have values without order.
	Categorical Kind = "categorical"
	// Text columns are compared by a classifier over their words.
	Text Kind = "text"
	// Datetime columns order the rows and are not compared.
	Datetime Kind = "datetime"
	// Unknown columns cannot be compared.
	Unknown Kind = "unknown"
)

// Numbers are both sides of a column of numbers: finite, sorted.
type Numbers struct {
	Reference, Current stat.Sorted
	// Whole says that the column's type holds whole numbers only.
	Whole bool
}

// Distinct counts the distinct values of both sides together, up to limit.
func (n Numbers) Distinct(limit int) int {
	count := 0
	for range stat.Ties(n.Reference, n.Current) {
		if count++; count >= limit {
			break
		}
	}
	return count
}

// Counts are the values of both sides in ascending order, as categories. It is
// for columns of few values: the result has one entry per distinct value.
func (n Numbers) Counts() Counts {
	var c Counts
	for tie := range stat.Ties(n.Reference, n.Current) {
		c.Labels = append(c.Labels, strconv.FormatFloat(tie.Value, 'g', -1, 64))
		c.Reference = append(c.Reference, tie.Reference)
		c.Current = append(c.Current, tie.Current)
	}
	return c
}

// Counts are how often each category of a column occurs on each side. Labels are
// distinct and in the column's own order: numbers by value, text by code point.
type Counts struct {
	Labels             []string
	Reference, Current []int
	// ReferenceRows and CurrentRows are the index of each row's label, in the
	// order of the rows. They are optional: only a peer's seeded permutation
	// test depends on the order.
	ReferenceRows, CurrentRows []int32
}

// CountLabels merges two tallies of text categories.
func CountLabels(reference, current map[string]int) Counts {
	var c Counts
	for label := range reference {
		c.Labels = append(c.Labels, label)
	}
	for label := range current {
		if _, seen := reference[label]; !seen {
			c.Labels = append(c.Labels, label)
		}
	}
	slices.Sort(c.Labels)
	for _, label := range c.Labels {
		c.Reference = append(c.Reference, reference[label])
		c.Current = append(c.Current, current[label])
	}
	return c
}

// Rows is the number of rows on each side.
func (c Counts) Rows() (reference, current int) {
	for i := range c.Labels {
		reference += c.Reference[i]
		current += c.Current[i]
	}
	return reference, current
}

// Shares are the shares of rows in each category.
func (c Counts) Shares() (reference, current []float64) {
	n, m := c.Rows()
	return stat.Shares(c.Reference, n), stat.Shares(c.Current, m)
}

// Floats are the counts as numbers.
func (c Counts) Floats() (reference, current []float64) {
	reference, current = make([]float64, len(c.Labels)), make([]float64, len(c.Labels))
	for i := range c.Labels {
		reference[i], current[i] = float64(c.Reference[i]), float64(c.Current[i])
	}
	return reference, current
}

// Scale is the population standard deviation of the reference.
func (n Numbers) Scale() float64 { return stat.Std(n.Reference) }

// Range is the smallest and the largest value of both sides.
func (n Numbers) Range() (low, high float64) {
	r, c := n.Reference, n.Current
	return math.Min(r[0], c[0]), math.Max(r[len(r)-1], c[len(c)-1])
}

// Column is one column, cleaned, on both sides. Numbers is set for a numerical
// column, Counts for a categorical one.
type Column struct {
	Name    string
	Kind    Kind
	Numbers Numbers
	Counts  Counts
}

// Tally is the column as categories, whichever its kind.
func (c Column) Tally() Counts {
	if c.Kind == Numerical {
		return c.Numbers.Counts()
	}
	return c.Counts
}

// Rows is the number of values on each side.
func (c Column) Rows() (reference, current int) {
	if c.Kind == Numerical {
		return len(c.Numbers.Reference), len(c.Numbers.Current)
	}
	return c.Counts.Rows()
}

// Distinct is the number of distinct values of both sides together; it may stop
// counting at limit.
func (c Column) Distinct(limit int) int {
	if c.Kind == Numerical {
		return c.Numbers.Distinct(limit)
	}
	return min(limit, len(c.Counts.Labels))
}

// Outcome is what one method said of one column.
type Outcome struct {
	Method string
	// Score is what the rule compares with Threshold: a p-value or a distance.
	Score     float64
	Threshold float64
	Drifted   bool
	// Statistic is the method's own statistic, and P its p-value; NaN where the
	// method has none.
	Statistic float64
	P         float64
}
