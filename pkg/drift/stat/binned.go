package stat

import (
	"math"
	"slices"
)

// Binned is a sample of which only counts between fixed edges are known. Bins lie
// in (e_i, e_i+1], the first one closed; the outer edges are the smallest and the
// largest value. Samples on the same edges merge by adding their counts.
type Binned struct {
	Edges  []float64
	Counts []int
}

// Interval is what a distance lies in.
type Interval struct{ Lower, Upper float64 }

// Bin counts a non-empty sample between edges at its own quantiles, equally
// spaced in probability, so that every bin that is not one repeated value holds
// about a bins-th of it.
func Bin(sample Sorted, bins int) Binned {
	edges := make([]float64, 0, bins+1)
	for i := range bins + 1 {
		// An edge is a value of the sample, so that ties never straddle it.
		edges = append(edges, sample[i*(len(sample)-1)/bins])
	}
	edges = slices.Compact(edges)
	if len(edges) == 1 {
		edges = append(edges, edges[0])
	}
	b := Binned{Edges: edges, Counts: make([]int, len(edges)-1)}
	below := 0
	for i := range b.Counts {
		upTo := sample.UpTo(edges[i+1])
		b.Counts[i] = upTo - below
		below = upTo
	}
	return b
}

// Rows is the number of values.
func (b Binned) Rows() int {
	rows := 0
	for _, count := range b.Counts {
		rows += count
	}
	return rows
}

// CompareBinned bounds the Kolmogorov-Smirnov and the Wasserstein distance between
// a binned reference and a sorted sample. Both bounds are attained by some
// reference with these counts, so that no more is known: a p-value would pretend
// otherwise.
//
// Between two edges the reference's distribution function F lies between its
// values there, and the sample's, G, is a known step function. A step of G at v
// inside a bin is held against both ends of what F may be.
func CompareBinned(reference Binned, current Sorted) (ks, wasserstein Interval) {
	w := binnedWalk{n: float64(reference.Rows()), m: float64(len(current)), current: current}
	first, last := reference.Edges[0], reference.Edges[len(reference.Edges)-1]
	w.outside(0, current.Below(first), first)
	for i, count := range reference.Counts {
		w.bin(reference.Edges[i], reference.Edges[i+1], count, i == 0)
	}
	w.outside(w.seen, len(current), last)
	return w.ks, w.wasserstein
}

// binnedWalk goes through the bins once.
type binnedWalk struct {
	n, m            float64
	current         Sorted
	below           int // reference values below the bin
	seen            int // current values at or before the point reached
	ks, wasserstein Interval
}

// outside adds the current values from..to that lie beyond the reference, whose
// outer edge is at edge: F is known there.
func (w *binnedWalk) outside(from, to int, edge float64) {
	f := float64(w.below) / w.n
	if to > from {
		// Below the reference F is 0 and G grows to to/m; above, F is 1 and G starts
		// from from/m.
		gap := math.Max(math.Abs(float64(to)/w.m-f), math.Abs(float64(from)/w.m-f))
		w.ks.Lower, w.ks.Upper = math.Max(w.ks.Lower, gap), math.Max(w.ks.Upper, gap)
		sum := 0.0
		for _, v := range w.current[from:to] {
			sum += math.Abs(v - edge)
		}
		w.wasserstein.Lower += sum / w.m
		w.wasserstein.Upper += sum / w.m
	}
	w.seen = to
}

// bin adds the bin between low and high, which holds count reference values.
func (w *binnedWalk) bin(low, high float64, count int, first bool) {
	fLow, fHigh := float64(w.below)/w.n, float64(w.below+count)/w.n
	if first {
		// The smallest value is at the edge itself.
		fLow = 0
	}
	at, position := low, w.seen
	end := w.seen + w.current[w.seen:].UpTo(high)
	for position < end {
		next := w.current[position]
		w.stretch(next-at, float64(position)/w.m, fLow, fHigh)
		for position < end && w.current[position] == next {
			position++
		}
		at = next
		if next < high {
			w.step(float64(position)/w.m, fLow, fHigh)
		}
	}
	w.stretch(high-at, float64(end)/w.m, fLow, fHigh)
	w.seen, w.below = end, w.below+count
	w.edge(float64(end)/w.m, fHigh)
}

// stretch is a piece of a bin on which G is constant.
func (w *binnedWalk) stretch(length, g, fLow, fHigh float64) {
	if length <= 0 {
		return
	}
	least, most := gapTo(g, fLow, fHigh)
	w.wasserstein.Lower += length * least
	w.wasserstein.Upper += length * most
	w.ks.Lower, w.ks.Upper = math.Max(w.ks.Lower, least), math.Max(w.ks.Upper, most)
}

// step is a value of G inside a bin.
func (w *binnedWalk) step(g, fLow, fHigh float64) {
	least, most := gapTo(g, fLow, fHigh)
	w.ks.Lower, w.ks.Upper = math.Max(w.ks.Lower, least), math.Max(w.ks.Upper, most)
}

// edge is a point where F is known.
func (w *binnedWalk) edge(g, f float64) {
	w.step(g, f, f)
}

// gapTo are the smallest and the largest |F - g| for F in low..high.
func gapTo(g, low, high float64) (least, most float64) {
	most = math.Max(math.Abs(g-low), math.Abs(g-high))
	return math.Max(0, math.Max(low-g, g-high)), most
}
