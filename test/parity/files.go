package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// electricityFile is the stream of the worked example.
const electricityFile = "examples/pytorch-ddp/data/electricity.csv.gz"

// fileMethod compares whole files: the profiler program's JSON beside Evidently's
// preset on the same two CSV files, one case a column.
func fileMethod(ctx context.Context, r *rand.Rand, folder string) (method, error) {
	profiler := filepath.Join(folder, "profiler")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", profiler, "./cmd/profiler").CombinedOutput(); err != nil {
		return method{}, fmt.Errorf("build the profiler: %w: %s", err, out)
	}
	m := method{suite: "files", name: "profiler compare", floor: lostInSubtraction}
	reports := map[string]*report.Report{}
	tables, err := tables(r)
	if err != nil {
		return method{}, err
	}
	for i, t := range tables {
		paths, err := t.write(folder, i)
		if err != nil {
			return method{}, err
		}
		out, err := runProfiler(ctx, profiler, paths)
		if err != nil {
			return method{}, fmt.Errorf("%s: %w", t.name, err)
		}
		reports[paths[0]] = out
		for _, column := range t.head {
			m.cases = append(m.cases, testCase{Suite: "files", Method: column, Files: paths[:], name: t.name + ", " + column})
		}
	}
	m.solve = func(c testCase) (answer, error) { return columnOf(reports[c.Files[0]], c.Method) }
	return m, nil
}

// sheet is a table that is written twice, as the reference and as current data.
type sheet struct {
	name               string
	head               []string
	reference, current [][]string
}

func tables(r *rand.Rand) ([]sheet, error) {
	rows, err := readGzip(electricityFile)
	if err != nil {
		return nil, err
	}
	n := (len(rows) - 1) / 10
	out := []sheet{{"electricity, first and last tenth", rows[0], rows[1 : 1+n], rows[len(rows)-n:]}}
	for _, size := range [][2]int{{300, 200}, {1000, 600}, {1001, 600}, {5000, 900}} {
		s := sheet{name: fmt.Sprintf("mixed, %d and %d rows", size[0], size[1]), head: mixedHead}
		for range size[0] {
			s.reference = append(s.reference, mixedRow(r, 0))
		}
		for range size[1] {
			s.current = append(s.current, mixedRow(r, 0.2))
		}
		out = append(out, s)
	}
	return out, nil
}

var mixedHead = []string{"normal", "gaps", "whole", "few", "holes", "flag", "city", "rare", "constant", "note"}

// mixedRow has a column of every kind that a CSV file may hold.
func mixedRow(r *rand.Rand, shift float64) []string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	or := func(share float64, text string) string {
		if r.Float64() < share {
			return ""
		}
		return text
	}
	return []string{
		number(r.NormFloat64() + shift), or(0.1, number(r.ExpFloat64()+shift)), strconv.Itoa(r.IntN(400)), strconv.Itoa(r.IntN(7)),
		or(0.05, strconv.Itoa(r.IntN(4))), []string{"True", "False"}[r.IntN(2)],
		or(0.1, []string{"Rome", "Oslo", "Lima", "Bern"}[r.IntN(4)]), []string{"a", "b"}[min(1, r.IntN(40))], "7.5", or(0.05, note(r, shift)),
	}
}

// note is a few words, of which a shift makes some more likely.
func note(r *rand.Rand, shift float64) string {
	vocabulary := []string{"parcel", "late", "broken", "thank", "you", "the", "box", "was", "Élan", "naïve", "refund", "x2", "order_7", "Straße", "please", "ok"}
	text := ""
	for range 3 + r.IntN(9) {
		at := math.Min(0.999, r.Float64()*(1-shift/4)+shift/4*r.Float64()*2)
		text += vocabulary[int(at*float64(len(vocabulary)))] + []string{" ", ", ", "! "}[r.IntN(3)]
	}
	return text + strconv.Itoa(r.IntN(100_000))
}

func readGzip(path string) ([][]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	return csv.NewReader(unpacked).ReadAll()
}

func (s sheet) write(folder string, index int) (paths [2]string, err error) {
	for i, rows := range [][][]string{s.reference, s.current} {
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		if err := errors.Join(w.Write(s.head), w.WriteAll(rows)); err != nil {
			return paths, err
		}
		paths[i] = filepath.Join(folder, fmt.Sprintf("%d-%d.csv", index, i))
		if err := os.WriteFile(paths[i], text.Bytes(), 0o600); err != nil {
			return paths, err
		}
	}
	return paths, nil
}

func runProfiler(ctx context.Context, profiler string, paths [2]string) (*report.Report, error) {
	command := exec.CommandContext(ctx, profiler, "compare", "--compat", "evidently", "--reference", paths[0], "--current", paths[1], "-o", "json")
	command.Stderr = os.Stderr
	text, err := command.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 2) {
		return nil, err
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// columnOf is a column of our report, and in its drift the whole report's: each
// case also holds Evidently's verdict on the data set.
func columnOf(r *report.Report, name string) (answer, error) {
	kinds := map[string]string{"numerical": "num", "categorical": "cat", "text": "text", "unknown": "unknown", "datetime": "datetime"}
	for _, c := range r.Columns {
		if c.Name != name {
			continue
		}
		share := double(r.DriftShare)
		out := answer{Kind: kinds[string(c.Type)], Drifted: &c.Drifted, Statistic: &share}
		if c.Score.Exists() {
			out.P = number(float64(c.Score))
		}
		return out, nil
	}
	return answer{}, fmt.Errorf("our report has no column %q", name)
}
