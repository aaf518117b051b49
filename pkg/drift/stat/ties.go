package stat

import "iter"

// Tie is one distinct value of the pooled sample: how often it occurs on each
// side, and how many values on each side are smaller.
type Tie struct {
	Value                          float64
	Reference, Current             int
	ReferenceBefore, CurrentBefore int
}

// Ties yields the distinct values of two sorted samples in ascending order.
func Ties(reference, current Sorted) iter.Seq[Tie] {
	return func(yield func(Tie) bool) {
		i, j := 0, 0
		for i < len(reference) || j < len(current) {
			t := Tie{Value: smaller(reference, current, i, j), ReferenceBefore: i, CurrentBefore: j}
			for i < len(reference) && reference[i] == t.Value {
				i++
			}
			for j < len(current) && current[j] == t.Value {
				j++
			}
			t.Reference, t.Current = i-t.ReferenceBefore, j-t.CurrentBefore
			if !yield(t) {
				return
			}
		}
	}
}

func smaller(reference, current Sorted, i, j int) float64 {
	switch {
	case i == len(reference):
		return current[j]
	case j == len(current) || reference[i] < current[j]:
		return reference[i]
	default:
		return current[j]
	}
}

// midrank is the mean of the ranks, from one, that the tied values share.
func (t Tie) midrank() float64 {
	return float64(t.ReferenceBefore+t.CurrentBefore) + float64(t.Reference+t.Current+1)/2
}
