package stat

import "math"

// Mean is the arithmetic mean.
func Mean(values []float64) float64 { return Sum(values) / float64(len(values)) }

// Std is the population standard deviation (divisor n), in two passes.
func Std(values []float64) float64 {
	return math.Sqrt(sumOfSquares(values) / float64(len(values)))
}

// Variance is the sample variance (divisor n - 1). One value has none: NaN.
func Variance(values []float64) float64 {
	return sumOfSquares(values) / float64(len(values)-1)
}

// Sum adds by halves, so that the rounding error grows with the logarithm of the
// length. The order is NumPy's, block by block, so that a rounding error that a
// peer's result depends on is the same here.
func Sum(values []float64) float64 { return pairwise(values, plainSum) }

func sumOfSquares(values []float64) float64 {
	mean := Mean(values)
	return pairwise(values, func(block []float64) float64 { return squareSum(block, mean) })
}

// sumBlock is the length up to which NumPy adds without halving.
const sumBlock = 128

func pairwise(values []float64, block func([]float64) float64) float64 {
	if len(values) <= sumBlock {
		return block(values)
	}
	half := len(values) / 2
	half -= half % 8
	return pairwise(values[:half], block) + pairwise(values[half:], block)
}

// plainSum adds into eight sums, which the processor runs in parallel.
func plainSum(values []float64) float64 {
	var s [8]float64
	for ; len(values) >= 8; values = values[8:] {
		v := (*[8]float64)(values)
		s[0] += v[0]
		s[1] += v[1]
		s[2] += v[2]
		s[3] += v[3]
		s[4] += v[4]
		s[5] += v[5]
		s[6] += v[6]
		s[7] += v[7]
	}
	sum := fold(s)
	for _, v := range values {
		sum += v
	}
	return sum
}

func squareSum(values []float64, center float64) float64 {
	var s [8]float64
	for ; len(values) >= 8; values = values[8:] {
		v := (*[8]float64)(values)
		for i := range s {
			gap := v[i] - center
			s[i] += gap * gap
		}
	}
	sum := fold(s)
	for _, v := range values {
		sum += (v - center) * (v - center)
	}
	return sum
}

func fold(s [8]float64) float64 {
	return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
}
