package profile

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// values is one column of one side in the order of its rows, as the kind that it
// is compared as.
type values struct {
	field table.Field
	kind  drift.Kind
	// rows were read; missing, typeErrors and infinite of them have no usable value.
	rows, missing, typeErrors, infinite int
	// numbers are those of a numerical column, NaN where there is none. Infinite
	// ones stay, because one peer refuses them.
	numbers []float64
	// codes and labels are those of any other kind. Labels of a column that is
	// stored as numbers are in their order (numeric is set), else by code point.
	codes   []int32
	labels  []string
	numeric bool
	// hashed says that labels are table.Hash of themselves.
	hashed bool
}

// shape turns a column as it was read into a kind. It takes the column over.
func shape(c table.Column, kind drift.Kind) values {
	v := values{field: c.Field, kind: kind, rows: c.Rows(), missing: c.Missing - c.TypeErrors, typeErrors: c.TypeErrors}
	text := c.Codes != nil || c.Type == table.String
	switch {
	case kind == drift.Numerical && text:
		v.parse(c)
	case kind == drift.Numerical:
		v.numbers = c.Numbers
		v.countInfinite()
	case text:
		v.codes, v.labels, v.hashed = c.Codes, c.Labels, c.Hashed
		v.sortLabels(strings.Compare)
	default:
		v.name(c)
	}
	return v
}

// parse reads numbers out of text, each distinct text once.
func (v *values) parse(c table.Column) {
	parsed := make([]float64, len(c.Labels))
	for i, label := range c.Labels {
		number, err := strconv.ParseFloat(strings.TrimSpace(label), 64)
		if err != nil {
			number = math.NaN()
		}
		parsed[i] = number
	}
	v.numbers = make([]float64, len(c.Codes))
	for i, code := range c.Codes {
		v.numbers[i] = math.NaN()
		if code != table.Absent {
			if v.numbers[i] = parsed[code]; math.IsNaN(v.numbers[i]) {
				v.typeErrors++
			}
		}
	}
	v.countInfinite()
}

func (v *values) countInfinite() {
	for _, n := range v.numbers {
		if math.IsInf(n, 0) {
			v.infinite++
		}
	}
}

// name makes categories of numbers.
func (v *values) name(c table.Column) {
	v.numeric = true
	v.codes = make([]int32, len(c.Numbers))
	index := map[float64]int32{}
	var distinct []float64
	for i, n := range c.Numbers {
		v.codes[i] = table.Absent
		if math.IsInf(n, 0) {
			v.infinite++
		}
		if n-n != 0 {
			continue
		}
		code, known := index[n]
		if !known {
			code = int32(len(distinct))
			index[n] = code
			distinct = append(distinct, n)
		}
		v.codes[i] = code
	}
	v.labels = make([]string, len(distinct))
	for i, n := range distinct {
		v.labels[i] = label(n, c.Type)
	}
	v.sortLabels(compareNumbers)
}

func label(n float64, stored table.Type) string {
	if stored == table.Boolean {
		return strconv.FormatBool(n != 0)
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}

// compareNumbers orders labels that were numbers; true comes after false as by
// code point.
func compareNumbers(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX != nil || errY != nil:
		return strings.Compare(a, b)
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// sortLabels orders the labels that occur, and drops the others.
func (v *values) sortLabels(compare func(a, b string) int) {
	counts := v.counts()
	order := make([]int32, 0, len(v.labels))
	for code := range v.labels {
		if counts[code] > 0 {
			order = append(order, int32(code))
		}
	}
	slices.SortFunc(order, func(a, b int32) int { return compare(v.labels[a], v.labels[b]) })
	position, labels := make([]int32, len(v.labels)), make([]string, len(order))
	for i, code := range order {
		position[code], labels[i] = int32(i), v.labels[code]
	}
	codes := make([]int32, len(v.codes))
	for i, code := range v.codes {
		codes[i] = table.Absent
		if code != table.Absent {
			codes[i] = position[code]
		}
	}
	v.codes, v.labels = codes, labels
}

// counts are how often each label occurs.
func (v *values) counts() []int {
	counts := make([]int, len(v.labels))
	for _, code := range v.codes {
		if code != table.Absent {
			counts[code]++
		}
	}
	return counts
}

// tally is counts by label, of some of the rows.
func (v *values) tally(from, to int) map[string]int {
	counts := make([]int, len(v.labels))
	for _, code := range v.codes[from:to] {
		if code != table.Absent {
			counts[code]++
		}
	}
	out := map[string]int{}
	for code, count := range counts {
		if count > 0 {
			out[v.labels[code]] = count
		}
	}
	return out
}

// hidden is the column with its categories renamed, where there is a name.
func (v values) hidden(relabel func(string) string) values {
	if relabel != nil && v.kind == drift.Categorical {
		v.relabel(relabel)
	}
	return v
}

// relabel renames labels, and joins those that get one name.
func (v *values) relabel(name func(string) string) {
	index := map[string]int32{}
	var labels []string
	code := make([]int32, len(v.labels))
	for i, old := range v.labels {
		renamed := name(old)
		at, known := index[renamed]
		if !known {
			at = int32(len(labels))
			index[renamed] = at
			labels = append(labels, renamed)
		}
		code[i] = at
	}
	for i, c := range v.codes {
		if c != table.Absent {
			v.codes[i] = code[c]
		}
	}
	v.labels, v.numeric = labels, false
	v.sortLabels(strings.Compare)
}

// finite is a sorted copy of the usable numbers of some of the rows.
func (v *values) finite(from, to int, sorter *stat.Sorter) stat.Sorted {
	kept := make([]float64, 0, to-from)
	for _, n := range v.numbers[from:to] {
		if n-n == 0 {
			kept = append(kept, n)
		}
	}
	return sorter.Sort(kept)
}
