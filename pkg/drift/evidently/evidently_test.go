package evidently_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// numbers is the deterministic column that Evidently 0.7.23 was asked about.
func numbers() drift.Column {
	reference, current := make([]float64, 1500), make([]float64, 700)
	for i := range reference {
		reference[i] = float64(i*7919%1009) / 10
	}
	for i := range current {
		current[i] = float64(i*7919%887) / 8
	}
	return drift.Column{Name: "x", Kind: drift.Numerical, Numbers: drift.Numbers{
		Reference: stat.Sort(reference), Current: stat.Sort(current),
	}}
}

// categories is c0 c1 c2 … on 16 rows against c0 … c3 evenly on 32.
func categories() drift.Column {
	var referenceRows, currentRows []int32
	reference, current := map[string]int{}, map[string]int{}
	for k := range 16 {
		c := 0
		if k < 9 {
			c = k % 3
		}
		referenceRows = append(referenceRows, int32(c))
		reference[fmt.Sprintf("c%d", c)]++
	}
	for k := range 32 {
		currentRows = append(currentRows, int32(k%4))
		current[fmt.Sprintf("c%d", k%4)]++
	}
	counts := drift.CountLabels(reference, current)
	counts.ReferenceRows, counts.CurrentRows = referenceRows, currentRows
	return drift.Column{Name: "c", Kind: drift.Categorical, Counts: counts}
}

func TestCompareAsEvidently(t *testing.T) {
	for _, c := range []struct {
		column  drift.Column
		method  evidently.Method
		score   float64
		drifted bool
	}{
		{numbers(), evidently.PSI, 0.5433121484826221, true},
		{numbers(), evidently.KL, 0.08389835956460684, false},
		{numbers(), evidently.JensenShannon, 0.16993188448048888, true},
		{numbers(), evidently.Hellinger, 0.20771365806727635, true},
		{numbers(), evidently.Wasserstein, 0.17712721842522397, true},
		{numbers(), evidently.KS, 0.00048450723686506057, true},
		{numbers(), evidently.Energy, 0.7974077039121855, true},
		{numbers(), evidently.MannWhitney, 0.00020459870237877028, true},
		{numbers(), evidently.T, 0.0001850466897881094, true},
		{numbers(), evidently.CramerVM, 0.00032925895773194824, true},
		{numbers(), evidently.Anderson, 0.001, true},
		{numbers(), evidently.Epps, 9.434758146173862e-11, true},
		{categories(), evidently.PSI, 2.334798381622268, true},
		{categories(), evidently.KL, 0.46387213343766615, true},
		{categories(), evidently.JensenShannon, 0.36418668255091224, true},
		{categories(), evidently.Hellinger, 0.4143701130471807, true},
		{categories(), evidently.ChiSquare, 0, true},
		{categories(), evidently.Z, 0.011412036386001745, true},
		{categories(), evidently.TVD, 0.044, true},
	} {
		got, err := evidently.Compare(c.column, evidently.Options{Method: c.method})
		if err != nil || math.Abs(got.Score-c.score) > 1e-9*math.Max(c.score, 1e-3) || got.Drifted != c.drifted {
			t.Errorf("%s %s: got %+v %v, want %v drifted %v", c.column.Kind, c.method, got, err, c.score, c.drifted)
		}
	}
}

func TestChoose(t *testing.T) {
	column := func(n, distinct int) drift.Column {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i % distinct)
		}
		sorted := stat.Sort(values)
		return drift.Column{Kind: drift.Numerical, Numbers: drift.Numbers{Reference: sorted, Current: sorted[:n/2]}}
	}
	asCategories := func(c drift.Column) drift.Column {
		return drift.Column{Kind: drift.Categorical, Counts: c.Numbers.Counts()}
	}
	for _, c := range []struct {
		name   string
		column drift.Column
		want   evidently.Method
	}{
		{"small, many values", column(1000, 6), evidently.KS},
		{"large, many values", column(1001, 6), evidently.Wasserstein},
		{"small, five values", column(1000, 5), evidently.ChiSquare},
		{"large, five values", column(1001, 5), evidently.JensenShannon},
		{"small, two values", column(1000, 2), evidently.Z},
		{"small, three categories", asCategories(column(1000, 3)), evidently.ChiSquare},
		{"small, two categories", asCategories(column(1000, 2)), evidently.Z},
		{"small, one category", asCategories(column(1000, 1)), evidently.Z},
		{"large, two categories", asCategories(column(1001, 2)), evidently.JensenShannon},
	} {
		if got := evidently.Choose(c.column); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestInferKind(t *testing.T) {
	for _, c := range []struct {
		stored            evidently.Type
		distinct, present int
		want              drift.Kind
	}{
		{evidently.Float, 1, 100, drift.Numerical},
		{evidently.Integer, 10, 100, drift.Categorical},
		{evidently.Integer, 11, 100, drift.Numerical},
		{evidently.String, 50, 100, drift.Categorical},
		{evidently.String, 51, 100, drift.Text},
		{evidently.String, 0, 0, drift.Unknown},
		{evidently.Boolean, 2, 100, drift.Categorical},
		{evidently.Time, 100, 100, drift.Datetime},
		{evidently.Other, 3, 100, drift.Unknown},
	} {
		if got := evidently.InferKind(c.stored, c.distinct, c.present); got != c.want {
			t.Errorf("%s with %d of %d distinct: %s, want %s", c.stored, c.distinct, c.present, got, c.want)
		}
	}
}

// A threshold equal to the score decides each comparison.
func TestThresholdIsExact(t *testing.T) {
	for _, c := range []struct {
		column drift.Column
		method evidently.Method
		want   bool
	}{
		{numbers(), evidently.KS, true},          // <=
		{numbers(), evidently.CramerVM, true},    // <=
		{numbers(), evidently.T, false},          // <
		{numbers(), evidently.Wasserstein, true}, // >=
		{numbers(), evidently.Energy, false},     // >
		{categories(), evidently.Z, false},       // <
	} {
		first, err := evidently.Compare(c.column, evidently.Options{Method: c.method})
		if err != nil {
			t.Fatal(err)
		}
		again, err := evidently.Compare(c.column, evidently.Options{Method: c.method, Threshold: &first.Score})
		if err != nil || again.Drifted != c.want {
			t.Errorf("%s at its own score: drifted %v %v, want %v", c.method, again.Drifted, err, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	empty := numbers()
	empty.Numbers.Current = nil
	var isEmpty *evidently.EmptyError
	if _, err := evidently.Compare(empty, evidently.Options{}); !errors.As(err, &isEmpty) || isEmpty.Reference {
		t.Errorf("empty current: %v", err)
	}
	var noMethod *evidently.MethodError
	for _, c := range []struct {
		column drift.Column
		method evidently.Method
	}{{numbers(), "nonsense"}, {numbers(), evidently.TVD}, {numbers(), evidently.Z}, {categories(), evidently.KS}} {
		if _, err := evidently.Compare(c.column, evidently.Options{Method: c.method}); !errors.As(err, &noMethod) {
			t.Errorf("%s on %s: %v", c.method, c.column.Kind, err)
		}
	}
	if _, err := evidently.Compare(categories(), evidently.Options{Method: evidently.Fisher}); !errors.Is(err, evidently.ErrUnequalRows) {
		t.Errorf("fisher on unequal sides: %v", err)
	}
	if _, err := evidently.Compare(categories(), evidently.Options{Method: evidently.G}); !errors.Is(err, stat.ErrUnequalTotals) {
		t.Errorf("G on unequal sides: %v", err)
	}
}

func TestDatasetDrifted(t *testing.T) {
	for _, c := range []struct {
		drifted, columns int
		want             bool
	}{{1, 2, true}, {1, 3, false}, {0, 0, false}, {3, 3, true}} {
		if got := evidently.DatasetDrifted(c.drifted, c.columns); got != c.want {
			t.Errorf("%d of %d: %v", c.drifted, c.columns, got)
		}
	}
}
