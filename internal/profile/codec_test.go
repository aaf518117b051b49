package profile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Every bit of a sorted column comes back, signed zeros and denormals included.
func TestSortedComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]float64, 3000)
	for i := range random {
		random[i] = math.Float64frombits(r.Uint64())
	}
	for name, values := range map[string][]float64{
		"none": {}, "one": {3}, "signs": {-1, math.Copysign(0, -1), 0, 1},
		"extremes": {-math.MaxFloat64, -math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64, math.MaxFloat64},
		"equal":    {7, 7, 7}, "random bits": stat.Finite(random),
	} {
		sorted := stat.Sort(slices.Clone(values))
		for _, split := range []bool{false, true} {
			s := Summary{Kind: drift.Numerical, Numbers: sorted}
			if split {
				s.Pooled = &native.Sample{Numbers: sorted[:len(sorted)/2]}
			}
			back := Summary{Kind: drift.Numerical}
			if err := back.decode(s.encode(), false, split); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for i := range sorted {
				if math.Float64bits(back.Numbers[i]) != math.Float64bits(sorted[i]) {
					t.Fatalf("%s, split %v: %v came back as %v", name, split, sorted[i], back.Numbers[i])
				}
			}
			if len(back.Numbers) != len(sorted) || split && len(back.Pooled.Numbers) != len(sorted)/2 {
				t.Errorf("%s: %d of %d values", name, len(back.Numbers), len(sorted))
			}
		}
	}
}

func TestCategoriesComeBack(t *testing.T) {
	s := Summary{Kind: drift.Categorical, Labels: []string{"", "a", "Łódź"}, Counts: []int{1, 200, 3}, Pooled: &native.Sample{Counts: map[string]int{"a": 150}}}
	back := Summary{Kind: drift.Categorical}
	if err := back.decode(s.encode(), false, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{s.Labels, s.Counts, s.Pooled.Counts}, []any{back.Labels, back.Counts, back.Pooled.Counts}); diff != "" {
		t.Error(diff)
	}
}

// FuzzDecode: whatever the bytes, an error or a column that can be compared.
func FuzzDecode(f *testing.F) {
	numbers := Summary{Kind: drift.Numerical, Numbers: stat.Sorted{-1, 0, 2.5, 2.5, 9}}
	f.Add(numbers.encode(), uint8(0))
	binned := stat.Bin(stat.Sorted{1, 2, 3, 4, 5}, 3)
	f.Add((&Summary{Kind: drift.Numerical, Bins: &binned}).encode(), uint8(1))
	f.Add((&Summary{Kind: drift.Categorical, Labels: []string{"x"}, Counts: []int{3}}).encode(), uint8(2))
	f.Fuzz(func(t *testing.T, raw []byte, how uint8) {
		s := Summary{Kind: drift.Numerical}
		if how%3 == 2 {
			s.Kind = drift.Categorical
		}
		if s.decode(raw, how%3 == 1, how/3%2 == 1) != nil {
			return
		}
		if !slices.IsSorted(s.Numbers) {
			t.Errorf("not sorted: %v", s.Numbers)
		}
		if s.Bins != nil {
			ks, _ := stat.CompareBinned(*s.Bins, stat.Sorted{0, 1})
			if !(ks.Lower <= ks.Upper) {
				t.Errorf("%+v", ks)
			}
		}
	})
}
