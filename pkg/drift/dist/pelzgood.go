package dist

import "math"

// pelzGood is P(D_n <= d) by the expansion of Pelz and Good (J. R. Stat. Soc. B
// 38, 1976), K0(z) + K1(z)/√n + K2(z)/n + K3(z)/n^1.5 at z = d√n, with every
// term transformed by the Jacobi theta identity so that it converges for small z.
func pelzGood(n int, d float64) float64 {
	z := math.Sqrt(float64(n)) * d
	rate := math.Pi * math.Pi / (8 * z * z)
	if rate > 708 {
		return 0
	}
	terms := int(math.Ceil(16 * z / math.Pi))
	var k [4]float64
	for i := terms; i > 0; i-- {
		m := float64(2*i - 1)
		weight := math.Exp(-rate * m * m)
		for j, c := range pelzGoodOdd(z, m) {
			k[j] += weight * c
		}
	}
	root := math.Sqrt(2 * math.Pi)
	k[0] *= root / z
	k[1] *= root / (6 * math.Pow(z, 4))
	k[2] *= root / (72 * math.Pow(z, 7))
	k[3] *= root / (6480 * math.Pow(z, 10))
	second, third := pelzGoodEven(z, terms)
	k[2] += second
	k[3] += third
	size := float64(n)
	return k[0] + k[1]/math.Sqrt(size) + k[2]/size + k[3]/(size*math.Sqrt(size))
}

// pelzGoodOdd are the coefficients of the sums over odd m in K0 to K3.
func pelzGoodOdd(z, m float64) [4]float64 {
	const p2, p4, p6 = math.Pi * math.Pi, math.Pi * math.Pi * math.Pi * math.Pi,
		math.Pi * math.Pi * math.Pi * math.Pi * math.Pi * math.Pi
	z2 := z * z
	z4, z6 := z2*z2, z2*z2*z2
	m2 := m * m
	return [4]float64{
		1,
		-z2 + p2/4*m2,
		6*z6 + 2*z4 + (2*z4-5*z2)*p2/4*m2 + p4*(1-2*z2)/16*m2*m2,
		-30*z6 - 90*z4*z4 + p2*(135*z4-96*z6)/4*m2 +
			p4*(-60*z2+212*z4)/16*m2*m2 + p6*(5-30*z2)/64*m2*m2*m2,
	}
}

// pelzGoodEven are the sums over all whole k in K2 and K3.
func pelzGoodEven(z float64, terms int) (second, third float64) {
	const p2 = math.Pi * math.Pi
	for i := terms; i > 0; i-- {
		k2 := float64(i) * float64(i)
		weight := math.Exp(-p2 * k2 / (2 * z * z))
		second += k2 * weight
		third += (3*z*z - p2*k2) * k2 * weight
	}
	root := math.Sqrt(2 * math.Pi)
	z3 := z * z * z
	return -second * p2 * root / (36 * z3), third * p2 * root / (216 * z3 * z3)
}
