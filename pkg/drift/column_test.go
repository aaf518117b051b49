package drift_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

func TestNumbersAsCategories(t *testing.T) {
	n := drift.Numbers{Reference: stat.Sorted{-1, 2, 2, 10}, Current: stat.Sorted{2, 10, 10, 11.5}}
	want := drift.Counts{Labels: []string{"-1", "2", "10", "11.5"}, Reference: []int{1, 2, 1, 0}, Current: []int{0, 1, 2, 1}}
	if diff := cmp.Diff(want, n.Counts()); diff != "" {
		t.Error(diff)
	}
	if got := n.Distinct(100); got != 4 {
		t.Errorf("%d distinct values, want 4", got)
	}
	if got := n.Distinct(2); got != 2 {
		t.Errorf("counting stops at 2, got %d", got)
	}
	if low, high := n.Range(); low != -1 || high != 11.5 {
		t.Errorf("range %v to %v", low, high)
	}
}

func TestCountLabels(t *testing.T) {
	got := drift.CountLabels(map[string]int{"b": 3, "a": 1}, map[string]int{"ä": 2, "b": 2})
	want := drift.Counts{Labels: []string{"a", "b", "ä"}, Reference: []int{1, 3, 0}, Current: []int{0, 2, 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	reference, current := got.Shares()
	if diff := cmp.Diff([][]float64{{0.25, 0.75, 0}, {0, 0.5, 0.5}}, [][]float64{reference, current}); diff != "" {
		t.Error(diff)
	}
}

func TestColumnOfEitherKind(t *testing.T) {
	numbers := drift.Column{Kind: drift.Numerical, Numbers: drift.Numbers{Reference: stat.Sorted{1, 1, 2}, Current: stat.Sorted{3}}}
	categories := drift.Column{Kind: drift.Categorical, Counts: numbers.Numbers.Counts()}
	for _, c := range []drift.Column{numbers, categories} {
		if reference, current := c.Rows(); reference != 3 || current != 1 {
			t.Errorf("%s: %d and %d rows", c.Kind, reference, current)
		}
		if got := c.Distinct(math.MaxInt); got != 3 {
			t.Errorf("%s: %d distinct values", c.Kind, got)
		}
		if diff := cmp.Diff(categories.Counts, c.Tally()); diff != "" {
			t.Error(diff)
		}
	}
}
