package parquetfile

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"github.com/trainyard/trainyard/internal/datasource/place"
	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/datasource/table/tabletest"
)

// write makes a file of rows and returns its path.
func write[T any](t testing.TB, rows []T, options ...parquet.WriterOption) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.parquet")
	if err := parquet.WriteFile(path, rows, options...); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens files as one table.
func open(t testing.TB, options reading.Options, columns []string, paths ...string) (table.Table, error) {
	t.Helper()
	var objects []place.Object
	for _, path := range paths {
		found, err := place.Local(path, 10)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, found...)
	}
	opened, err := Open(context.Background(), objects, columns, options)
	if err == nil {
		t.Cleanup(func() { _ = opened.Close() })
	}
	return opened, err
}

type everything struct {
	Bool   bool             `parquet:"bool"`
	I32    int32            `parquet:"i32"`
	U32    uint32           `parquet:"u32"`
	U64    uint64           `parquet:"u64"`
	F32    float32          `parquet:"f32"`
	Dict   float64          `parquet:"dict,dict"`
	Date   int32            `parquet:"date,date"`
	Millis time.Time        `parquet:"millis,timestamp(millisecond)"`
	Micros *time.Time       `parquet:"micros,optional,timestamp(microsecond)"`
	Nanos  int64            `parquet:"nanos,timestamp(nanosecond)"`
	Of     time.Duration    `parquet:"of,time(microsecond)"`
	Old    deprecated.Int96 `parquet:"old"`
	Money  int64            `parquet:"money,decimal(2:18)"`
	Small  int32            `parquet:"small,decimal(3:9)"`
	UUID   [16]byte         `parquet:"uuid,uuid"`
	Fixed  [2]byte          `parquet:"fixed"`
	Enum   string           `parquet:"enum,enum"`
	Deep   struct {
		A struct {
			B *int32 `parquet:"b,optional"`
		} `parquet:"a,optional"`
	} `parquet:"deep"`
	List    []string         `parquet:"list,list"`
	Mapping map[string]int32 `parquet:"mapping"`
}

func TestTypes(t *testing.T) {
	t.Parallel()
	noon := time.Date(2024, 3, 1, 12, 0, 0, 250e6, time.UTC)
	seven := int32(7)
	first := everything{
		Bool: true, I32: -1, U32: math.MaxUint32, U64: math.MaxUint64, F32: 0.5, Dict: 2.5, Date: 19783,
		Millis: noon, Micros: &noon, Nanos: noon.UnixNano(), Of: 90e6,
		Old:   deprecated.Int96{0, 0, 2440589}, // the second day of 1970
		Money: -1234, Small: 1500, UUID: [16]byte{0x6b, 0xa7, 0xb8, 0x10, 15: 0xff}, Fixed: [2]byte{'h', 'i'}, Enum: "red",
	}
	first.Deep.A.B = &seven
	second := everything{Dict: 2.5, Millis: noon, Fixed: [2]byte{'h', 'i'}}
	const at = 1709294400.25
	nan := math.NaN()
	number := func(name string, typ table.Type, missing int, values ...float64) table.Column {
		return table.Column{Field: table.Field{Name: name, Type: typ}, Numbers: values, Missing: missing}
	}
	text := func(name string, labels []string, codes ...int32) table.Column {
		return table.Column{Field: table.Field{Name: name, Type: table.String}, Labels: labels, Codes: codes}
	}
	want := []table.Column{
		number("bool", table.Boolean, 0, 1, 0),
		number("i32", table.Integer, 0, -1, 0),
		number("u32", table.Integer, 0, math.MaxUint32, 0),
		number("u64", table.Integer, 0, math.MaxUint64, 0),
		number("f32", table.Float, 0, 0.5, 0),
		number("dict", table.Float, 0, 2.5, 2.5),
		number("date", table.Timestamp, 0, 1709251200, 0),
		number("millis", table.Timestamp, 0, at, at),
		number("micros", table.Timestamp, 1, at, nan),
		number("nanos", table.Timestamp, 0, at, 0),
		number("of", table.Float, 0, 90, 0),
		number("old", table.Timestamp, 0, 86400, -2440588*86400),
		number("money", table.Float, 0, -12.34, 0),
		number("small", table.Float, 0, 1.5, 0),
		text("uuid", []string{"6ba7b810-0000-0000-0000-0000000000ff", "00000000-0000-0000-0000-000000000000"}, 0, 1),
		text("fixed", []string{"hi"}, 0, 0),
		text("enum", []string{"red", ""}, 0, 1),
		number("deep.a.b", table.Integer, 1, 7, nan),
	}
	var warnings []string
	options := reading.Options{Warn: func(warning string) { warnings = append(warnings, warning) }}
	opened, err := open(t, options, nil, write(t, []everything{first, second}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tabletest.Columns(t, opened), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if len(warnings) == 0 || !strings.Contains(strings.Join(warnings, "\n"), `column "list.list.element" cannot be read: it is a list`) {
		t.Errorf("warnings: %q", warnings)
	}
	if _, err := opened.Column(context.Background(), "list.list.element"); err == nil || !strings.Contains(err.Error(), "any number of values") {
		t.Errorf("a list: %v", err)
	}
}

func TestHalf(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint16]float64{
		0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: math.Ldexp(1, -24), 0x3555: 0.333251953125,
		0x7c00: math.Inf(1), 0xfc00: math.Inf(-1), 0x0000: 0,
	} {
		if got := half(bits); got != want {
			t.Errorf("%#x is %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(half(0x7e00)) {
		t.Error("0x7e00 is a number")
	}
}

func TestBigEndian(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		bytes []byte
		want  float64
	}{{nil, 0}, {[]byte{0xff}, -1}, {[]byte{0, 0x80}, 128}, {[]byte{0xfb, 0x2e}, -1234}} {
		if got := bigEndian(test.bytes); got != test.want {
			t.Errorf("%x is %v, want %v", test.bytes, got, test.want)
		}
	}
}

type whole struct {
	N int64   `parquet:"n"`
	S *string `parquet:"s,optional,dict"`
}

type real struct {
	N float64 `parquet:"n"`
	S string  `parquet:"s"`
}

// Files of one table may be written in many ways: whole numbers widen, and text is
// one column whether it is stored by dictionary, optional, or plain.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	x, y := "x", "y"
	a := write(t, []whole{{1, &x}, {2, nil}, {3, &y}}, parquet.MaxRowsPerRowGroup(2))
	b := write(t, []real{{4.5, "y"}, {5, "z"}})
	opened, err := open(t, reading.Options{}, nil, a, b)
	if err != nil {
		t.Fatal(err)
	}
	want := []table.Column{
		{Field: table.Field{Name: "n", Type: table.Float}, Numbers: []float64{1, 2, 3, 4.5, 5}},
		{Field: table.Field{Name: "s", Type: table.String}, Labels: []string{"x", "y", "z"}, Codes: []int32{0, -1, 1, 1, 2}, Missing: 1},
	}
	if diff := cmp.Diff(want, tabletest.Columns(t, opened)); diff != "" {
		t.Error(diff)
	}
}

type other struct {
	N string `parquet:"n"`
	S string `parquet:"s"`
}

type more struct {
	N int64  `parquet:"n"`
	S string `parquet:"s"`
	X bool   `parquet:"x"`
}

type less struct {
	N int64 `parquet:"n"`
}

func TestErrors(t *testing.T) {
	t.Parallel()
	good := write(t, []whole{{N: 1}})
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("PAR1 is not all that it takes"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		limits  reading.Limits
		columns []string
		paths   []string
		want    string
	}{
		{"another type", reading.Limits{}, nil, []string{good, write(t, []other{{}})}, `column "n" is string there and integer in`},
		{"a column more", reading.Limits{}, nil, []string{good, write(t, []more{{}})}, `its column "x" (boolean) is not in`},
		{"a column less", reading.Limits{}, nil, []string{good, write(t, []less{{}})}, `it has no column "s"`},
		{"no such column", reading.Limits{}, []string{"z"}, []string{good}, `has no column "z": it has n, s`},
		{"too many rows", reading.Limits{Rows: 1}, nil, []string{good, good}, "more than 1 rows"},
		{"too many columns", reading.Limits{Columns: 1}, nil, []string{good}, "2 columns, more than 1"},
		{"no Parquet", reading.Limits{}, nil, []string{text}, "it does not end as a Parquet file does"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, reading.Options{Limits: test.limits}, test.columns, test.paths...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestChosenColumnsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	opened, err := open(t, reading.Options{}, []string{"s", "n"}, write(t, []whole{{N: 1}}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(table.Schema{{Name: "s", Type: table.String}, {Name: "n", Type: table.Integer}}, opened.Schema()); diff != "" {
		t.Error(diff)
	}
}

type plain struct {
	S string  `parquet:"s"`
	D *string `parquet:"d,optional,dict"`
}

// Beyond the limit, text is hashed: the same rows have the same label as before.
func TestHashed(t *testing.T) {
	t.Parallel()
	rows := make([]plain, 1000)
	for i := range rows {
		rows[i].S = fmt.Sprint("value ", i%300)
		if i%10 > 0 {
			rows[i].D = &rows[i].S
		}
	}
	path := write(t, rows, parquet.MaxRowsPerRowGroup(100))
	exact, err := open(t, reading.Options{}, nil, path)
	if err != nil {
		t.Fatal(err)
	}
	hashed, err := open(t, reading.Options{Limits: reading.Limits{Labels: 100}}, nil, path)
	if err != nil {
		t.Fatal(err)
	}
	want, got := tabletest.Columns(t, exact), tabletest.Columns(t, hashed)
	for i := range want {
		if !got[i].Hashed || want[i].Hashed || got[i].Missing != want[i].Missing || len(got[i].Labels) != len(want[i].Labels) {
			t.Fatalf("%s: hashed %v, %d missing, %d labels", got[i].Name, got[i].Hashed, got[i].Missing, len(got[i].Labels))
		}
		for row, code := range want[i].Codes {
			if code == table.Absent {
				if got[i].Codes[row] != table.Absent {
					t.Fatalf("row %d has a value", row)
				}
				continue
			}
			if got[i].Labels[got[i].Codes[row]] != table.Hash(want[i].Labels[code]) {
				t.Fatalf("row %d is another", row)
			}
		}
	}
}

// A file that is damaged anywhere is an error or is read; it never ends the program.
func TestDamaged(t *testing.T) {
	t.Parallel()
	rows := make([]everything, 50)
	path := write(t, rows, parquet.MaxRowsPerRowGroup(20), parquet.Compression(&parquet.Snappy))
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		damaged := bytes.Clone(content)
		for range 1 + random.IntN(4) {
			damaged[random.IntN(len(damaged))] ^= byte(1 << random.IntN(8))
		}
		_ = readAll(damaged)
	}
	for _, cut := range []int{0, 4, 8, 11, 12, len(content) / 2, len(content) - 1} {
		if readAll(content[:cut]) == nil {
			t.Errorf("cut off at %d it is read", cut)
		}
	}
}

// readAll reads all columns of a file in memory.
func readAll(content []byte) error {
	options := reading.Options{Limits: reading.Limits{Rows: 10_000}}
	opened, err := Open(context.Background(), []place.Object{memory(content)}, nil, options)
	if err != nil {
		return err
	}
	for _, field := range opened.Schema() {
		if _, err := opened.Column(context.Background(), field.Name); err != nil {
			return err
		}
	}
	return nil
}

func FuzzOpen(f *testing.F) {
	for _, path := range []string{write(f, []whole{{N: 1}}), write(f, []everything{{}}), write(f, []plain{{S: "x"}})} {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(_ *testing.T, content []byte) { _ = readAll(content) })
}

type wide struct {
	A float64 `parquet:"a"`
	S string  `parquet:"s,dict"`
}

func BenchmarkColumn(b *testing.B) {
	rows := make([]wide, 1_000_000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		rows[i] = wide{A: random.NormFloat64(), S: fmt.Sprint("category ", random.IntN(50))}
	}
	opened, err := open(b, reading.Options{}, nil, write(b, rows))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"a", "s"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := opened.Column(context.Background(), name); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mvalues/s")
		})
	}
}
