package gate

import (
	"math"
	"slices"
)

// Metric is a model's figure on rows that lie in blocks. Value is the figure when
// the rows of block b count weights[b] times: a jackknife leaves a block out with
// zero, a bootstrap draws one twice with two.
type Metric interface {
	Value(weights []float64) float64
}

// Sums is a metric that is a function of sums over rows: accuracy, precision, F1,
// Brier, log loss, MAE, RMSE, R², cost.
type Sums struct {
	blocks [][]float64
	finish func(sums []float64) float64
}

// NewSums adds up what each row contributes, by block, and turns the totals into
// the figure with finish. block holds each row's block, 0..blocks-1.
func NewSums(block []int, blocks int, row func(i int) []float64, finish func(sums []float64) float64) Sums {
	s := Sums{blocks: make([][]float64, blocks), finish: finish}
	for i, b := range block {
		terms := row(i)
		if s.blocks[b] == nil {
			s.blocks[b] = make([]float64, len(terms))
		}
		for k, v := range terms {
			s.blocks[b][k] += v
		}
	}
	return s
}

// NewMean is the mean of one number a row: an error, a loss, a hit, a cost.
func NewMean(block []int, blocks int, values []float64) Sums {
	return NewSums(block, blocks,
		func(i int) []float64 { return []float64{values[i], 1} },
		func(sums []float64) float64 { return sums[0] / sums[1] })
}

// Value implements Metric.
func (s Sums) Value(weights []float64) float64 {
	var total []float64
	for b, sums := range s.blocks {
		if total == nil && sums != nil {
			total = make([]float64, len(sums))
		}
		for k, v := range sums {
			total[k] += weights[b] * v
		}
	}
	if total == nil {
		return math.NaN()
	}
	return s.finish(total)
}

// Area is the area under the receiver operating characteristic, which is no sum
// over rows. Rows are sorted once.
type Area struct {
	rows []scored
}

type scored struct {
	score    float64
	block    int
	positive bool
}

// NewArea takes each row's block, class and score.
func NewArea(block []int, truth []bool, score []float64) Area {
	a := Area{rows: make([]scored, len(block))}
	for i, b := range block {
		a.rows[i] = scored{score: score[i], block: b, positive: truth[i]}
	}
	slices.SortFunc(a.rows, func(x, y scored) int {
		switch {
		case x.score > y.score:
			return -1
		case x.score < y.score:
			return 1
		}
		return x.block - y.block
	})
	return a
}

// Value implements Metric: the weight of the pairs in which the positive row has
// the higher score, ties half.
func (a Area) Value(weights []float64) float64 {
	area, positives, negatives := 0.0, 0.0, 0.0
	for i := 0; i < len(a.rows); {
		hits, misses := 0.0, 0.0
		score := a.rows[i].score
		for ; i < len(a.rows) && a.rows[i].score == score; i++ {
			if a.rows[i].positive {
				hits += weights[a.rows[i].block]
			} else {
				misses += weights[a.rows[i].block]
			}
		}
		area += misses * (positives + hits/2)
		positives += hits
		negatives += misses
	}
	return area / (positives * negatives)
}

// Found is the average precision, which is no sum over rows either.
type Found struct{ Area }

// NewFound takes each row's block, class and score.
func NewFound(block []int, truth []bool, score []float64) Found {
	return Found{NewArea(block, truth, score)}
}

// Value implements Metric: the precision at each threshold, weighted by the share
// of the positives that it finds.
func (f Found) Value(weights []float64) float64 {
	total, hits, rows, sum := 0.0, 0.0, 0.0, 0.0
	for _, row := range f.rows {
		if row.positive {
			total += weights[row.block]
		}
	}
	for i := 0; i < len(f.rows); {
		more := 0.0
		score := f.rows[i].score
		for ; i < len(f.rows) && f.rows[i].score == score; i++ {
			w := weights[f.rows[i].block]
			rows += w
			if f.rows[i].positive {
				more += w
			}
		}
		if hits += more; more > 0 {
			sum += more * hits / rows
		}
	}
	return sum / total
}
