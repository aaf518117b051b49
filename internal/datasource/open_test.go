package datasource_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/table/tabletest"
)

var nan = math.NaN()

// write puts a file into the test's folder and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens a spec for the length of the test.
func open(t *testing.T, spec datasource.Spec, options datasource.Options) datasource.Table {
	t.Helper()
	opened, err := datasource.Open(t.Context(), spec, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

func number(name string, typ datasource.Type, missing int, values ...float64) datasource.Column {
	return datasource.Column{Field: datasource.Field{Name: name, Type: typ}, Numbers: values, Missing: missing}
}

func text(name string, missing int, labels []string, codes ...int32) datasource.Column {
	return datasource.Column{
		Field: datasource.Field{Name: name, Type: datasource.String},
		Codes: codes, Labels: labels, Missing: missing,
	}
}

func diff(want, got []datasource.Column) string {
	return cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty())
}

const mixed = `whole,real,flag,at,who,gap
1,1.5,True,2024-03-01,ada,
2,NaN,False,2024-03-01T12:00:00Z,"b,""ob""",
,3,true,,ada,NA
`

func mixedColumns() []datasource.Column {
	return []datasource.Column{
		number("whole", datasource.Integer, 1, 1, 2, nan),
		number("real", datasource.Float, 1, 1.5, nan, 3),
		number("flag", datasource.Boolean, 0, 1, 0, 1),
		number("at", datasource.Timestamp, 1, 1709251200, 1709294400, nan),
		text("who", 0, []string{"ada", `b,"ob"`}, 0, 1, 0),
		number("gap", datasource.Float, 3, nan, nan, nan),
	}
}

func TestOpenCSV(t *testing.T) {
	t.Parallel()
	opened := open(t, datasource.Spec{URL: write(t, "a.csv", mixed)}, datasource.Options{})
	if diff := diff(mixedColumns(), tabletest.Columns(t, opened)); diff != "" {
		t.Error(diff)
	}
}

type parquetRow struct {
	Whole int64    `parquet:"whole"`
	Real  *float64 `parquet:"real,optional"`
	Flag  bool     `parquet:"flag"`
	Who   *string  `parquet:"who,optional,dict"`
	Plain string   `parquet:"plain"`
	List  []int32  `parquet:"list"`
	In    struct {
		Side int32 `parquet:"side"`
	} `parquet:"in"`
}

func writeParquet(t *testing.T, name string, rows []parquetRow) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(2)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenParquet(t *testing.T) {
	t.Parallel()
	one, ada, bob := 1.5, "ada", "bob"
	rows := []parquetRow{
		{Whole: 1, Real: &one, Flag: true, Who: &ada, Plain: "x", List: []int32{1, 2}},
		{Whole: 2, Who: &bob, Plain: "y"},
		{Whole: 3, Real: &nan, Flag: true, Plain: "x"},
		{Whole: 4, Real: &one, Who: &bob, Plain: ""},
	}
	rows[3].In.Side = 7
	opened := open(t, datasource.Spec{URL: writeParquet(t, "a.parquet", rows)}, datasource.Options{})
	want := []datasource.Column{
		number("whole", datasource.Integer, 0, 1, 2, 3, 4),
		number("real", datasource.Float, 2, 1.5, nan, nan, 1.5),
		number("flag", datasource.Boolean, 0, 1, 0, 1, 0),
		text("who", 1, []string{"ada", "bob"}, 0, 1, -1, 1),
		text("plain", 0, []string{"x", "y", ""}, 0, 1, 0, 2),
		number("in.side", datasource.Integer, 0, 0, 0, 0, 7),
	}
	if diff := diff(want, tabletest.Columns(t, opened)); diff != "" {
		t.Error(diff)
	}
}
