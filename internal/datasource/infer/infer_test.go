package infer

import (
	"math"
	"strconv"
	"testing"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// What pandas 2.2's read_csv makes of a column of these cells, but for instants.
func TestType(t *testing.T) {
	tests := []struct {
		name  string
		cells []string
		want  table.Type
	}{
		{"nothing", nil, table.Unknown},
		{"whole", []string{"1", "-2", "+3", " 4 "}, table.Integer},
		{"the largest", []string{"18446744073709551615"}, table.Integer},
		{"the smallest", []string{"-9223372036854775808"}, table.Integer},
		{"beyond 64 bits", []string{"18446744073709551616"}, table.Float},
		{"a point", []string{"1", "2.5"}, table.Float},
		{"no digit before the point", []string{".5", "5.", "-.5e3"}, table.Float},
		{"an exponent", []string{"1e3", "1E-3"}, table.Float},
		{"infinite", []string{"inf", "-Infinity", "+INF"}, table.Float},
		{"too large to hold", []string{"1e999"}, table.Float},
		{"true and false", []string{"True", "FALSE", "true"}, table.Boolean},
		{"yes and no", []string{"yes", "no"}, table.String},
		{"true and numbers", []string{"True", "1"}, table.String},
		{"a word among numbers", []string{"1", "2", "x"}, table.String},
		{"a thousand", []string{"1,000"}, table.String},
		{"hexadecimal", []string{"0x10", "0x1p-2"}, table.String},
		{"underscores", []string{"1_000"}, table.String},
		{"a sign alone", []string{"-"}, table.String},
		{"a point alone", []string{"."}, table.String},
		{"dates", []string{"2024-02-29", "2024-03-01"}, table.Timestamp},
		{"instants", []string{"2024-03-01T12:00:00Z", "2024-03-01 12:00:00.5+01:00", "2024-03-01 12:00"}, table.Timestamp},
		{"no such day", []string{"2023-02-29"}, table.String},
		{"a date and a word", []string{"2024-03-01", "soon"}, table.String},
		{"a year is a number", []string{"2024"}, table.Integer},
		{"American dates", []string{"03/01/2024"}, table.String},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var guess Guess
			for _, cell := range test.cells {
				guess.Cell([]byte(cell))
			}
			if got := guess.Type(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	for _, cell := range []string{"", "NaN", "nan", "NULL", "null", "None", "N/A", "n/a", "NA", "<NA>", "#N/A", "-1.#IND"} {
		if !Missing([]byte(cell)) {
			t.Errorf("%q is not missing", cell)
		}
	}
	for _, cell := range []string{"0", " ", "none", "NAN", "na", "-", "?", "missing data"} {
		if Missing([]byte(cell)) {
			t.Errorf("%q is missing", cell)
		}
	}
}

func TestTextIsNoNumber(t *testing.T) {
	var guess Guess
	guess.Text([]byte("1"))
	if got := guess.Type(); got != table.String {
		t.Errorf("a JSON string of digits is %s", got)
	}
	guess = Guess{}
	guess.Number([]byte("1"))
	guess.Boolean()
	if got := guess.Type(); got != table.String {
		t.Errorf("numbers and booleans are %s", got)
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		typ  table.Type
		cell string
		want float64
		ok   bool
	}{
		{table.Integer, "7", 7, true},
		{table.Integer, "7.0", 7, true},
		{table.Integer, "7.5", 0, false},
		{table.Integer, "inf", 0, false},
		{table.Float, "0.1", 0.1, true},
		{table.Float, "-inf", math.Inf(-1), true},
		{table.Float, "1e999", math.Inf(1), true},
		{table.Float, "abc", 0, false},
		{table.Boolean, "TRUE", 1, true},
		{table.Boolean, "1", 0, false},
		{table.Timestamp, "1970-01-02", 86400, true},
		{table.Timestamp, "1970-01-01T01:00:00.25+01:00", 0.25, true},
		{table.Timestamp, "2024-03-01 12:00:00+00", 1709294400, true},
		{table.Timestamp, "yesterday", 0, false},
		{table.String, "x", 0, false},
	}
	for _, test := range tests {
		got, ok := Parse(test.typ, []byte(test.cell))
		if ok != test.ok || ok && got != test.want {
			t.Errorf("%s %q: got %v %v, want %v %v", test.typ, test.cell, got, ok, test.want, test.ok)
		}
	}
}

// A cell of any bytes is of one type, and a number is the one that strconv reads.
func FuzzCell(f *testing.F) {
	for _, seed := range []string{"1", "-0.5", "1e5", "inf", "True", "2024-03-01T12:00:00Z", "", "\xff", "999999999999999.9", "+", "--1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, cell []byte) {
		var guess Guess
		guess.Cell(cell)
		typ := guess.Type()
		if !typ.Valid() {
			t.Fatalf("%q is of type %q", cell, typ)
		}
		if typ == table.String {
			return
		}
		got, ok := Parse(typ, cell)
		if !ok {
			t.Fatalf("%q is guessed as %s and is none", cell, typ)
		}
		if typ == table.Integer || typ == table.Float {
			want, _ := strconv.ParseFloat(string(trim(cell)), 64)
			if got != want {
				t.Fatalf("%q is %v, strconv says %v", cell, got, want)
			}
		}
	})
}

func BenchmarkParseFloat(b *testing.B) {
	cell := []byte("0.05644299999999999")
	b.ReportAllocs()
	for b.Loop() {
		Parse(table.Float, cell)
	}
}
