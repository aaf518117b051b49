package reportpage

import (
	"fmt"
	"math"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// histogram is both sides of a column of numbers over one axis: the reference
// as a filled shape, the current data as a line, and a strip for each below.
type histogram struct {
	Label              string
	Reference, Current string
	Median             string
	X, Y               []tick
	Density            bool
	Strips             []strip
	Table              table
}

// strip is one side's quantiles: from 5 % to 95 % as a line, the middle half as
// a bar, the median as a notch.
type strip struct {
	Class, Name                  string
	Y                            int
	Low, Width, BoxLow, BoxWidth int
	Median                       int
	// Left puts the name where the strip leaves more room.
	Left bool
}

// newHistogram draws a column's bins; nil where it has none.
func newHistogram(c report.Column, w *words) *histogram {
	edges, ok := finite(c.Edges)
	bins := len(edges) - 1
	if !ok || bins < 1 || len(c.Reference.Bins) != bins || len(c.Current.Bins) != bins {
		return nil
	}
	reference, current := shares(c.Reference.Bins, c.Reference.Other), shares(c.Current.Bins, c.Current.Other)
	across := newScale(edges...)
	heights, density := [2][]float64{reference, current}, false
	if !even(edges) {
		heights, density = [2][]float64{perWidth(reference, edges), perWidth(current, edges)}, true
	}
	up := newScale(append(append([]float64{0}, heights[0]...), heights[1]...)...)
	h := &histogram{
		Label:     w.say("histogram.label", c.Name),
		Reference: steps(edges, heights[0], across, up),
		Current:   steps(edges, heights[1], across, up),
		X:         w.axis(across, 4, w.plain),
		Density:   density,
		Table:     histogramTable(c.Name, edges, reference, current, w),
	}
	if !density {
		h.Y = w.axis(up, 3, w.share)[1:]
	}
	h.Strips = strips(c, across, w)
	return h
}

func strips(c report.Column, across scale, w *words) []strip {
	var out []strip
	for i, side := range []struct {
		class string
		side  report.Side
	}{{"reference", c.Reference}, {"current", c.Current}} {
		quantiles, ok := finite(side.side.Quantiles)
		if !ok || len(quantiles) != len(report.Levels) {
			continue
		}
		low, high := across.x(quantiles[1]), across.x(quantiles[5])
		boxLow, boxHigh := across.x(quantiles[2]), across.x(quantiles[4])
		out = append(out, strip{Class: side.class, Name: w.say(side.class), Y: 5 + 10*i, Low: low, Width: max(2, high-low),
			BoxLow: boxLow, BoxWidth: max(4, boxHigh-boxLow), Median: across.x(quantiles[3]), Left: low > drawingWidth-high})
	}
	return out
}

// steps is the outline of a histogram: up and down at each edge, closed by the
// shape's own base line. Bins of the same height are one step.
func steps(edges, heights []float64, across, up scale) string {
	var path strings.Builder
	x, y := across.x(edges[0]), drawingHeight
	fmt.Fprintf(&path, "M%d %d", x, y)
	for i, height := range heights {
		if next := up.y(height); next != y {
			fmt.Fprintf(&path, "v%d", next-y)
			y = next
		}
		if right := across.x(edges[i+1]); i+1 == len(heights) || up.y(heights[i+1]) != y {
			fmt.Fprintf(&path, "h%d", right-x)
			x = right
		}
	}
	fmt.Fprintf(&path, "V%d", drawingHeight)
	return path.String()
}

func histogramTable(name string, edges, reference, current []float64, w *words) table {
	t := table{
		Name: name,
		Head: []string{w.say("from"), w.say("reference.percent"), w.say("current.percent")},
	}
	digits := edgeDigits(edges)
	for i := range reference {
		t.Rows = append(t.Rows, []cell{
			textCell(w.digits(edges[i], digits)), numberCell(w.percentage(reference[i])), numberCell(w.percentage(current[i])),
		})
	}
	return t
}

// edgeDigits is how many significant digits tell neighbouring edges apart.
func edgeDigits(edges []float64) int {
	size := max(math.Abs(edges[0]), math.Abs(edges[len(edges)-1]))
	narrowest := math.Inf(1)
	for i := 1; i < len(edges); i++ {
		if width := edges[i] - edges[i-1]; width > 0 {
			narrowest = min(narrowest, width)
		}
	}
	if size == 0 || math.IsInf(narrowest, 1) {
		return 3
	}
	return min(12, max(3, 2+int(math.Ceil(math.Log10(size/narrowest)))))
}

// finite are numbers that must all exist.
func finite(numbers []report.Number) ([]float64, bool) {
	out := make([]float64, len(numbers))
	for i, n := range numbers {
		if !n.Exists() {
			return nil, false
		}
		out[i] = float64(n)
	}
	return out, len(out) > 0
}

// shares are counts over all values, the others too; all zero of an empty side.
func shares(counts []int, others int) []float64 {
	sum := others
	for _, n := range counts {
		sum += n
	}
	out := make([]float64, len(counts))
	for i, n := range counts {
		out[i] = float64(n) / float64(max(1, sum))
	}
	return out
}

// even says that all bins are as wide, so that heights are shares of rows.
func even(edges []float64) bool {
	mean := edges[len(edges)-1]/float64(len(edges)-1) - edges[0]/float64(len(edges)-1)
	for i := 1; i < len(edges); i++ {
		if math.Abs(edges[i]-edges[i-1]-mean) > 1e-6*mean {
			return false
		}
	}
	return true
}

// perWidth are shares over the width of their bin, scaled to a largest of one
// bin: with bins of different widths it is the area that shows rows. A bin
// without width is drawn as high as the highest other.
func perWidth(shares, edges []float64) []float64 {
	out, highest := make([]float64, len(shares)), 0.0
	for i, s := range shares {
		if width := edges[i+1] - edges[i]; width > 0 {
			out[i] = s / width
			highest = max(highest, out[i])
		}
	}
	for i, s := range shares {
		if edges[i+1] == edges[i] && s > 0 {
			out[i] = highest
		}
	}
	return out
}
