package nannyml_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// What is restored from the kept values judges as what was fitted on the rows.
func TestRestoreContinuous(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for _, rows := range []int{200, 12_000} {
		reference, chunk := make([]float64, rows), make([]float64, 150)
		for i := range reference {
			reference[i] = r.NormFloat64() + float64(i)/float64(rows)
		}
		for i := range chunk {
			chunk[i] = r.NormFloat64() + 0.3
		}
		sorted, window := stat.Sort(append([]float64(nil), reference...)), stat.Sort(chunk)
		for _, method := range nannyml.Methods(drift.Numerical) {
			fitted, err := nannyml.FitContinuous(method, reference)
			if err != nil {
				t.Fatal(err)
			}
			restored, err := nannyml.RestoreContinuous(fitted.Fitted, sorted)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fitted.Compare(window), restored.Compare(window), cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("%s on %d rows:\n%s", method, rows, diff)
			}
		}
	}
}

func TestRestoreCategories(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 6))
	labels := []string{"a", "b", "c"}
	rows, counts := make([]int32, 500), map[string]int{}
	for i := range rows {
		rows[i] = int32(r.IntN(3))
		counts[labels[rows[i]]]++
	}
	for _, method := range nannyml.Methods(drift.Categorical) {
		fitted, err := nannyml.FitCategories(method, labels, rows)
		if err != nil {
			t.Fatal(err)
		}
		restored, err := nannyml.RestoreCategories(fitted.Fitted, counts)
		if err != nil {
			t.Fatal(err)
		}
		chunk := map[string]int{"a": 3, "d": 4}
		if diff := cmp.Diff(fitted.Compare(chunk), restored.Compare(chunk), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s:\n%s", method, diff)
		}
	}
}

func TestRestoreRefusesWhatWasNotFitted(t *testing.T) {
	var unknown *nannyml.MethodError
	if _, err := nannyml.RestoreContinuous(nannyml.Fitted{Method: "magic"}, stat.Sorted{1}); !errors.As(err, &unknown) {
		t.Errorf("method: %v", err)
	}
	if _, err := nannyml.RestoreContinuous(nannyml.Fitted{Method: nannyml.JensenShannon, Shares: []float64{1}, Edges: []float64{0}}, nil); err == nil {
		t.Error("a bin without its edges was taken")
	}
	if _, err := nannyml.RestoreContinuous(nannyml.Fitted{Method: nannyml.KS}, nil); !errors.Is(err, nannyml.ErrEmpty) {
		t.Errorf("no values: %v", err)
	}
	if _, err := nannyml.RestoreCategories(nannyml.Fitted{Method: nannyml.JensenShannon}, nil); !errors.Is(err, nannyml.ErrEmpty) {
		t.Errorf("no counts: %v", err)
	}
}
