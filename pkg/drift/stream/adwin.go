package stream

import "math"

// ADWIN is the adaptive window of Bifet and Gavaldà ("Learning from
// Time-Changing Data with Adaptive Windowing", 2007) over an exponential
// histogram: an alarm where some cut of the window leaves two parts whose means
// differ by more than a bound that holds with confidence 1 - Delta. Memory is
// logarithmic in the window.
type ADWIN struct {
	// Delta is the probability of a false alarm at a check.
	Delta float64
	// Clock is the number of values between two checks.
	Clock int
	// GracePeriod is the number of values before the first check.
	GracePeriod int
	// MinPart is the number of values that either part must have.
	MinPart int
	// MaxBuckets is the number of buckets of one size before two are merged.
	MaxBuckets int

	// rows[i] holds buckets of 2^i values, oldest first.
	rows    [][]bucket
	window  bucket
	width   float64
	ticks   int
	changed bool
}

// bucket is the sum of some values and the sum of their squared deviations.
type bucket struct{ total, variance float64 }

// NewADWIN has River's defaults: delta 0.002, a check every 32 values.
func NewADWIN() *ADWIN {
	return &ADWIN{Delta: 0.002, Clock: 32, GracePeriod: 10, MinPart: 5, MaxBuckets: 5}
}

// Width is the number of values in the window.
func (a *ADWIN) Width() int { return int(a.width) }

// Mean is the mean of the window.
func (a *ADWIN) Mean() float64 { return a.window.total / a.width }

// Add implements Detector.
func (a *ADWIN) Add(value float64) bool {
	if a.changed {
		a.rows, a.window, a.width, a.ticks = nil, bucket{}, 0, 0
	}
	a.insert(value)
	a.ticks++
	a.changed = false
	if a.ticks%a.Clock == 0 && a.width > float64(a.GracePeriod) {
		for a.cut() {
			a.changed = true
			a.dropOldest()
		}
	}
	return a.changed
}

func (a *ADWIN) insert(value float64) {
	a.width++
	a.window = merge(a.window, a.width-1, bucket{total: value}, 1)
	if len(a.rows) == 0 {
		a.rows = append(a.rows, nil)
	}
	a.rows[0] = append(a.rows[0], bucket{total: value})
	for i := 0; i < len(a.rows) && len(a.rows[i]) > a.MaxBuckets; i++ {
		if i+1 == len(a.rows) {
			a.rows = append(a.rows, nil)
		}
		size := math.Ldexp(1, i)
		a.rows[i+1] = append(a.rows[i+1], merge(a.rows[i][0], size, a.rows[i][1], size))
		a.rows[i] = append(a.rows[i][:0], a.rows[i][2:]...)
	}
}

// merge is the bucket of two neighbouring sets of n and m values.
func merge(x bucket, n float64, y bucket, m float64) bucket {
	if n == 0 {
		return y
	}
	gap := x.total/n - y.total/m
	return bucket{total: x.total + y.total, variance: x.variance + y.variance + n*m*gap*gap/(n+m)}
}

func (a *ADWIN) dropOldest() {
	last := len(a.rows) - 1
	size := math.Ldexp(1, last)
	oldest := a.rows[last][0]
	a.rows[last] = a.rows[last][1:]
	if len(a.rows[last]) == 0 {
		a.rows = a.rows[:last]
	}
	a.width -= size
	a.window.total -= oldest.total
	gap := oldest.total/size - a.window.total/a.width
	a.window.variance -= oldest.variance + size*a.width*gap*gap/(size+a.width)
}

// cut reports whether some cut between buckets, from the oldest on, separates two
// means.
func (a *ADWIN) cut() bool {
	n, total := 0.0, 0.0
	for i := len(a.rows) - 1; i >= 0; i-- {
		size := math.Ldexp(1, i)
		for _, b := range a.rows[i] {
			n += size
			total += b.total
			if a.separates(n, total) {
				return true
			}
		}
	}
	return false
}

// separates holds the difference of the two means against the bound of Bifet and
// Gavaldà's theorem 3.1, normal form.
func (a *ADWIN) separates(n, total float64) bool {
	m, least := a.width-n, float64(a.MinPart)
	if n < least || m < least {
		return false
	}
	confidence := math.Log(2 * math.Log(a.width) / a.Delta)
	parts := 1/(n-least+1) + 1/(m-least+1)
	bound := math.Sqrt(2*parts*a.window.variance/a.width*confidence) + 2.0/3*confidence*parts
	return math.Abs(total/n-(a.window.total-total)/m) > bound
}
