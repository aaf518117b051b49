package stat

import "math"

// Distances are the three distances between two empirical distribution functions
// F (reference) and G (current) that one walk over the sorted samples gives.
type Distances struct {
	// KolmogorovSmirnov is sup |F - G|.
	KolmogorovSmirnov float64
	// Wasserstein is the first Wasserstein (earth mover's) distance ∫ |F - G|, in
	// the unit of the column.
	Wasserstein float64
	// Energy is sqrt(2 ∫ (F - G)²), in the square root of that unit, as in SciPy.
	Energy float64
}

// Compare walks two non-empty sorted samples once. It takes time linear in their
// lengths and allocates nothing.
func Compare(reference, current Sorted) Distances {
	d := compareScaled(reference, current, 1)
	if !(d.Wasserstein < math.MaxFloat64 && d.Energy < math.MaxFloat64) {
		// Values near the largest double overflow the sums, not the result.
		const shrink = 0x1p-100
		d = compareScaled(reference, current, shrink)
		d.Wasserstein /= shrink
		d.Energy /= math.Sqrt(shrink)
	}
	return d
}

// compareScaled carries t = |F - G|·n·m in whole steps of n and m, so that ties
// cancel exactly; between two neighbouring values t is constant.
func compareScaled(reference, current Sorted, scale float64) Distances {
	n, m := float64(len(reference)), float64(len(current))
	var t, largest, area, energy float64
	previous := math.Min(reference[0], current[0]) * scale
	i := 0
	for j := 0; j < len(current); {
		value := current[j]
		for i < len(reference) && reference[i] < value {
			x := reference[i] * scale
			width := x - previous
			area += math.Abs(t) * width
			energy += t * t * width
			previous = x
			t += m
			i++
		}
		largest = math.Max(largest, math.Abs(t))
		x := value * scale
		width := x - previous
		area += math.Abs(t) * width
		energy += t * t * width
		previous = x
		for i < len(reference) && reference[i] == value {
			t += m
			i++
		}
		for j < len(current) && current[j] == value {
			t -= n
			j++
		}
		largest = math.Max(largest, math.Abs(t))
	}
	for ; i < len(reference); i++ {
		x := reference[i] * scale
		width := x - previous
		area += math.Abs(t) * width
		energy += t * t * width
		previous = x
		t += m
	}
	return Distances{
		KolmogorovSmirnov: largest / (n * m),
		Wasserstein:       area / (n * m),
		Energy:            math.Sqrt(2*energy) / (n * m),
	}
}

// NormFloor is the smallest standard deviation that NormedWasserstein divides by.
const NormFloor = 0.001

// NormedWasserstein is a Wasserstein distance in standard deviations of the
// reference, population form, floored at NormFloor. This is Evidently's norm.
func NormedWasserstein(distance, referenceStd float64) float64 {
	return distance / math.Max(referenceStd, NormFloor)
}
