package suites

import (
	"cmp"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// expectation is one of a suite, of either generation of the format.
type expectation struct {
	name   string
	column string
	kwargs object
}

func readGreatExpectations(b *builder, document any) error {
	o := asObject(document)
	list, ok := o["expectations"].([]any)
	if !ok {
		return &Error{GreatExpectations, "it has no list of expectations", "save the suite: json.dump(suite.to_json_dict(), file)"}
	}
	for _, v := range list {
		raw := asObject(v)
		e := expectation{name: cmp.Or(raw.text("type"), raw.text("expectation_type")), kwargs: raw.object("kwargs")}
		e.column = e.kwargs.text("column")
		if e.name == "" {
			return &Error{GreatExpectations, "an expectation has neither type nor expectation_type", "save the suite with Great Expectations itself"}
		}
		b.expect(e)
		if severity := raw.text("severity"); severity != "" && severity != "critical" {
			b.leave(e.name, e.where(), "severity "+severity+": what the profiler checks, it fails on")
		}
	}
	return nil
}

// where is what an expectation is about.
func (e expectation) where() string {
	return cmp.Or(e.column, strings.Join(append(e.kwargs.names("column_list"), e.kwargs.names("column_set")...), ", "))
}

// expect takes an expectation over, or says why not.
func (b *builder) expect(e expectation) {
	read, known := expectations[e.name]
	switch {
	case !known:
		b.leave(e.name, e.where(), "the profiler has no such expectation")
	case e.kwargs.set("row_condition") || e.kwargs.set("condition_parser") && e.kwargs.set("condition"):
		b.leave(e.name, e.where(), "it is about some of the rows only: cut them out of the data")
	case strings.HasPrefix(e.name, "expect_column_") && e.column == "":
		b.leave(e.name, "", "it names no column")
	default:
		if why := read(b, e); why != "" {
			b.leave(e.name, e.where(), why)
		}
	}
}

// mostly is the share of rows that an expectation must hold for.
func (e expectation) mostly() float64 {
	if mostly, ok := e.kwargs.number("mostly"); ok && mostly >= 0 && mostly <= 1 {
		return mostly
	}
	return 1
}

var expectations = map[string]func(*builder, expectation) (why string){
	"expect_column_to_exist":                                    expectColumn,
	"expect_column_values_to_not_be_null":                       expectPresent,
	"expect_column_proportion_of_non_null_values_to_be_between": expectProportion,
	"expect_column_values_to_be_between":                        expectBetween,
	"expect_column_min_to_be_between":                           expectMin,
	"expect_column_max_to_be_between":                           expectMax,
	"expect_column_values_to_be_in_set":                         expectSet,
	"expect_column_distinct_values_to_be_in_set":                expectSet,
	"expect_column_values_to_be_of_type":                        expectType,
	"expect_column_type_to_be":                                  expectType,
	"expect_column_values_to_be_in_type_list":                   expectType,
	"expect_column_values_to_be_unique":                         expectUnique,
	"expect_compound_columns_to_be_unique":                      expectUnique,
	"expect_table_row_count_to_be_between":                      expectRows,
	"expect_table_row_count_to_equal":                           expectRows,
	"expect_table_columns_to_match_set":                         expectColumns,
	"expect_table_columns_to_match_ordered_list":                expectColumns,
	"expect_column_kl_divergence_to_be_less_than":               expectDivergence,
}

func expectColumn(b *builder, e expectation) string {
	b.column(e.column)
	if e.kwargs.set("column_index") {
		return "column_index: the profiler finds columns by name"
	}
	return ""
}

func expectPresent(b *builder, e expectation) string {
	atMost(&b.column(e.column).Expect.MaxMissing, share(e.mostly()))
	return ""
}

func expectProportion(b *builder, e expectation) string {
	least, ok := e.kwargs.number("min_value")
	if ok && least >= 0 && least <= 1 {
		atMost(&b.column(e.column).Expect.MaxMissing, share(least))
	}
	if e.kwargs.set("max_value") || !ok {
		return "max_value: only the share of missing values is bounded"
	}
	return ""
}

func expectBetween(b *builder, e expectation) string {
	least, low := e.kwargs.number("min_value")
	most, high := e.kwargs.number("max_value")
	if e.kwargs.set("min_value") && !low || e.kwargs.set("max_value") && !high {
		return "the bounds are no numbers"
	}
	if low && high && least > most {
		return "min_value is above max_value"
	}
	c := b.column(e.column)
	if low {
		atLeast(&c.Expect.Min, least)
	}
	if high {
		atMost(&c.Expect.Max, most)
	}
	if low || high {
		atMost(&c.Expect.MaxOutOfRange, share(e.mostly()))
	}
	return strict(e, "strict_min", "strict_max")
}

func strict(e expectation, fields ...string) string {
	for _, field := range fields {
		if e.kwargs.set(field) {
			return field + ": " + whyStrict + ", the bound itself is allowed"
		}
	}
	return ""
}

func expectMin(b *builder, e expectation) string {
	if least, ok := e.kwargs.number("min_value"); ok {
		atLeast(&b.column(e.column).Expect.Min, least)
	}
	if e.kwargs.set("max_value") {
		return "max_value: the profiler asks no value to be small"
	}
	return strict(e, "strict_min")
}

func expectMax(b *builder, e expectation) string {
	if most, ok := e.kwargs.number("max_value"); ok {
		atMost(&b.column(e.column).Expect.Max, most)
	}
	if e.kwargs.set("min_value") {
		return "min_value: the profiler asks no value to be large"
	}
	return strict(e, "strict_max")
}

func expectSet(b *builder, e expectation) string {
	values, ok := e.kwargs.categories("value_set")
	if !ok {
		return "value_set is no list of text or numbers"
	}
	b.oneOf(e.column, values)
	atMost(&b.column(e.column).Expect.MaxUnseen, share(e.mostly()))
	return ""
}

// typeNames lead from the names that pandas, Spark and databases give a type to
// the profiler's; the first that a name begins with counts.
var typeNames = []struct {
	prefix string
	stored table.Type
}{
	{"int", table.Integer}, {"uint", table.Integer}, {"bigint", table.Integer}, {"smallint", table.Integer}, {"tinyint", table.Integer}, {"long", table.Integer},
	{"float", table.Float}, {"double", table.Float}, {"real", table.Float}, {"decimal", table.Float}, {"numeric", table.Float}, {"number", table.Float},
	{"bool", table.Boolean},
	{"str", table.String}, {"object", table.String}, {"varchar", table.String}, {"char", table.String}, {"text", table.String}, {"category", table.String},
	{"datetime", table.Timestamp}, {"timestamp", table.Timestamp}, {"date", table.Timestamp},
}

func storedType(name string) (table.Type, bool) {
	for _, t := range typeNames {
		if strings.HasPrefix(strings.ToLower(name), t.prefix) {
			return t.stored, true
		}
	}
	return "", false
}

func expectType(b *builder, e expectation) string {
	names := e.kwargs.names("type_list")
	if name := cmp.Or(e.kwargs.text("type_"), e.kwargs.text("column_type")); name != "" {
		names = append(names, name)
	}
	var found []table.Type
	for _, name := range names {
		stored, ok := storedType(name)
		if !ok {
			return "type " + name + " has no counterpart"
		}
		if !slices.Contains(found, stored) {
			found = append(found, stored)
		}
	}
	if len(found) != 1 {
		return "a column has one type"
	}
	b.column(e.column).Expect.Type = found[0]
	return ""
}

func expectUnique(b *builder, e expectation) string {
	columns := e.kwargs.names("column_list")
	if e.column != "" {
		columns = []string{e.column}
	}
	if len(columns) == 0 {
		return "it names no column"
	}
	b.key(e.name, columns, share(e.mostly()))
	return ""
}

func expectRows(b *builder, e expectation) string {
	if n, ok := e.kwargs.number("value"); ok {
		b.rowsAtLeast(n)
		b.rowsAtMost(n)
	}
	if n, ok := e.kwargs.number("min_value"); ok {
		b.rowsAtLeast(n)
	}
	if n, ok := e.kwargs.number("max_value"); ok {
		b.rowsAtMost(n)
	}
	return strict(e, "strict_min", "strict_max")
}

func expectColumns(b *builder, e expectation) string {
	names := append(e.kwargs.names("column_set"), e.kwargs.names("column_list")...)
	for _, name := range names {
		if name == "" {
			return "a column has no name"
		}
		b.column(name)
	}
	ordered := strings.HasSuffix(e.name, "ordered_list")
	exact, given := e.kwargs["exact_match"].(bool)
	if ordered || !given || exact {
		b.schema.Closed = true
	}
	if ordered {
		return "the order of columns is not checked, that they are all there is"
	}
	return ""
}

func expectDivergence(b *builder, e expectation) string {
	threshold, ok := e.kwargs.number("threshold")
	if !ok {
		return "it has no threshold"
	}
	c := b.column(e.column)
	c.Method, c.Threshold = "kl_div", &threshold
	return "partition_object: the reference data takes its place, with --compat evidently"
}
