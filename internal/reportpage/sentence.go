package reportpage

import (
	"math"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// sentence says in words what happened to a column.
func sentence(c report.Column, w *words) string {
	switch c.State {
	case report.ColumnSkipped:
		return reason(c, w, "skipped.sentence")
	case report.ColumnUnknown:
		return reason(c, w, "unknown.sentence")
	case report.ColumnStable:
		return join(reason(c, w, "stable.sentence"), gap(c, w))
	}
	if c.Reason == "StartedToVary" {
		return join(w.say("reason.StartedToVary"), gap(c, w))
	}
	return join(movement(c, w), effect(c, w), gap(c, w))
}

func join(sentences ...string) string {
	var said []string
	for _, s := range sentences {
		if s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, " ")
}

// reason is the text for the reason that the rule gave, or a general one.
func reason(c report.Column, w *words, otherwise string) string {
	if key := "reason." + c.Reason; w.has(key) {
		return w.say(key)
	}
	return w.say(otherwise)
}

// movement says where the values went.
func movement(c report.Column, w *words) string {
	if numbers := c.Type == drift.Numerical; numbers && len(c.Labels) == 0 {
		return numericMovement(c, w)
	}
	return categoryMovement(c, w)
}

// The smallest shift of the median, in standard deviations, and ratio of spreads
// that are worth a word.
const (
	tellingShift  = 0.1
	tellingSpread = 1.25
)

func numericMovement(c report.Column, w *words) string {
	before, after := median(c.Reference), median(c.Current)
	shift := float64((after - before) / c.Reference.Std)
	from, to := w.distinct(before, after)
	switch {
	case math.IsNaN(shift):
		return ""
	case shift >= tellingShift:
		return w.say("median.rose", from, to)
	case shift <= -tellingShift:
		return w.say("median.fell", from, to)
	}
	spread := float64(c.Current.Std / c.Reference.Std)
	switch {
	case math.IsNaN(spread) || math.IsInf(spread, 0):
		return ""
	case spread > tellingSpread:
		return w.say("spread.rose", w.digits(spread, 2))
	case spread < 1/tellingSpread:
		return w.say("spread.fell", w.digits(spread, 2))
	}
	return w.say("shape.changed")
}

// distinct writes two numbers with as many digits as tell them apart.
func (w *words) distinct(a, b report.Number) (first, second string) {
	for digits := 3; digits < 12; digits++ {
		first, second = w.digits(float64(a), digits), w.digits(float64(b), digits)
		if first != second || a == b {
			break
		}
	}
	return first, second
}

func median(s report.Side) report.Number {
	if len(s.Quantiles) != len(report.Levels) {
		return report.None()
	}
	return s.Quantiles[3]
}

// categoryMovement names the category whose share changed most.
func categoryMovement(c report.Column, w *words) string {
	n := len(c.Labels)
	if n == 0 || len(c.Reference.Counts) != n || len(c.Current.Counts) != n {
		return ""
	}
	labels, before, after := categoryShares(c, w)
	most := 0
	for i := range min(n, shownCategories) {
		if math.Abs(after[i]-before[i]) > math.Abs(after[most]-before[most]) {
			most = i
		}
	}
	key := "category.fell"
	switch {
	case before[most] == 0:
		key = "category.new"
	case after[most] == 0:
		key = "category.gone"
	case after[most] > before[most]:
		key = "category.rose"
	}
	return w.say(key, labels[most], w.share(before[most]), w.share(after[most]))
}

// effect says how large the difference is, in the words of its unit.
func effect(c report.Column, w *words) string {
	if !c.Effect.Exists() {
		return ""
	}
	switch c.EffectUnit {
	case report.StandardDeviations:
		return w.say("effect.deviations", w.number(c.Effect))
	case report.ShareOfRows:
		if c.Type == drift.Numerical {
			return w.say("effect.rows.numbers", w.share(float64(c.Effect)))
		}
		return w.say("effect.rows", w.share(float64(c.Effect)))
	case report.ShareOfRange:
		return w.say("effect.range", w.share(float64(c.Effect)))
	case report.AreaAboveHalf:
		return w.say("effect.area", w.share(min(1, float64(c.Effect)+0.5)))
	}
	return ""
}

// tellingGap is the change of the share of missing values worth a word.
const tellingGap = 0.01

func gap(c report.Column, w *words) string {
	if c.Reference.Rows == 0 || c.Current.Rows == 0 {
		return ""
	}
	before := float64(c.Reference.Missing) / float64(c.Reference.Rows)
	after := float64(c.Current.Missing) / float64(c.Current.Rows)
	if math.Abs(after-before) < tellingGap {
		return ""
	}
	return w.say("missing.changed", w.share(before), w.share(after))
}

// effectShort is the effect with its unit, for a list.
func effectShort(c report.Column, w *words) string {
	if !c.Effect.Exists() {
		return absent
	}
	switch c.EffectUnit {
	case report.StandardDeviations:
		return w.say("effect.deviations.short", w.number(c.Effect))
	case report.ShareOfRows:
		return w.say("effect.rows.short", w.share(float64(c.Effect)))
	case report.AreaAboveHalf:
		return w.say("effect.area.short", w.number(c.Effect+0.5))
	}
	return w.number(c.Effect)
}
