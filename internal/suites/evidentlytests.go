package suites

import (
	"strings"
)

// condition is one of Evidently's tests of a metric, as a comparison.
type condition struct {
	name   string // its class
	sign   string // <=, <, >=, >, = or empty for any other
	value  float64
	exists bool
}

var signs = map[string]string{
	"LessOrEqualMetricTest": "<=", "LessThanMetricTest": "<", "GreaterOrEqualMetricTest": ">=", "GreaterThanMetricTest": ">", "EqualMetricTest": "=",
}

// conditions are the tests under a field.
func conditions(o object, field string) []condition {
	var out []condition
	for _, v := range o.list(field) {
		t := asObject(v)
		kind := t.text("type")
		c := condition{name: kind[strings.LastIndex(kind, ":")+1:]}
		c.sign = signs[c.name]
		if c.value, c.exists = t.number("threshold"); !c.exists {
			c.value, c.exists = t.number("expected")
		}
		if !c.exists {
			c.sign = ""
		}
		out = append(out, c)
	}
	return out
}

// none says that a condition allows nothing but zero, of counts or of shares.
func (c condition) none() bool {
	return (c.sign == "=" || c.sign == "<=") && c.value == 0
}

const (
	whyCount  = "a number of rows depends on the length of the window: give the share"
	whyStrict = "the profiler's bounds are inclusive"
	whyTest   = "the profiler has no such test"
	whyReport = "it only reports and tests nothing: the profiler's report has it"
	whyShare  = "a share is between 0 and 1"
)

// upperShare passes on each share that a metric's tests allow at most.
func upperShare(b *builder, name string, o object, limit func(share float64)) {
	where := o.text("column")
	shares, counts := conditions(o, "share_tests"), conditions(o, "tests")
	for _, c := range shares {
		switch {
		case c.sign == "" || c.sign == ">" || c.sign == ">=" || c.sign == "=" && c.value != 0:
			b.leave(name, where+" "+c.name, whyTest)
		case c.value < 0 || c.value > 1:
			b.leave(name, where+" "+c.name, whyShare)
		case c.sign == "<":
			b.leave(name, where+" "+c.name, whyStrict+": taken as at most")
			limit(c.value)
		default:
			limit(c.value)
		}
	}
	for _, c := range counts {
		if c.none() {
			limit(0)
			continue
		}
		b.leave(name, where+" "+c.name, whyCount)
	}
	if len(shares)+len(counts) == 0 {
		b.leave(name, where, whyReport)
	}
}

// lowerShare is upperShare for metrics that count what is right.
func lowerShare(b *builder, name string, o object, limit func(share float64)) {
	where := o.text("column")
	shares := conditions(o, "share_tests")
	for _, c := range shares {
		switch {
		case c.value < 0 || c.value > 1:
			b.leave(name, where+" "+c.name, whyShare)
		case c.sign == ">=" || c.sign == "=" && c.value == 1:
			limit(share(c.value))
		case c.sign == ">":
			b.leave(name, where+" "+c.name, whyStrict+": taken as at least")
			limit(share(c.value))
		default:
			b.leave(name, where+" "+c.name, whyTest)
		}
	}
	for _, c := range conditions(o, "tests") {
		b.leave(name, where+" "+c.name, whyCount)
	}
	if len(shares) == 0 {
		b.leave(name, where, whyReport)
	}
}

func readMissing(b *builder, name string, o object) {
	c := b.column(o.text("column"))
	upperShare(b, name, o, func(limit float64) { atMost(&c.Expect.MaxMissing, limit) })
}

func readDuplicates(b *builder, name string, o object) {
	upperShare(b, name, o, func(limit float64) { atMost(&b.schema.Rows.MaxDuplicates, limit) })
}

func readRowCount(b *builder, name string, o object) {
	tests := conditions(o, "tests")
	for _, c := range tests {
		switch c.sign {
		case ">=":
			b.rowsAtLeast(c.value)
		case ">":
			b.rowsAtLeast(c.value + 1)
		case "<=":
			b.rowsAtMost(c.value)
		case "<":
			b.rowsAtMost(c.value - 1)
		case "=":
			b.rowsAtLeast(c.value)
			b.rowsAtMost(c.value)
		default:
			b.leave(name, c.name, whyTest)
		}
	}
	if len(tests) == 0 {
		b.leave(name, "", whyReport)
	}
}

// readExtreme takes over what the smallest value is at least and the largest at
// most; other bounds of an extreme have no counterpart.
func readExtreme(b *builder, name string, o object) {
	column := b.column(o.text("column"))
	tests := conditions(o, "tests")
	for _, c := range tests {
		switch {
		case name == "MinValue" && (c.sign == ">=" || c.sign == ">"):
			atLeast(&column.Expect.Min, c.value)
		case name == "MaxValue" && (c.sign == "<=" || c.sign == "<"):
			atMost(&column.Expect.Max, c.value)
		default:
			b.leave(name, column.Name+" "+c.name, whyTest)
			continue
		}
		if len(c.sign) == 1 {
			b.leave(name, column.Name+" "+c.name, whyStrict+": the bound itself is allowed")
		}
	}
	if len(tests) == 0 {
		b.leave(name, column.Name, whyReport)
	}
}

func readRange(b *builder, name string, o object) {
	column := b.column(o.text("column"))
	left, low := o.number("left")
	right, high := o.number("right")
	if !low || !high {
		b.leave(name, column.Name, "the bounds are no numbers")
		return
	}
	limit := func(limit float64) {
		atLeast(&column.Expect.Min, left)
		atMost(&column.Expect.Max, right)
		atMost(&column.Expect.MaxOutOfRange, limit)
	}
	if name == "InRangeValueCount" {
		lowerShare(b, name, o, limit)
		return
	}
	upperShare(b, name, o, limit)
}

func readValues(b *builder, name string, o object) {
	column := o.text("column")
	values, ok := o.categories("values")
	if !ok {
		b.leave(name, column, "the values are no list of text or numbers")
		return
	}
	limit := func(limit float64) {
		b.oneOf(column, values)
		atMost(&b.column(column).Expect.MaxUnseen, limit)
	}
	b.column(column)
	if name == "OutListValueCount" {
		upperShare(b, name, o, limit)
		return
	}
	lowerShare(b, name, o, limit)
}
