package profile

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

const (
	// chartBins and chartLabels bound what is drawn of a column.
	chartBins   = 24
	chartLabels = 12
	// labelLength bounds a category's name, in characters.
	labelLength = 60
)

// draw adds what a chart of both sides needs.
func (p *Plan) draw(c *report.Column, said schema.Column, reference, current *Summary) {
	if reference.values() == 0 || current.values() == 0 {
		return
	}
	least := 0
	if said.Sensitive {
		least = p.Options.Schema.MinShown()
	}
	if reference.Kind == drift.Numerical {
		drawNumbers(c, reference, current, least)
		return
	}
	p.drawCategories(c, reference, current, least)
}

func drawNumbers(c *report.Column, reference, current *Summary, least int) {
	low := math.Min(reference.quantile(0.01), current.quantile(0.01))
	high := math.Max(reference.quantile(0.99), current.quantile(0.99))
	if least > 0 {
		low = math.Min(reference.quantile(0.05), current.quantile(0.05))
		high = math.Max(reference.quantile(0.95), current.quantile(0.95))
	}
	if low == high {
		half := math.Max(0.5, math.Abs(low)*1e-3)
		low, high = low-half, high+half
	}
	if width := high - low; width-width != 0 || width/chartBins == 0 {
		return // wider, or narrower, than a float can cut
	}
	edges := stat.LinearEdges(low, high, chartBins)
	c.Edges = report.Numbers(edges)
	c.Reference.Bins, c.Reference.Other = suppress(reference.histogram(edges), least)
	c.Current.Bins, c.Current.Other = suppress(current.histogram(edges), least)
	c.Reference.Quantiles, c.Current.Quantiles = quantiles(reference, least), quantiles(current, least)
	hideMoments(&c.Reference, least)
	hideMoments(&c.Current, least)
}

// suppress leaves out counts below the least that may be shown.
func suppress(counts []int, least int) (shown []int, other int) {
	for i, count := range counts {
		if count < least {
			other += count
			counts[i] = 0
		}
	}
	return counts, other
}

// quantiles are those of a side; of a sensitive column only those that enough rows
// lie beyond.
func quantiles(s *Summary, least int) []report.Number {
	out := make([]report.Number, len(report.Levels))
	for i, level := range report.Levels {
		out[i] = report.None()
		if beyond := math.Min(level, 1-level) * float64(s.values()); beyond >= float64(least) {
			out[i] = number(s.quantile(level))
		}
	}
	return out
}

func hideMoments(side *report.Side, least int) {
	if side.Values() < least {
		side.Mean, side.Std = report.None(), report.None()
	}
}

// drawCategories shows the categories that most rows are in, on either side.
func (p *Plan) drawCategories(c *report.Column, reference, current *Summary, least int) {
	counts := joinCounts(reference, current)
	n, m := counts.Rows()
	order := make([]int, len(counts.Labels))
	for i := range order {
		order[i] = i
	}
	share := func(i int) float64 {
		return math.Max(float64(counts.Reference[i])/float64(n), float64(counts.Current[i])/float64(m))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(share(b), share(a)) })
	c.Reference.Other, c.Current.Other = n, m
	for _, i := range order {
		r, q := counts.Reference[i], counts.Current[i]
		if len(c.Labels) == chartLabels || r < least && q < least {
			continue
		}
		r, q = atLeast(r, least), atLeast(q, least)
		c.Labels = append(c.Labels, p.shown(counts.Labels[i], c.Sensitive, len(c.Labels)))
		c.Reference.Counts, c.Current.Counts = append(c.Reference.Counts, r), append(c.Current.Counts, q)
		c.Reference.Other -= r
		c.Current.Other -= q
	}
}

func atLeast(count, least int) int {
	if count < least {
		return 0
	}
	return count
}

// shown is a category's name in a report: of a sensitive column its hash, or its
// rank where there is no key.
func (p *Plan) shown(label string, sensitive bool, rank int) string {
	switch {
	case sensitive && len(p.Options.HashKey) == 0:
		return "category " + strconv.Itoa(rank+1)
	case utf8.RuneCountInString(label) > labelLength:
		return string([]rune(label)[:labelLength]) + "…"
	case !utf8.ValidString(label):
		return strconv.QuoteToASCII(label)
	}
	return label
}
