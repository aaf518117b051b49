package datasource_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/bucket"
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/datasource/table/tabletest"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

func zstandard(t *testing.T, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// Content says what a file is, not its name.
func TestFormats(t *testing.T) {
	t.Parallel()
	const lines = `{"whole":1,"who":"ada"}` + "\n" + `{"whole":2,"who":"bob"}` + "\n"
	want := []datasource.Column{
		number("whole", datasource.Integer, 0, 1, 2),
		text("who", 0, []string{"ada", "bob"}, 0, 1),
	}
	const csv = "whole,who\n1,ada\n2,bob\n"
	for name, content := range map[string]string{
		"CSV": csv, "with a mark": "\xef\xbb\xbf" + csv, "gzip": gzipped(t, csv), "Zstandard": zstandard(t, csv),
		"two gzips": gzipped(t, csv[:12]) + gzipped(t, csv[12:]),
		"lines":     lines, "packed lines": zstandard(t, lines),
		"array": "[" + strings.Join(strings.Split(strings.TrimSpace(lines), "\n"), ",") + "]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened := open(t, datasource.Spec{URL: write(t, "data.bin", content)}, datasource.Options{})
			if diff := diff(want, tabletest.Columns(t, opened)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	opened := open(t, datasource.Spec{
		URL: write(t, "a.txt", "a;a;;b\n1,5;x\n2;y;z\n"), Format: datasource.CSV,
		CSV: datasource.CSVSpec{Delimiter: ";"},
	}, datasource.Options{})
	var names []string
	for _, field := range opened.Schema() {
		names = append(names, field.Name)
	}
	if got := strings.Join(names, "|"); got != "a|a.1|Unnamed: 2|b" {
		t.Errorf("columns %s", got)
	}
	bare := open(t, datasource.Spec{URL: write(t, "b.csv", "1,x\n2,y\n"), CSV: datasource.CSVSpec{NoHeader: true}}, datasource.Options{})
	if diff := diff([]datasource.Column{
		number("0", datasource.Integer, 0, 1, 2), text("1", 0, []string{"x", "y"}, 0, 1),
	}, tabletest.Columns(t, bare)); diff != "" {
		t.Error(diff)
	}
}

func TestManyFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"1.csv": "n,s,e\n1,a,\n", "2.csv.gz": gzipped(t, "s,e,n\nb,7,2.5\n"), "_tmp": "x", ".crc": "x",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []datasource.Column{
		number("n", datasource.Float, 0, 1, 2.5),
		text("s", 0, []string{"a", "b"}, 0, 1),
		number("e", datasource.Integer, 1, nan, 7),
	}
	for _, url := range []string{folder, folder + "/*.csv*", "file://" + folder + "/[12].*"} {
		opened := open(t, datasource.Spec{URL: url}, datasource.Options{})
		if diff := diff(want, tabletest.Columns(t, opened)); diff != "" {
			t.Errorf("%s: %s", url, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, content string
		change        func(*datasource.Spec, *datasource.Options)
		want          string
	}{
		{"empty", "", nil, "the file is empty"},
		{"too many values", "a,b\n1,2\n1,2,3\n", nil, "row 2: the row has 3 values and the header 2"},
		{"no such column", "a,b\n", func(s *datasource.Spec, _ *datasource.Options) { s.Columns = []string{"c"} }, `no column "c": it has a, b`},
		{"an endless quote", "a,b\n1,\"secret\n", nil, `row 1, column "b": a quoted value begins here`},
		{"cut off", gzipped(t, strings.Repeat("a,b\n", 9999))[:40], nil, "its gzip data ends too early"},
		{"damaged", "\x1f\x8b not gzip at all", nil, "its gzip data"},
		{"too many bytes", strings.Repeat("a\n", 100_000), func(_ *datasource.Spec, o *datasource.Options) { o.Limits.Bytes = 1000 }, "more than 1000 bytes"},
		{"a bomb", gzipped(t, strings.Repeat("0\n", 1<<20)), func(_ *datasource.Spec, o *datasource.Options) { o.Limits.Bytes = 1 << 16 }, "more than 65536 bytes"},
		{"a time that is none", "a\nx\n", func(s *datasource.Spec, _ *datasource.Options) {
			s.Time.Column, s.Window.Rows = "a", 1
		}, `column "a" is to be the time of rows and is string`},
		{"no time", "a\nx\n", func(s *datasource.Spec, _ *datasource.Options) {
			now := time.Now()
			s.Window.To = &now
		}, "no column says when a row happened"},
		{"no present", "a\nx\n", func(s *datasource.Spec, _ *datasource.Options) { s.Window.Lookback = 1 }, "needs the present"},
		{"too few rows", "a\n1\n", func(s *datasource.Spec, _ *datasource.Options) { s.Window.Minimum = 2 }, "has 1 rows and needs 2"},
		{"out of time", "a\n1\n", func(_ *datasource.Spec, o *datasource.Options) { o.Limits.Time = 1 }, "took longer than 1ns"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			spec, options := datasource.Spec{URL: write(t, "a.csv", test.content)}, datasource.Options{SpillFolder: folder}
			if test.change != nil {
				test.change(&spec, &options)
			}
			_, err := datasource.Open(context.Background(), spec, options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows a value: %v", err)
			}
			if left, _ := os.ReadDir(folder); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		t.Parallel()
		var missing interface{ error }
		_, err := datasource.Open(context.Background(), datasource.Spec{URL: t.TempDir() + "/*.csv"}, datasource.Options{})
		if missing = err; missing == nil || !strings.Contains(err.Error(), "no file matches it as a pattern") {
			t.Errorf("got %v", err)
		}
	})
}

func TestSchemaChanges(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	put := func(name, content string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("1.csv", "n,s\n1,a\n")
	for content, want := range map[string]string{
		"n,s\nx,a\n":   `2.csv: column "n" is string there and integer in`,
		"n\n1\n":       `column "s": the schema changes here: it has no such column`,
		"n,s,x\n1,2,3": `column "x": the schema changes here: the files before it have no such column`,
	} {
		put("2.csv", content)
		_, err := datasource.Open(context.Background(), datasource.Spec{URL: folder}, datasource.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "1.csv") {
			t.Errorf("%q: got %v, want %q", content, err, want)
		}
	}
	// A declared type is no change: what does not fit is a type error.
	put("2.csv", "n,s\nx,a\n"+strings.Repeat("1,a\n", 20))
	opened := open(t, datasource.Spec{URL: folder, Types: map[string]datasource.Type{"n": datasource.Integer}}, datasource.Options{})
	column, err := opened.Column(context.Background(), "n")
	if err != nil || column.TypeErrors != 1 || column.Missing != 1 {
		t.Errorf("%d type errors, %d missing: %v", column.TypeErrors, column.Missing, err)
	}
}

func TestTypeErrors(t *testing.T) {
	t.Parallel()
	content := "n\n" + strings.Repeat("1\n", 8) + "secret\nsecret\n"
	for _, show := range []bool{false, true} {
		opened := open(t, datasource.Spec{URL: write(t, "a.csv", content), Types: map[string]datasource.Type{"n": datasource.Float}},
			datasource.Options{ShowValues: show})
		_, err := opened.Column(context.Background(), "n")
		var cell *table.CellError
		if !errors.As(err, &cell) || cell.Row != 10 || cell.Column != "n" {
			t.Fatalf("got %v", err)
		}
		if strings.Contains(err.Error(), "secret") != show {
			t.Errorf("shown %v: %v", show, err)
		}
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	var content strings.Builder
	content.WriteString("at,n,s\n")
	for hour := range 48 {
		fmt.Fprintf(&content, "%d,%d,day %d\n", now.Add(time.Duration(hour-48)*time.Hour).UnixMilli(), hour, hour/24)
	}
	content.WriteString(",99,never\n")
	spec := datasource.Spec{
		URL:     write(t, "a.csv", content.String()),
		Columns: []string{"n", "s"},
		Time:    datasource.TimeSpec{Column: "at", Unit: "ms"},
		Window:  datasource.WindowSpec{Lookback: window.Duration(3 * time.Hour), Offset: window.Duration(time.Hour)},
	}
	var warnings []string
	options := datasource.Options{Now: now, Warn: func(warning string) { warnings = append(warnings, warning) }}
	opened := open(t, spec, options)
	got := tabletest.Columns(t, opened)
	if diff := diff([]datasource.Column{
		number("n", datasource.Integer, 0, 44, 45, 46), text("s", 0, []string{"day 1"}, 0, 0, 0),
	}, got); diff != "" {
		t.Error(diff)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "1 rows have no at") {
		t.Errorf("warnings: %q", warnings)
	}
	reference := spec
	reference.Window = datasource.WindowSpec{Lookback: window.Duration(24 * time.Hour), Offset: window.Duration(4 * time.Hour)}
	if err := datasource.Apart(reference, spec, options, 0); err != nil {
		t.Error(err)
	}
	var overlap *window.OverlapError
	if err := datasource.Apart(reference, spec, options, window.Duration(time.Minute)); !errors.As(err, &overlap) {
		t.Errorf("closer than the gap: %v", err)
	}
}

func TestApartByRows(t *testing.T) {
	t.Parallel()
	by := func(rows, skip int) datasource.Spec {
		return datasource.Spec{URL: "a", Window: datasource.WindowSpec{Rows: rows, SkipRows: skip}}
	}
	for _, test := range []struct {
		reference, current datasource.Spec
		apart              bool
	}{
		{by(0, 100), by(100, 0), true},
		{by(0, 99), by(100, 0), false},
		{by(0, 0), by(0, 0), false},
		{by(0, 0), datasource.Spec{URL: "b"}, true},
	} {
		if err := datasource.Apart(test.reference, test.current, datasource.Options{}, 0); (err == nil) != test.apart {
			t.Errorf("%+v %+v: %v", test.reference.Window, test.current.Window, err)
		}
	}
}

// A file that is written to while it is read is what it was at the start, up to its
// last whole row; one that becomes shorter is an error.
func TestGrowingFile(t *testing.T) {
	t.Parallel()
	path := write(t, "a.csv", "n\n"+strings.Repeat("1\n", 50_000)+"12")
	grow := func() {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = file.Close() }()
		if _, err := file.WriteString("345\n6\n"); err != nil {
			t.Error(err)
		}
	}
	grown := false
	opened := open(t, datasource.Spec{URL: path}, datasource.Options{Progress: func(datasource.Progress) {
		if !grown {
			grown = true
			grow()
		}
	}})
	if !grown || opened.Rows() != 50_000 {
		t.Errorf("%d rows (grown: %v)", opened.Rows(), grown)
	}
	_, err := datasource.Open(context.Background(), datasource.Spec{URL: path}, datasource.Options{Progress: func(datasource.Progress) {
		if err := os.Truncate(path, 10); err != nil {
			t.Error(err)
		}
	}})
	if err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("a file that shrinks: %v", err)
	}
}

func TestParseSpec(t *testing.T) {
	t.Parallel()
	spec, err := datasource.ParseSpec([]byte("url: a.csv\ntypes: {amount: float}\ntime: {column: at}\nwindow: {lookback: 7d, offset: 1h, minimum: 100}\n"))
	if err != nil || time.Duration(spec.Window.Lookback) != 7*24*time.Hour || spec.Types["amount"] != datasource.Float {
		t.Errorf("%+v %v", spec, err)
	}
	for text, want := range map[string]string{
		"url: ''":                                          "url is empty",
		"url: a\nurk: b":                                   `unknown field "urk"`,
		"url: a\nformat: xml":                              `format "xml" is not known: choose one of parquet, csv, json`,
		"url: a\ntypes: {amount: number}":                  `types.amount "number" is not a type`,
		"url: a\ncsv: {delimiter: ab}":                     "more than one byte",
		"url: a\nwindow: {lookback: soon}":                 `"soon" is no duration`,
		"url: a\nwindow: {lookback: 7}":                    "a duration is text",
		"url: a\nwindow: {offset: 1h}":                     "has no lookback",
		"url: a\ntime: {column: a, unit: hours}":           `time.unit "hours" is not known`,
		"url: ftp://host/a":                                "url begins with ftp://, which this program cannot read",
		"url: postgres://u:secret@host/db":                 "url holds a password",
		"url: a\ncredentials: {tokenEnv: A, tokenFile: b}": "keep one",
	} {
		_, err := datasource.ParseSpec([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// Every spec that the documentation shows is one.
func TestDocumentedSpecs(t *testing.T) {
	bucket.Register("s3", nil)
	page, err := os.ReadFile("../../docs/sources.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, block := range strings.Split(string(page), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if _, err := datasource.ParseSpec([]byte(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
		count++
	}
	if count < 6 {
		t.Errorf("only %d specs are documented", count)
	}
}

func FuzzSpec(f *testing.F) {
	for _, seed := range []string{"url: a", "url: s3://b/[0-9]\nwindow: {from: 2024-01-01T00:00:00Z}", "{}", "url: '%zz://'", "window: {lookback: 99999999999w}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		spec, err := datasource.ParseSpec(text)
		if err == nil && spec.URL == "" {
			t.Fatal("a spec without a URL is valid")
		}
	})
}
