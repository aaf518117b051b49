package jsonrows

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/spill"
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/datasource/table/tabletest"
)

// read makes a table of a text.
func read(t *testing.T, text string, options reading.Options, grown bool, columns ...string) (table.Table, error) {
	t.Helper()
	rows := spill.NewRows(options, nil)
	t.Cleanup(func() { _ = rows.Close() })
	reader := NewReader(columns, options, options.NewMeter(0), rows)
	if err := reader.File(iotest.HalfReader(strings.NewReader(text)), "f", func() bool { return grown }); err != nil {
		return nil, err
	}
	if err := reader.Finish("f"); err != nil {
		return nil, err
	}
	return rows.Table()
}

func TestRows(t *testing.T) {
	nan := math.NaN()
	want := []table.Column{
		{Field: table.Field{Name: "a", Type: table.Integer}, Numbers: []float64{1, nan, 3}, Missing: 1},
		{Field: table.Field{Name: "b.c", Type: table.Float}, Numbers: []float64{1.5, nan, 2e3}, Missing: 1},
		{Field: table.Field{Name: "s", Type: table.String}, Labels: []string{"x", "é\n", ""}, Codes: []int32{0, 1, 2}},
		{Field: table.Field{Name: "f", Type: table.Boolean}, Numbers: []float64{1, 0, nan}, Missing: 1},
		{Field: table.Field{Name: "m", Type: table.String}, Labels: []string{"1", "one", "true"}, Codes: []int32{0, 1, 2}},
		{Field: table.Field{Name: "t", Type: table.Timestamp}, Numbers: []float64{nan, 86400, nan}, Missing: 2},
	}
	lines := []string{
		`{"a":1,"b":{"c":1.5},"s":"x","f":true,"m":1}`,
		`{"a":null,"s":"\u00e9\n","f":false,"m":"one","t":"1970-01-02","l":[1,[2]],"o":{}}`,
		`{"a":3,"b":{"c":2e3},"s":"","m":true}`,
	}
	for name, text := range map[string]string{
		"lines":       strings.Join(lines, "\n") + "\n",
		"no line end": strings.Join(lines, " "),
		"an array":    "[" + strings.Join(lines, ",\n") + "]\n",
	} {
		t.Run(name, func(t *testing.T) {
			var warnings []string
			opened, err := read(t, text, reading.Options{Warn: func(w string) { warnings = append(warnings, w) }}, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, tabletest.Columns(t, opened), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0], `column "l" is left out`) {
				t.Errorf("warnings: %q", warnings)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 5) + "1" + strings.Repeat("}", 5)
	tests := []struct {
		name, text string
		options    reading.Options
		columns    []string
		want       string
	}{
		{"not JSON", "{\"a\":1}\n{\"a\":secret}", reading.Options{}, nil, `f, row 2, column "a": this is not JSON (at byte 13)`},
		{"cut off", "{\"a\":1}\n{\"a\":", reading.Options{}, nil, "f, row 2, column \"a\": the data ends in the middle of a row"},
		{"no objects", "1\n2\n", reading.Options{}, nil, "f, row 1: a row must be an object and is number"},
		{"two arrays", "[{}][{}]", reading.Options{}, nil, "more follows after the array"},
		{"too deep", deep, reading.Options{Limits: reading.Limits{Depth: 4}}, nil, "nested more than 4 deep"},
		{"too long", `{"a":"` + strings.Repeat("x", 100) + `"}`, reading.Options{Limits: reading.Limits{Cell: 50}}, nil, "longer than 50 bytes"},
		{"endless", `{"a":"` + strings.Repeat("x", 4<<20), reading.Options{Limits: reading.Limits{Cell: 50}}, nil, "row 1"},
		{"too many rows", "{}{}{}", reading.Options{Limits: reading.Limits{Rows: 2}}, nil, "more than 2 rows"},
		{"too many columns", `{"a":1,"b":2,"c":3}`, reading.Options{Limits: reading.Limits{Columns: 2}}, nil, "more than 2 columns"},
		{"no such column", `{"a":1}`, reading.Options{}, []string{"b"}, `f has no column "b": it has a`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := read(t, test.text, test.options, false, test.columns...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

// A file that is being written to ends in a part of a row, which is not there yet.
func TestGrown(t *testing.T) {
	opened, err := read(t, "{\"a\":1}\n{\"a\":2,\"b\"", reading.Options{}, true)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Rows() != 1 {
		t.Errorf("%d rows, want the one that is complete", opened.Rows())
	}
}

func TestRecord(t *testing.T) {
	var options reading.Options
	rows := spill.NewRows(options, nil)
	defer func() { _ = rows.Close() }()
	rows.File("topic")
	reader := NewReader(nil, options, options.NewMeter(0), rows)
	for i, message := range []string{`{"a":1}`, `{"a":`, `[1]`, `{"a":2} x`, `{"a":3}`} {
		err := reader.Record([]byte(message), "topic", int64(i)+1)
		var cell *table.CellError
		if bad := i > 0 && i < 4; bad != errors.As(err, &cell) {
			t.Errorf("%s: %v", message, err)
		}
	}
	if err := rows.EndFile(); err != nil {
		t.Fatal(err)
	}
	opened, err := rows.Table()
	if err != nil {
		t.Fatal(err)
	}
	if got := tabletest.Columns(t, opened)[0].Numbers; !cmp.Equal(got, []float64{1, 3}) {
		t.Errorf("got %v", got)
	}
}

// Whatever the bytes, reading ends, and rows that encoding/json reads are read too.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `[{"a":"x"},{"a":null}]`, `{"a":{"b":[1,{}]}}{`, `{"a":1e999}`, "{\"a\":\"\xff\"}", `{"a":1,"a":2}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		options := reading.Options{Limits: reading.Limits{Columns: 100, Cell: 1 << 10}}
		opened, err := read(t, text, options, false)
		var rows []map[string]json.RawMessage
		if err != nil {
			return
		}
		if json.Unmarshal([]byte(text), &rows) == nil && len(rows) != opened.Rows() {
			t.Fatalf("%d rows, encoding/json reads %d", opened.Rows(), len(rows))
		}
		for _, column := range tabletest.Columns(t, opened) {
			if column.Rows() != opened.Rows() {
				t.Fatalf("column %q has %d rows of %d", column.Name, column.Rows(), opened.Rows())
			}
		}
	})
}
