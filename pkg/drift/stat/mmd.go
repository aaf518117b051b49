package stat

import (
	"math"
	"math/rand/v2"
)

// Matrix is a dense table of observations, one a row.
type Matrix struct {
	Columns int
	Values  []float64
}

// Rows is the number of observations.
func (m Matrix) Rows() int { return len(m.Values) / m.Columns }

// Row is the i-th observation.
func (m Matrix) Row(i int) []float64 { return m.Values[i*m.Columns : (i+1)*m.Columns] }

// MMDOptions tune the maximum mean discrepancy test.
type MMDOptions struct {
	// Gamma is that of the kernel exp(-γ·d²); zero takes MedianGamma(reference).
	Gamma float64
	// Permutations is the number of relabellings; zero takes 100.
	Permutations int
	// Block is the number of neighbouring rows that are relabelled together, for
	// rows that depend on their neighbours; zero or one permutes rows.
	Block int
	// Seed makes the permutations, and so the p-value, reproducible.
	Seed uint64
}

// MMD is the maximum mean discrepancy test of Gretton et al. ("A Kernel
// Two-Sample Test", 2012): the unbiased estimate of MMD² with an RBF kernel, and
// the share of (block) permutations with at least that value, the observed one
// counted among them so that the test keeps its level. Time and memory are
// quadratic in the rows of both sides: callers cap them and say so. Each side
// needs two rows, and as many columns as the other.
func MMD(reference, current Matrix, options MMDOptions) (Result, error) {
	n, m := reference.Rows(), current.Rows()
	if err := needSize("MMD", n, m, 2); err != nil {
		return Result{}, err
	}
	gamma := options.Gamma
	if gamma == 0 {
		gamma = MedianGamma(reference)
	}
	kernel := NewKernel(reference, current, gamma)
	label := make([]bool, n+m)
	for i := range n {
		label[i] = true
	}
	observed := kernel.Discrepancy(label)
	permutations := options.Permutations
	if permutations == 0 {
		permutations = 100
	}
	source := rand.New(rand.NewPCG(options.Seed, 0x6d6d64))
	atLeast := 1
	for range permutations {
		permuteBlocks(label, n, max(options.Block, 1), source)
		if kernel.Discrepancy(label) >= observed {
			atLeast++
		}
	}
	return Result{Statistic: observed, P: float64(atLeast) / float64(permutations+1)}, nil
}

// MedianGamma is 1/(2σ²) with σ² half the median squared distance between two
// rows, as alibi-detect takes it from the reference. One is taken where that
// median is zero.
func MedianGamma(rows Matrix) float64 {
	sorted := Sort(squaredDistances(rows, Matrix{Columns: rows.Columns}))
	if len(sorted) == 0 || sorted[(len(sorted)-1)/2] == 0 {
		return 1
	}
	return 1 / sorted[(len(sorted)-1)/2]
}

// squaredDistances are those between all rows of both sides, the upper triangle
// row by row.
func squaredDistances(reference, current Matrix) []float64 {
	n := reference.Rows()
	row := func(i int) []float64 {
		if i < n {
			return reference.Row(i)
		}
		return current.Row(i - n)
	}
	all := n + current.Rows()
	out := make([]float64, 0, all*(all-1)/2)
	for i := range all {
		a := row(i)
		for j := i + 1; j < all; j++ {
			out = append(out, squaredDistance(a, row(j)))
		}
	}
	return out
}

func squaredDistance(a, b []float64) float64 {
	sum := 0.0
	for k, v := range a {
		sum += (v - b[k]) * (v - b[k])
	}
	return sum
}

// Kernel holds the RBF kernel of every pair of rows of a pooled sample.
type Kernel struct {
	rows   int
	values []float64
}

// NewKernel computes exp(-γ·d²) for every pair, reference rows first.
func NewKernel(reference, current Matrix, gamma float64) Kernel {
	values := squaredDistances(reference, current)
	for i, d := range values {
		values[i] = math.Exp(-gamma * d)
	}
	return Kernel{rows: reference.Rows() + current.Rows(), values: values}
}

// Discrepancy is the unbiased estimate of MMD² when first marks the rows of the
// first sample.
func (k Kernel) Discrepancy(first []bool) float64 {
	var sums [2]float64 // pairs within the second and within the first sample
	between := 0.0
	at, n := 0, 0
	for i := range k.rows {
		var same, other float64
		for j := i + 1; j < k.rows; j++ {
			if first[j] == first[i] {
				same += k.values[at]
			} else {
				other += k.values[at]
			}
			at++
		}
		if first[i] {
			n++
			sums[1] += same
		} else {
			sums[0] += same
		}
		between += other
	}
	a, b := float64(n), float64(k.rows-n)
	return 2*sums[1]/(a*(a-1)) + 2*sums[0]/(b*(b-1)) - 2*between/(a*b)
}

// permuteBlocks relabels n of the rows: the pooled rows, read as a ring from a
// random start, are cut into blocks, and shuffled blocks go to the first sample
// until it is full.
func permuteBlocks(first []bool, n, block int, source *rand.Rand) {
	clear(first)
	rows := len(first)
	start := 0
	if block > 1 {
		start = source.IntN(rows)
	}
	left := n
	for _, b := range source.Perm((rows + block - 1) / block) {
		for i := b * block; i < min((b+1)*block, rows) && left > 0; i++ {
			first[(start+i)%rows] = true
			left--
		}
	}
}
