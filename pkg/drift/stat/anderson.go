package stat

import "math"

// Anderson-Darling's published critical values for k samples (Scholz and
// Stephens, "K-Sample Anderson-Darling Tests", JASA 82, 1987, table 2), as
// b0 + b1/√(k-1) + b2/(k-1) at each significance level.
var (
	andersonLevels = [7]float64{0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001}
	andersonB0     = [7]float64{0.675, 1.281, 1.645, 1.96, 2.326, 2.573, 3.085}
	andersonB1     = [7]float64{-0.245, 0.25, 0.678, 1.149, 1.822, 2.364, 3.615}
	andersonB2     = [7]float64{-0.105, -0.305, -0.362, -0.391, -0.396, -0.345, -0.154}
)

// AndersonDarling is the k-sample Anderson-Darling test with midranks, for two
// samples, as scipy.stats.anderson_ksamp: the normalised statistic A² of Scholz
// and Stephens, equation 7, and a p-value interpolated between the published
// critical values by a quadratic in their logarithm. Outside them it is clipped
// to [0.001, 0.25]: a p-value of 0.001 says "at most".
func AndersonDarling(reference, current Sorted) (Result, error) {
	n, m := len(reference), len(current)
	if err := needSize("Anderson-Darling", n, m, 1); err != nil {
		return Result{}, err
	}
	pooledMin, pooledMax := math.Min(reference[0], current[0]), math.Max(reference[n-1], current[m-1])
	if pooledMin == pooledMax || n+m < 4 {
		return Result{}, &SizeError{Method: "Anderson-Darling", Reference: n, Current: m, Need: 2, NeedIsDistinct: true}
	}
	a2 := (andersonMidrank(reference, current) - 1) / math.Sqrt(andersonVariance(n, m))
	return Result{Statistic: a2, P: andersonP(a2)}, nil
}

// andersonMidrank is A²_akN of Scholz and Stephens.
func andersonMidrank(reference, current Sorted) float64 {
	total := float64(len(reference) + len(current))
	var sums [2]float64
	sizes := [2]float64{float64(len(reference)), float64(len(current))}
	for t := range Ties(reference, current) {
		tied := float64(t.Reference + t.Current)
		pooled := float64(t.ReferenceBefore+t.CurrentBefore) + tied/2
		weight := tied / total / (pooled*(total-pooled) - total*tied/4)
		counts := [2]float64{
			float64(t.ReferenceBefore) + float64(t.Reference)/2,
			float64(t.CurrentBefore) + float64(t.Current)/2,
		}
		for i, count := range counts {
			gap := total*count - pooled*sizes[i]
			sums[i] += weight * gap * gap
		}
	}
	return (sums[0]/sizes[0] + sums[1]/sizes[1]) * (total - 1) / total
}

// andersonVariance is the variance of A²_kN under the null for k = 2, equation 4.
func andersonVariance(n, m int) float64 {
	const k = 2.0
	total := float64(n + m)
	inverse := 1/float64(n) + 1/float64(m)
	h, g := andersonSums(n + m)
	a := (4*g-6)*(k-1) + (10-6*g)*inverse
	b := (2*g-4)*k*k + 8*h*k + (2*g-14*h-4)*inverse - 8*h + 4*g - 6
	c := (6*h+2*g-2)*k*k + (4*h-4*g+6)*k + (2*h-6)*inverse + 4*h
	d := (2*h+6)*k*k - 4*h*k
	return (((a*total+b)*total+c)*total + d) / ((total - 1) * (total - 2) * (total - 3))
}

// andersonSums are h = Σ 1/i for i < N, and g = ΣΣ 1/((N-i) j) for i < j < N.
func andersonSums(total int) (h, g float64) {
	for i := 2; i < total; i++ {
		h += 1 / float64(total+1-i)
		g += h / float64(i)
	}
	return h + 1, g
}

func andersonP(a2 float64) float64 {
	var critical, logs [7]float64
	for i := range critical {
		critical[i] = andersonB0[i] + andersonB1[i] + andersonB2[i]
		logs[i] = math.Log(andersonLevels[i])
	}
	switch {
	case math.IsNaN(a2):
		return a2
	case a2 < critical[0]:
		return andersonLevels[0]
	case a2 > critical[6]:
		return andersonLevels[6]
	}
	c := fitQuadratic(critical[:], logs[:])
	return math.Exp((c[2]*a2+c[1])*a2 + c[0])
}

// fitQuadratic is the least-squares polynomial c0 + c1·x + c2·x², solved in
// powers of x - mean to stay well conditioned.
func fitQuadratic(x, y []float64) [3]float64 {
	center := Mean(x)
	var moments [5]float64
	var right [3]float64
	for i := range x {
		u, power := x[i]-center, 1.0
		for k := range moments {
			moments[k] += power
			if k < len(right) {
				right[k] += power * y[i]
			}
			power *= u
		}
	}
	c := solve3([3][3]float64{
		{moments[0], moments[1], moments[2]},
		{moments[1], moments[2], moments[3]},
		{moments[2], moments[3], moments[4]},
	}, right)
	return [3]float64{c[0] - c[1]*center + c[2]*center*center, c[1] - 2*c[2]*center, c[2]}
}

// solve3 is Cramer's rule.
func solve3(a [3][3]float64, b [3]float64) [3]float64 {
	whole := det3(a)
	var x [3]float64
	for column := range x {
		replaced := a
		for row := range b {
			replaced[row][column] = b[row]
		}
		x[column] = det3(replaced) / whole
	}
	return x
}

func det3(a [3][3]float64) float64 {
	return a[0][0]*(a[1][1]*a[2][2]-a[1][2]*a[2][1]) -
		a[0][1]*(a[1][0]*a[2][2]-a[1][2]*a[2][0]) +
		a[0][2]*(a[1][0]*a[2][1]-a[1][1]*a[2][0])
}
