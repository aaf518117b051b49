package stat

import (
	"errors"
	"math"

	"github.com/trainyard/trainyard/pkg/drift/dist"
)

// ErrNoSpread reports a column whose middle half is one value: the
// Epps-Singleton test scales by that spread.
var ErrNoSpread = errors.New("the interquartile range is 0, which Epps-Singleton divides by: use Kolmogorov-Smirnov")

// EppsSingleton is the test of Epps and Singleton ("An Omnibus Test for the
// Two-Sample Problem Using the Empirical Characteristic Function", 1986) with
// the frequencies 0.4 and 0.8 over half the pooled interquartile range, as
// scipy.stats.epps_singleton_2samp: a quadratic form in the difference of the two
// empirical characteristic functions, referred to chi-square. It sees changes of
// shape and suits discrete data too.
func EppsSingleton(reference, current Sorted) (Result, error) {
	nx, ny := len(reference), len(current)
	if err := needSize("Epps-Singleton", nx, ny, 5); err != nil {
		return Result{}, err
	}
	pooled := merged(reference, current)
	scale := (pooled.Quantile(0.75) - pooled.Quantile(0.25)) / 2
	if scale == 0 {
		return Result{}, ErrNoSpread
	}
	x, y := newWave(reference, scale), newWave(current, scale)
	n, a, b := float64(nx+ny), float64(nx), float64(ny)
	var covariance [4][4]float64
	var difference [4]float64
	for i := range covariance {
		difference[i] = x.mean[i] - y.mean[i]
		for j := range covariance {
			covariance[i][j] = n/a*x.covariance[i][j] + n/b*y.covariance[i][j]
		}
	}
	form, rank := pseudoForm(covariance, difference)
	w := n * form
	if max(nx, ny) < 25 {
		w /= 1 + math.Pow(n, -0.45) + 10.1*(math.Pow(a, -1.7)+math.Pow(b, -1.7))
	}
	return Result{Statistic: w, P: dist.ChiSquareSF(w, float64(rank))}, nil
}

// wave is the mean and the population covariance of cos and sin at both
// frequencies.
type wave struct {
	mean       [4]float64
	covariance [4][4]float64
}

func newWave(values []float64, scale float64) wave {
	points := make([][4]float64, len(values))
	var w wave
	for k, v := range values {
		for f, frequency := range [2]float64{0.4, 0.8} {
			sin, cos := math.Sincos(frequency / scale * v)
			points[k][f], points[k][2+f] = cos, sin
		}
		for i := range w.mean {
			w.mean[i] += points[k][i]
		}
	}
	n := float64(len(values))
	for i := range w.mean {
		w.mean[i] /= n
	}
	for _, p := range points {
		for i := range p {
			for j := range p {
				w.covariance[i][j] += (p[i] - w.mean[i]) * (p[j] - w.mean[j]) / n
			}
		}
	}
	return w
}

// negligible is the share of the largest eigenvalue below which another counts as
// zero. SciPy cuts at 4·2⁻⁵², where the rounding of a column with two or three
// distinct values still counts as a dimension and the statistic is noise.
const negligible = 1e-12

// pseudoForm is d' A⁺ d for a symmetric A and its Moore-Penrose inverse, and the
// rank of A.
func pseudoForm(a [4][4]float64, d [4]float64) (form float64, rank int) {
	values, vectors := jacobi(a)
	largest := 0.0
	for _, v := range values {
		largest = math.Max(largest, math.Abs(v))
	}
	for i, v := range values {
		if math.Abs(v) <= negligible*largest {
			continue
		}
		projection := 0.0
		for j := range d {
			projection += vectors[j][i] * d[j]
		}
		form += projection * projection / v
		rank++
	}
	return form, rank
}

// jacobi diagonalises a symmetric matrix by plane rotations; vectors holds the
// eigenvectors in its columns.
func jacobi(a [4][4]float64) (values [4]float64, vectors [4][4]float64) {
	for i := range vectors {
		vectors[i][i] = 1
	}
	for range 64 {
		off := 0.0
		for p := range a {
			for q := p + 1; q < len(a); q++ {
				off += math.Abs(a[p][q])
				rotate(&a, &vectors, p, q)
			}
		}
		if off == 0 {
			break
		}
	}
	for i := range values {
		values[i] = a[i][i]
	}
	return values, vectors
}

// rotate brings a[p][q] to zero.
func rotate(a, vectors *[4][4]float64, p, q int) {
	if math.Abs(a[p][q]) <= 1e-300 {
		a[p][q], a[q][p] = 0, 0
		return
	}
	theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := 1 / (math.Abs(theta) + math.Hypot(theta, 1))
	if theta < 0 {
		t = -t
	}
	cos := 1 / math.Hypot(t, 1)
	sin := t * cos
	for k := range a {
		a[k][p], a[k][q] = cos*a[k][p]-sin*a[k][q], sin*a[k][p]+cos*a[k][q]
	}
	for k := range a {
		a[p][k], a[q][k] = cos*a[p][k]-sin*a[q][k], sin*a[p][k]+cos*a[q][k]
	}
	for k := range a {
		vectors[k][p], vectors[k][q] = cos*vectors[k][p]-sin*vectors[k][q], sin*vectors[k][p]+cos*vectors[k][q]
	}
}

// merged is the pooled sorted sample.
func merged(reference, current Sorted) Sorted {
	out := make(Sorted, 0, len(reference)+len(current))
	i, j := 0, 0
	for i < len(reference) && j < len(current) {
		if current[j] < reference[i] {
			out = append(out, current[j])
			j++
		} else {
			out = append(out, reference[i])
			i++
		}
	}
	return append(append(out, reference[i:]...), current[j:]...)
}
