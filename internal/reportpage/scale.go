package reportpage

import (
	"math"
	"strconv"
)

// Drawings are this wide and high in their own units and stretch with their box.
const (
	drawingWidth  = 1000
	drawingHeight = 100
)

// scale maps values between low and high to a share of a drawing's length.
type scale struct{ low, high float64 }

// newScale makes room for every finite value; a range of one value is widened.
func newScale(values ...float64) scale {
	s := scale{low: math.Inf(1), high: math.Inf(-1)}
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		s.low, s.high = min(s.low, v), max(s.high, v)
	}
	if s.low > s.high {
		return scale{0, 1}
	}
	if s.low == s.high {
		margin := math.Abs(s.low) / 2
		if margin == 0 {
			margin = 0.5
		}
		return scale{s.low - margin, s.high + margin}
	}
	return s
}

// at is where a value lies, from 0 to 1. Halves avoid an overflow of the width.
func (s scale) at(v float64) float64 {
	return min(1, max(0, (v/2-s.low/2)/(s.high/2-s.low/2)))
}

// x and y are a value's place in a drawing; y grows downwards.
func (s scale) x(v float64) int { return int(math.Round(drawingWidth * s.at(v))) }
func (s scale) y(v float64) int { return int(math.Round(drawingHeight * (1 - s.at(v)))) }

// percent is a place as CSS writes it.
func percent(share float64) string {
	return strconv.FormatFloat(math.Round(1000*share)/10, 'f', -1, 64) + "%"
}

// ticks are at most limit+1 round values between low and high.
func (s scale) ticks(limit int) []float64 {
	width := s.high - s.low
	if math.IsInf(width, 0) || width <= 0 || width < 1e-300 {
		return nil
	}
	step := niceStep(width / float64(limit))
	var values []float64
	for i := math.Ceil(s.low/step - 1e-9); i*step <= s.high+step*1e-9; i++ {
		values = append(values, i*step+0) // no negative zero
		if len(values) > limit+1 {
			break
		}
	}
	return values
}

// niceStep is the next of 1, 2, 2.5 and 5 times a power of ten.
func niceStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, step := range []float64{1, 2, 2.5, 5} {
		if step*power >= least*(1-1e-9) {
			return step * power
		}
	}
	return 10 * power
}

// tick is a mark on an axis: where, and what it says. A minor one gives way
// where there is little room.
type tick struct {
	At    string
	Text  string
	Minor bool
}

// axis labels a scale's ticks. Marks too close to the right edge would hang out
// of the drawing, so they are drawn to the left of their place by the style.
func (w *words) axis(s scale, limit int, format func(float64) string) []tick {
	var out []tick
	for i, v := range s.ticks(limit) {
		out = append(out, tick{At: percent(s.at(v)), Text: format(v), Minor: i%2 == 1})
	}
	return out
}

// plain writes an axis value with as many digits as it needs.
func (w *words) plain(v float64) string {
	if v != 0 && (math.Abs(v) < 1e-4 || math.Abs(v) >= 1e7) {
		return w.power(v)
	}
	return w.localise(strconv.FormatFloat(round12(v), 'f', -1, 64))
}

// round12 drops what multiplication left behind the twelfth digit.
func round12(v float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		return v
	}
	return short
}
