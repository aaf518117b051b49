package reportpage

import (
	"math"
	"slices"
	"strconv"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// shownCategories is the number of categories drawn; the rest is one more bar.
const shownCategories = 8

// categories are the shares of both sides' rows in each category, as bars.
type categories struct {
	Label string
	Rows  []category
	Table table
}

// category is a pair of bars. Widths are out of the drawing's.
type category struct {
	Name                         string
	Reference, Current           int
	ReferenceShare, CurrentShare string
}

// newCategories draws a column's counts; nil where it has none.
func newCategories(c report.Column, w *words) *categories {
	n := len(c.Labels)
	if n == 0 || len(c.Reference.Counts) != n || len(c.Current.Counts) != n {
		return nil
	}
	labels, reference, current := categoryShares(c, w)
	out := &categories{
		Label: w.say("categories.label", c.Name),
		Table: table{
			Name: c.Name,
			Head: []string{w.say("category"), w.say("reference.percent"), w.say("current.percent")},
		},
	}
	largest := 0.0
	for i := range labels {
		largest = max(largest, reference[i], current[i])
	}
	width := scale{0, max(largest, 1e-9)}
	for i, label := range labels {
		out.Rows = append(out.Rows, category{
			Name: label, Reference: width.x(reference[i]), Current: width.x(current[i]),
			ReferenceShare: w.share(reference[i]), CurrentShare: w.share(current[i]),
		})
		out.Table.Rows = append(out.Table.Rows, []cell{
			textCell(label), numberCell(w.percentage(reference[i])), numberCell(w.percentage(current[i]))})
	}
	return out
}

// categoryShares are the first categories and, where there are more, the others
// together.
func categoryShares(c report.Column, w *words) (labels []string, reference, current []float64) {
	all := shares(append(slices.Clone(c.Reference.Counts), c.Reference.Other), 0)
	now := shares(append(slices.Clone(c.Current.Counts), c.Current.Other), 0)
	shown := min(shownCategories, len(c.Labels))
	for i := range shown {
		labels = append(labels, labelName(c.Labels[i], w))
		reference, current = append(reference, all[i]), append(current, now[i])
	}
	restReference, restCurrent := sum(all[shown:]), sum(now[shown:])
	if shown < len(c.Labels) || restReference > 0 || restCurrent > 0 {
		labels = append(labels, w.say("others"))
		reference, current = append(reference, restReference), append(current, restCurrent)
	}
	return labels, reference, current
}

// labelName makes a category visible that is empty or nothing but space.
func labelName(label string, w *words) string {
	if label == "" {
		return w.say("empty.label")
	}
	for _, r := range label {
		if !strconv.IsPrint(r) || r == ' ' {
			continue
		}
		return label
	}
	return strconv.Quote(label)
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return math.Min(1, total)
}
