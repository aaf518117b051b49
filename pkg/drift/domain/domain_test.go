package domain_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift/domain"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// rows draws a table whose columns are autoregressive with φ.
func rows(r *rand.Rand, n, columns int, phi float64, change func(row []float64)) stat.Matrix {
	m := stat.Matrix{Columns: columns}
	state := make([]float64, columns)
	for k := range state {
		state[k] = r.NormFloat64()
	}
	for range n {
		row := make([]float64, columns)
		for k := range state {
			state[k] = phi*state[k] + math.Sqrt(1-phi*phi)*r.NormFloat64()
			row[k] = state[k]
		}
		change(row)
		m.Values = append(m.Values, row...)
	}
	return m
}

func unchanged([]float64) {}

func auc(t *testing.T, reference, current stat.Matrix) float64 {
	t.Helper()
	fourier := domain.NewFourier(reference, 1)
	features := func(m stat.Matrix) []domain.Row {
		var out []domain.Row
		for i := range m.Rows() {
			out = append(out, fourier.Row(m.Row(i)))
		}
		return out
	}
	result, err := domain.Evaluate(features(reference), features(current), 128, 5)
	if err != nil {
		t.Fatal(err)
	}
	return result.AUC
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	for name, c := range map[string]struct {
		change    func(row []float64)
		low, high float64
	}{
		"nothing":     {unchanged, 0.42, 0.58},
		"shift":       {func(row []float64) { row[0] += 1.5 }, 0.75, 1},
		"spread":      {func(row []float64) { row[0] *= 3; row[1] *= 3 }, 0.68, 1},
		"correlation": {func(row []float64) { row[1] = 0.95*row[0] + 0.31*row[1] }, 0.62, 1},
	} {
		got := auc(t, rows(r, 300, 3, 0, unchanged), rows(r, 200, 3, 0, c.change))
		if got < c.low || got > c.high {
			t.Errorf("%s: AUC %.3f, want %.2f to %.2f", name, got, c.low, c.high)
		}
	}
}

// Neighbouring rows of a slow series give a random split away; blocked folds do
// not fall for it.
func TestSlowSeriesIsNoDrift(t *testing.T) {
	t.Parallel()
	sum := 0.0
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		series := rows(r, 400, 2, 0.98, unchanged)
		reference := stat.Matrix{Columns: 2, Values: series.Values[:400]}
		current := stat.Matrix{Columns: 2, Values: series.Values[400:]}
		sum += auc(t, reference, current) / 8
	}
	if sum > 0.75 {
		t.Errorf("mean AUC %.3f without drift", sum)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 5))
	sentence := func(words []string) domain.Row {
		var text []string
		for range 12 {
			text = append(text, words[r.IntN(len(words))])
		}
		return domain.Words(strings.Join(text, " "))
	}
	energy := strings.Fields("price demand supply grid transfer market peak load power station wind solar coal")
	sport := strings.Fields("goal match team player score grid power peak coach league season ball keeper")
	var before, after, same []domain.Row
	for range 200 {
		before, after, same = append(before, sentence(energy)), append(after, sentence(sport)), append(same, sentence(energy))
	}
	changed, err := domain.Evaluate(before, after, domain.Vocabulary, 5)
	if err != nil || changed.AUC < 0.95 {
		t.Errorf("another subject: %+v %v", changed, err)
	}
	kept, err := domain.Evaluate(before, same, domain.Vocabulary, 5)
	if err != nil || kept.AUC < 0.4 || kept.AUC > 0.6 {
		t.Errorf("the same subject: %+v %v", kept, err)
	}
}

func TestWords(t *testing.T) {
	if got := domain.Words("The price, the PRICE! a 42"); len(got.Index) != 3 {
		t.Errorf("the, price and 42 are words, a is too short: %v", got)
	}
	if got := domain.Words(" … "); len(got.Index) != 0 {
		t.Errorf("no words: %v", got)
	}
}

func TestTooFewRows(t *testing.T) {
	var tooFew *domain.FoldsError
	if _, err := domain.Evaluate(make([]domain.Row, 19), make([]domain.Row, 50), 1, 5); !errors.As(err, &tooFew) {
		t.Errorf("19 rows: %v", err)
	}
}

func TestThin(t *testing.T) {
	if got := domain.Thin([]int{0, 1, 2, 3, 4, 5, 6}, 3); len(got) != 3 || got[0] != 0 || got[2] != 4 {
		t.Errorf("%v", got)
	}
	if got := domain.Thin([]int{1, 2}, 3); len(got) != 2 {
		t.Errorf("%v", got)
	}
}
