package nannyml_test

import (
	"errors"
	"math"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// The expected values are NannyML 0.13.1's on the same deterministic columns.
func TestContinuousAsNannyML(t *testing.T) {
	reference, current := make([]float64, 1500), make([]float64, 700)
	for i := range reference {
		reference[i] = float64(i*7919%1009) / 10
	}
	for i := range current {
		current[i] = float64(i*7919%887) / 8
	}
	for method, want := range map[nannyml.Method][2]float64{
		nannyml.JensenShannon: {0.21763197990699615, 0.03633430454105921},
		nannyml.Hellinger:     {0.21646668341268258, 0.03025450720755371},
		nannyml.KS:            {0.09295238095238095, 0.02704929957452623},
		nannyml.Wasserstein:   {5.162502380952381, 1.1887868866518705},
	} {
		fitted, err := nannyml.FitContinuous(method, reference)
		if err != nil {
			t.Fatal(err)
		}
		got := fitted.Compare(stat.Sort(append([]float64(nil), current...)))
		if math.Abs(got.Score-want[0]) > 1e-12 || math.Abs(got.Threshold-want[1]) > 1e-12 || !got.Drifted {
			t.Errorf("%s: got %+v, want %v", method, got, want)
		}
	}
}

func TestCategoriesAsNannyML(t *testing.T) {
	labels := []string{"c0", "c1", "c2", "c3"}
	var reference []int32
	for k := range 16 {
		if k < 9 {
			reference = append(reference, int32(k%3))
		} else {
			reference = append(reference, 0)
		}
	}
	chunk := map[string]int{"c0": 8, "c1": 8, "c2": 8, "c3": 8}
	for method, want := range map[nannyml.Method][2]float64{
		nannyml.JensenShannon: {0.43743278539349784, 1.0590764829679118},
		nannyml.Hellinger:     {0.41437011304718063, 0.997348723414213},
		nannyml.LInfinity:     {0.375, 1.1744738302371542},
	} {
		fitted, err := nannyml.FitCategories(method, labels, reference)
		if err != nil {
			t.Fatal(err)
		}
		got := fitted.Compare(chunk)
		if math.Abs(got.Score-want[0]) > 1e-12 || math.Abs(got.Threshold-want[1]) > 1e-12 || got.Drifted {
			t.Errorf("%s: got %+v, want %v", method, got, want)
		}
	}
	fitted, err := nannyml.FitCategories(nannyml.Chi2, labels, reference)
	if err != nil {
		t.Fatal(err)
	}
	got := fitted.Compare(chunk)
	if math.Abs(got.Statistic-8.363636363636363) > 1e-12 || math.Abs(got.P-0.039064887215171956) > 1e-12 || !got.Drifted {
		t.Errorf("chi2: got %+v", got)
	}
}

func TestEmptyChunkIsUnknown(t *testing.T) {
	fitted, err := nannyml.FitContinuous(nannyml.KS, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	if err != nil {
		t.Fatal(err)
	}
	if got := fitted.Compare(nil); !math.IsNaN(got.Score) || got.Drifted {
		t.Errorf("got %+v", got)
	}
}

func TestErrors(t *testing.T) {
	var noMethod *nannyml.MethodError
	if _, err := nannyml.FitContinuous(nannyml.Chi2, make([]float64, 20)); !errors.As(err, &noMethod) || noMethod.Kind != drift.Numerical {
		t.Errorf("chi2 on numbers: %v", err)
	}
	if _, err := nannyml.FitContinuous(nannyml.KS, make([]float64, 9)); !errors.Is(err, nannyml.ErrTooFewRows) {
		t.Errorf("nine rows: %v", err)
	}
	var infinite *nannyml.InfiniteError
	values := make([]float64, 20)
	values[7] = math.Inf(1)
	if _, err := nannyml.FitContinuous(nannyml.KS, values); !errors.As(err, &infinite) || infinite.Row != 7 {
		t.Errorf("an infinite value: %v", err)
	}
	missing := make([]int32, 12)
	for i := range missing {
		missing[i] = nannyml.Missing
	}
	if _, err := nannyml.FitCategories(nannyml.LInfinity, nil, missing); !errors.Is(err, nannyml.ErrEmpty) {
		t.Errorf("nothing but missing: %v", err)
	}
}

// A few rows left over lift the threshold, as they do in NannyML.
func TestLeftOverRowsAreAChunk(t *testing.T) {
	values := make([]float64, 4032)
	for i := range values {
		values[i] = math.Sin(float64(i) * 1.7)
	}
	whole, err := nannyml.FitContinuous(nannyml.JensenShannon, values[:4030])
	if err != nil {
		t.Fatal(err)
	}
	over, err := nannyml.FitContinuous(nannyml.JensenShannon, values)
	if err != nil {
		t.Fatal(err)
	}
	if over.Threshold() < 2*whole.Threshold() {
		t.Errorf("threshold %v with two rows left over, %v without", over.Threshold(), whole.Threshold())
	}
}
