package gate

import (
	"math"
	"slices"
)

// Segment is one slice of the rows, such as a region, compared on its own.
type Segment struct {
	Name       string
	Rows       int
	Comparison Comparison
	// Gap is how much worse the candidate is here than on all rows, in the
	// metric's unit; negative where it is better.
	Gap float64
}

// Rows builds a metric from some of the rows, given in order: their block numbers
// run from zero without gaps.
type Rows func(rows []int, block []int, blocks int) (champion, candidate Metric)

// BySegment compares each segment's rows over their own blocks. Segments come
// worst first: by verdict, then by difference. A segment is not tested jointly
// with the others: of twenty, one is Worse by chance at 95 %, so the caller
// raises the confidence to 1 - 0.05/segments to be as sure of all.
func BySegment(segment []string, block []int, build Rows, overall Comparison, options Options) ([]Segment, error) {
	rows := map[string][]int{}
	for i, name := range segment {
		rows[name] = append(rows[name], i)
	}
	var out []Segment
	for name, members := range rows {
		global := make([]int, len(members))
		for i, row := range members {
			global[i] = block[row]
		}
		local, blocks := number(global, func(b int) int { return b })
		champion, candidate := build(members, local, blocks)
		comparison, err := Compare(champion, candidate, blocks, options)
		if err != nil {
			return nil, err
		}
		gap := overall.Candidate - comparison.Candidate
		if options.LowerIsBetter {
			gap = -gap
		}
		out = append(out, Segment{Name: name, Rows: len(members), Comparison: comparison, Gap: gap})
	}
	slices.SortFunc(out, worseFirst)
	return out, nil
}

func worseFirst(a, b Segment) int {
	if d := severity(a.Comparison.Verdict) - severity(b.Comparison.Verdict); d != 0 {
		return d
	}
	switch x, y := a.Comparison.Difference, b.Comparison.Difference; {
	case x < y:
		return -1
	case x > y:
		return 1
	case math.IsNaN(x) != math.IsNaN(y):
		if math.IsNaN(x) {
			return -1
		}
		return 1
	case a.Name < b.Name:
		return -1
	}
	return 1
}

func severity(v Verdict) int {
	return slices.Index([]Verdict{Worse, Inconclusive, NotWorse, Better}, v)
}
