package main

import (
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// comparer compares one column after the other and keeps its memory, as the
// profiler does.
type comparer struct {
	sorter             stat.Sorter
	reference, current []float64
	sorted             stat.Sorted
	std                float64
	ks                 stat.Result
	wasserstein        float64
	psi, js            float64
}

// cold starts from values in the order of the rows.
func (c *comparer) cold(reference, current []float64) {
	c.reference = append(c.reference[:0], reference...)
	c.sorted = c.sorter.Sort(stat.Finite(c.reference))
	c.std = stat.Std(c.sorted)
	c.warm(current)
}

// warm starts from a sorted reference whose spread is known.
func (c *comparer) warm(current []float64) {
	c.current = append(c.current[:0], current...)
	window := c.sorter.Sort(stat.Finite(c.current))
	distances := stat.Compare(c.sorted, window)
	c.ks = stat.KolmogorovFromD(distances.KolmogorovSmirnov, len(c.sorted), len(window), stat.Auto)
	c.wasserstein = stat.NormedWasserstein(distances.Wasserstein, c.std)
	numbers := drift.Numbers{Reference: c.sorted, Current: window}
	low, high := numbers.Range()
	edges, err := stat.SturgesEdges(low, high, len(c.sorted)+len(window), false)
	if err != nil {
		panic(err) // the column is made here and has bins
	}
	p, q := stat.Shares(c.sorted.Histogram(edges), len(c.sorted)), stat.Shares(window.Histogram(edges), len(window))
	c.js = stat.JensenShannon(p, q)
	evidently.Fill(p)
	evidently.Fill(q)
	c.psi = stat.PSI(p, q)
}
