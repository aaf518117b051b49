package profile

import (
	"fmt"
	"strconv"

	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// explain is a column's verdict as a sentence.
func explain(c *report.Column) string {
	size := sizeOf(c)
	switch native.Reason(c.Reason) {
	case native.EffectExceeded:
		return fmt.Sprintf("%s; at least %s beyond what windows of the reference do by chance", size, short(c.Lower))
	case native.StartedToVary:
		return "the reference knows one value, and the window has others: see whether that is meant"
	case native.Constant:
		return "one value, as in the reference"
	case native.WithinMargin:
		return size + ", which windows of the reference do by chance"
	case native.TooFewBlocks:
		return "too few windows of this length in the reference to know what they do by chance: ten are needed"
	case native.TooFewRows:
		return "too few values in the window to tell"
	case native.EmptyReference:
		return "the reference has no usable value: leave the column out, or widen the reference"
	}
	if c.Reason == reasonScore && c.PValue.Exists() {
		return fmt.Sprintf("%s; p = %s is below %s", size, short(c.PValue), short(c.Threshold))
	}
	return size
}

// sizeOf is the effect in words.
func sizeOf(c *report.Column) string {
	if !c.Effect.Exists() {
		return "the size of the difference is not known"
	}
	switch c.EffectUnit {
	case report.ShareOfRows:
		return fmt.Sprintf("%s %% of the rows moved to another value", short(100*c.Effect))
	case report.StandardDeviations:
		return fmt.Sprintf("values moved by %s standard deviations", short(c.Effect))
	case report.AreaAboveHalf:
		return fmt.Sprintf("a classifier tells the two sides apart with an area of %s (0.5 is not at all)", short(0.5+c.Effect))
	}
	return fmt.Sprintf("the distributions differ by %s %%", short(100*c.Effect))
}

func short(n report.Number) string {
	if !n.Exists() {
		return "–"
	}
	return strconv.FormatFloat(float64(n), 'g', 3, 64)
}
