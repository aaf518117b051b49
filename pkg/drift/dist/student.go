package dist

import "math"

// StudentTwoSided is P(|T| > |t|) for Student's t distribution with df degrees
// of freedom, the regularized incomplete beta function I_x(df/2, 1/2) at
// x = df / (df + t^2). df need not be whole (Welch's is not).
func StudentTwoSided(t, df float64) float64 {
	switch {
	case math.IsNaN(t) || math.IsNaN(df) || df <= 0:
		return math.NaN()
	case math.IsInf(t, 0):
		return 0
	case math.IsInf(df, 1):
		return 2 * NormalSF(math.Abs(t))
	case math.Abs(t) > 1e150:
		return studentFarTail(math.Abs(t), df)
	}
	t2 := t * t
	return betaRegularized(df/2, 0.5, df/(df+t2), t2/(df+t2))
}

// studentFarTail is the leading term x^a / (a B(a, 1/2)), where t squared would
// overflow; the next term is smaller by t^-2.
func studentFarTail(t, df float64) float64 {
	a := df / 2
	return math.Exp(a*(math.Log(df)-2*math.Log(t)) - math.Log(a) - logBetaHalf(a))
}

// StudentQuantile is the t with P(T <= t) = p for df degrees of freedom, found
// by bisection on the two-sided tail, for 0 < p < 1.
func StudentQuantile(p, df float64) float64 {
	if p == 0.5 {
		return 0
	}
	if p < 0.5 {
		return -StudentQuantile(1-p, df)
	}
	tail := 2 * (1 - p)
	lo, hi := 0.0, 1.0
	for StudentTwoSided(hi, df) > tail && hi < 1e300 {
		lo, hi = hi, hi*2
	}
	for range 200 {
		mid := lo + (hi-lo)/2
		if mid == lo || mid == hi {
			break
		}
		if StudentTwoSided(mid, df) > tail {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + (hi-lo)/2
}

// betaRegularized is I_x(a, b) with y = 1 - x given apart, so that neither tail
// loses its digits. It evaluates the continued fraction DLMF 8.17.22 on the side
// where it converges, with Lentz's method.
func betaRegularized(a, b, x, y float64) float64 {
	if x <= 0 {
		return 0
	}
	if y <= 0 {
		return 1
	}
	front := math.Exp(a*logOf(x, y) + b*logOf(y, x) - logBeta(a, b))
	if x < (a+1)/(a+b+2) {
		return front * betaFraction(a, b, x) / a
	}
	return 1 - front*betaFraction(b, a, y)/b
}

// logOf is ln x, by way of the complement where x is near one.
func logOf(x, complement float64) float64 {
	if complement < 0.5 {
		return math.Log1p(-complement)
	}
	return math.Log(x)
}

func logBeta(a, b float64) float64 {
	if b == 0.5 {
		return logBetaHalf(a)
	}
	if a == 0.5 {
		return logBetaHalf(b)
	}
	return logGamma(a) + logGamma(b) - logGamma(a+b)
}

// logBetaHalf is ln B(a, 1/2). For large a the difference of two huge logarithms
// is replaced by the expansion of Γ(a)/Γ(a+1/2), DLMF 5.11.13.
func logBetaHalf(a float64) float64 {
	if a < 40 {
		return logGamma(a) + 0.5*math.Log(math.Pi) - logGamma(a+0.5)
	}
	u := 1 / a
	ratio := 1 - u*(1.0/8-u*(1.0/128+u*(5.0/1024-u*(21.0/32768+u*399.0/262144))))
	return 0.5*(math.Log(math.Pi)-math.Log(a)) - math.Log(ratio)
}

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// betaFraction evaluates the continued fraction of DLMF 8.17.22.
func betaFraction(a, b, x float64) float64 {
	const tiny = 1e-300
	guard := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c := 1.0
	d := 1 / guard(1-(a+b)*x/(a+1))
	f := d
	for m := 1.0; m < 1e6; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / guard(1+even*d)
		c = guard(1 + even/c)
		f *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / guard(1+odd*d)
		c = guard(1 + odd/c)
		step := d * c
		f *= step
		if math.Abs(step-1) < 1e-16 {
			break
		}
	}
	return f
}
