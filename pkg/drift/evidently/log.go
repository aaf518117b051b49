package evidently

import (
	"math"
	"math/big"
)

// logBits is the precision in which a logarithm is computed before it is rounded.
const logBits = 128

// roundedLog is the double next to ln x, for a positive x. math.Log may be the one
// beside it, and the last bit of a word's weight decides, under an L1 penalty, which
// words are left after a thousand steps.
func roundedLog(x float64) float64 {
	fraction, exponent := math.Frexp(x)
	if fraction < math.Sqrt2/2 {
		fraction, exponent = 2*fraction, exponent-1
	}
	sum := atanhTwice(fraction)
	// ln 2 = -ln ½, by the same series.
	if exponent != 0 {
		scaled := atanhTwice(0.5)
		sum.Sub(sum, scaled.Mul(scaled, big.NewFloat(float64(exponent)).SetPrec(logBits)))
	}
	out, _ := sum.Float64()
	return out
}

// atanhTwice is ln m = 2·Σ z^(2k+1)/(2k+1) with z = (m - 1)/(m + 1).
func atanhTwice(m float64) *big.Float {
	number := func(v float64) *big.Float { return new(big.Float).SetPrec(logBits).SetFloat64(v) }
	z := number(0).Quo(number(0).Sub(number(m), number(1)), number(0).Add(number(m), number(1)))
	square := number(0).Mul(z, z)
	sum, power := number(0), number(0).Set(z)
	for k := 1.0; power.Sign() != 0 && power.MantExp(nil) > -logBits-8; k += 2 {
		sum.Add(sum, number(0).Quo(power, number(k)))
		power.Mul(power, square)
	}
	return sum.Mul(sum, number(2))
}
