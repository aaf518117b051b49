package domain

import (
	"fmt"
	"math"

	"github.com/trainyard/trainyard/pkg/drift/perf"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// DefaultFolds is the number of stretches that each side is cut into.
const DefaultFolds = 5

// Result is how well current rows are told from reference rows.
type Result struct {
	// AUC is the mean over folds; one half is no drift, and values below it are
	// chance.
	AUC float64
	// Folds are the areas of the folds: their spread says how far to trust AUC.
	Folds []float64
	// Rows that were used on each side.
	Reference, Current int
}

// FoldsError reports too few rows for the folds.
type FoldsError struct {
	Reference, Current, Folds int
}

func (e *FoldsError) Error() string {
	return fmt.Sprintf("%d folds need at least %d rows on each side, reference has %d and current %d: widen the window",
		e.Folds, 4*e.Folds, e.Reference, e.Current)
}

// Evaluate cuts both sides, whose rows are in order of time, into folds of
// neighbours, and scores each fold with a classifier that was fitted on the rest.
// features is the number of features, folds zero takes DefaultFolds. Time is
// linear in the rows: callers cap them, with Thin, and say so.
func Evaluate(reference, current []Row, features, folds int) (Result, error) {
	if folds == 0 {
		folds = DefaultFolds
	}
	if folds < 2 || len(reference) < 4*folds || len(current) < 4*folds {
		return Result{}, &FoldsError{Reference: len(reference), Current: len(current), Folds: folds}
	}
	result := Result{Reference: len(reference), Current: len(current)}
	for fold := range folds {
		var train, test split
		train.add(reference, false, fold, folds, false)
		train.add(current, true, fold, folds, false)
		test.add(reference, false, fold, folds, true)
		test.add(current, true, fold, folds, true)
		model := fit(train.rows, train.current, features)
		scores := make([]float64, len(test.rows))
		for i, row := range test.rows {
			scores[i] = model.score(row)
		}
		result.Folds = append(result.Folds, perf.AUC(test.current, scores))
	}
	result.AUC = stat.Mean(result.Folds)
	return result, nil
}

// Spread is the standard error of AUC over the folds.
func (r Result) Spread() float64 {
	return math.Sqrt(stat.Variance(r.Folds) / float64(len(r.Folds)))
}

// split is the rows of one role.
type split struct {
	rows    []Row
	current []bool
}

// add takes one side's rows inside the fold, or outside it.
func (s *split) add(rows []Row, current bool, fold, folds int, inside bool) {
	from, to := fold*len(rows)/folds, (fold+1)*len(rows)/folds
	for i, row := range rows {
		if (i >= from && i < to) == inside {
			s.rows = append(s.rows, row)
			s.current = append(s.current, current)
		}
	}
}

// Thin keeps at most limit rows, evenly spaced and in order.
func Thin[T any](rows []T, limit int) []T {
	if len(rows) <= limit {
		return rows
	}
	out := make([]T, limit)
	for i := range out {
		out[i] = rows[i*len(rows)/limit]
	}
	return out
}
