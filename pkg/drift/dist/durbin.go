package dist

import "math"

const (
	scaleBits = 128
	scaleUp   = 0x1p128
	scaleDown = 0x1p-128
)

// durbin is P(D_n <= d) by Durbin's matrix in the form of Marsaglia, Tsang and
// Wang ("Evaluating Kolmogorov's Distribution", J. Stat. Soft. 8, 2003):
// n!/n^n times the middle entry of the n-th power of a (2k-1)-square matrix,
// with nd = k - h.
func durbin(n int, d float64) float64 {
	nd := float64(n) * d
	k := int(math.Ceil(nd))
	base := durbinMatrix(k, float64(k)-nd)
	power := identity(base.size)
	exponent, baseExponent := 0, 0
	for left := n; left > 0; left /= 2 {
		if left%2 == 1 {
			power = power.times(base)
			exponent += baseExponent
		}
		base = base.times(base)
		baseExponent *= 2
		if math.Abs(base.at(k-1, k-1)) > scaleUp {
			base.scale(scaleDown)
			baseExponent += scaleBits
		}
	}
	p := power.at(k-1, k-1)
	for i := 1; i <= n; i++ {
		p *= float64(i) / float64(n)
		if math.Abs(p) < scaleDown {
			p *= scaleUp
			exponent -= scaleBits
		}
	}
	return math.Ldexp(p, exponent)
}

// durbinMatrix builds H of Marsaglia, Tsang and Wang, section 2.
func durbinMatrix(k int, h float64) square {
	m := 2*k - 1
	result := square{size: m, values: make([]float64, m*m)}
	edge := make([]float64, m)
	factorial := 1.0
	hPower := 1.0
	inverse := make([]float64, m)
	for j := range m {
		inverse[j] = factorial
		factorial /= float64(j + 1)
		hPower *= h
		edge[j] = (1 - hPower) * factorial
	}
	corner := math.Pow(math.Max(2*h-1, 0), float64(m)) - 2*hPower
	edge[m-1] = (1 + corner) * factorial
	for i := 1; i < m; i++ {
		for row := i - 1; row < m; row++ {
			result.values[row*m+i] = inverse[row-i+1]
		}
	}
	for i := range m {
		result.values[i*m] = edge[i]
	}
	for i := range m {
		result.values[(m-1)*m+i] = edge[m-1-i]
	}
	return result
}

// square is a dense square matrix, row by row.
type square struct {
	size   int
	values []float64
}

func identity(size int) square {
	m := square{size: size, values: make([]float64, size*size)}
	for i := range size {
		m.values[i*size+i] = 1
	}
	return m
}

func (m square) at(i, j int) float64 { return m.values[i*m.size+j] }

func (m square) scale(by float64) {
	for i := range m.values {
		m.values[i] *= by
	}
}

func (m square) times(other square) square {
	out := square{size: m.size, values: make([]float64, len(m.values))}
	for i := range m.size {
		row := out.values[i*m.size : (i+1)*m.size]
		for k := range m.size {
			factor := m.at(i, k)
			if factor == 0 {
				continue
			}
			for j, v := range other.values[k*m.size : (k+1)*m.size] {
				row[j] += factor * v
			}
		}
	}
	return out
}
