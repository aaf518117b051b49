package stat

import "math"

// Quantile is the p-th quantile, 0 <= p <= 1, of a non-empty sorted sample with
// linear interpolation between order statistics (Hyndman and Fan's type 7, the
// default of NumPy, pandas and R).
func (s Sorted) Quantile(p float64) float64 {
	position := p * float64(len(s)-1)
	below := math.Floor(position)
	i := int(below)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	fraction := position - below
	return s[i]*(1-fraction) + s[i+1]*fraction
}

// Distinct counts the distinct values, but stops at limit.
func (s Sorted) Distinct(limit int) int {
	count := 0
	for i := 0; i < len(s) && count < limit; i = s.after(i) {
		count++
	}
	return count
}

// after is the index of the first value above s[i]. It gallops, so that long
// runs of equal values cost little.
func (s Sorted) after(i int) int {
	value, step := s[i], 1
	for i+step < len(s) && s[i+step] == value {
		i += step
		step *= 2
	}
	for step > 0 {
		if i+step < len(s) && s[i+step] == value {
			i += step
		}
		step /= 2
	}
	return i + 1
}

// Below is the number of values smaller than x.
func (s Sorted) Below(x float64) int { return s.search(func(v float64) bool { return v >= x }) }

// UpTo is the number of values not larger than x.
func (s Sorted) UpTo(x float64) int { return s.search(func(v float64) bool { return v > x }) }

func (s Sorted) search(past func(float64) bool) int {
	lo, hi := 0, len(s)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if past(s[mid]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
