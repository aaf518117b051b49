package main

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
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

const electricity = "../../examples/pytorch-ddp/data/electricity.csv.gz"

// call runs a command as main does, without a process. No time passes for it: on a
// slow machine it would say how far it is.
func call(t *testing.T, args ...string) (code int, out, errors string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	s := streams{&stdout, &stderr, clocktesting.NewFakeClock(time.Now()), &cleanup{}}
	code = supervise(t.Context(), func() {}, s, args)
	return code, stdout.String(), stderr.String()
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// table is a CSV file of a number that is shifted, a category and a sensitive one.
func table(t *testing.T, seed uint64, rows int, shift float64) string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	var b strings.Builder
	b.WriteString("ts,x,city,illness\n")
	for i := range rows {
		fmt.Fprintf(&b, "2026-01-%02dT%02d:00:00Z,%.4f,%s,%s\n", 1+i/24%28, i%24, r.NormFloat64()+shift,
			[]string{"Rome", "Oslo"}[r.IntN(2)], []string{"flu", "flu", "gout", "cold"}[r.IntN(4)])
	}
	return write(t, "data.csv", b.String())
}

func TestExitCodes(t *testing.T) {
	reference, same, shifted := table(t, 1, 600, 0), table(t, 2, 300, 0), table(t, 3, 300, 3)
	lost := write(t, "lost.csv", "ts,x,city\n2026-01-01,1,Rome\n")
	for _, c := range []struct {
		name    string
		args    []string
		code    int
		verdict string
	}{
		{"nothing", []string{"--current", same}, exitNothing, "NOT DRIFTED"},
		{"drift", []string{"--current", shifted, "--columns", "x"}, exitDrift, "DRIFTED"},
		{"bad data", []string{"--current", lost}, exitBadData, "BAD DATA"},
		{"no file", []string{"--current", "/nonexistent"}, exitError, ""},
		{"no flag", []string{"--currant", same}, exitError, ""},
	} {
		args := append([]string{"compare", "--compat", "evidently", "--reference", reference}, c.args...)
		code, out, errors := call(t, args...)
		if code != c.code || !strings.HasPrefix(out, c.verdict) {
			t.Errorf("%s: exit %d, want %d\n%s%s", c.name, code, c.code, out, errors)
		}
		if (errors != "") != (c.code == exitError) {
			t.Errorf("%s: on the standard error: %q", c.name, errors)
		}
	}
}

// The table of the electricity stream's first and last tenth, as a person sees it.
func TestElectricity(t *testing.T) {
	for _, compat := range []string{"evidently", "nannyml", "native"} {
		code, out, errors := call(t, "compare", "--reference", electricity, "--reference-window", "rows=:10%",
			"--current", electricity, "--current-window", "rows=90%:", "--compat", compat)
		if code != exitDrift {
			t.Errorf("%s: exit %d, %s", compat, code, errors)
		}
		golden(t, filepath.Join("testdata", "electricity-"+compat+".txt"), []byte(out))
		for line := range strings.Lines(out) {
			if n := utf8.RuneCountInString(line); n > 101 {
				t.Errorf("%s: a line of %d characters: %s", compat, n, line)
			}
		}
	}
}

func TestElectricityStream(t *testing.T) {
	args := []string{"watch", "--stream", electricity, "--reference-window", "rows=:10%", "--window", "336rows", "--compat", "evidently"}
	code, out, errors := call(t, append(args, "-o", "json")...)
	if code != exitDrift {
		t.Fatalf("exit %d, %s", code, errors)
	}
	// The figures that everybody gets: none of the first 38 windows, all 83 after.
	r := checkReport(t, out)
	for i, w := range r.Windows {
		if drifted := w.Verdict == report.Drifted; drifted != (i >= 38) {
			t.Errorf("window %d: %s", i, w.Verdict)
		}
	}
	if len(r.Windows) != 121 {
		t.Errorf("%d windows", len(r.Windows))
	}
	if _, out, _ := call(t, args...); !strings.Contains(out, "Drift in 83 of 121 windows, first in window 39") {
		t.Error(out)
	}
}

// Sharded, merged and whole: the same bytes, twice.
func TestShards(t *testing.T) {
	folder := t.TempDir()
	args := []string{"compare", "--reference", electricity, "--reference-window", "rows=:50%", "--current", electricity, "--current-window", "rows=30000:30336"}
	_, whole, _ := call(t, append(args, "-o", "json")...)
	checkReport(t, whole)
	merge := []string{"merge", "-o", "json"}
	for _, shard := range []string{"3/3", "1/3", "2/3"} {
		part := filepath.Join(folder, shard[:1])
		if code, _, errors := call(t, append(args, "--shard", shard, "--out", part)...); code != exitNothing {
			t.Fatalf("shard %s: %s", shard, errors)
		}
		merge = append(merge, part)
	}
	if _, merged, errors := call(t, merge...); merged != whole {
		t.Errorf("merged differs from whole: %s", errors)
	}
	if code, _, errors := call(t, merge[:len(merge)-1]...); code != exitError || !strings.Contains(errors, "shard 2/3 is missing: run it alone with --shard 2/3") {
		t.Errorf("exit %d, %s", code, errors)
	}
	if _, again, _ := call(t, append(args, "-o", "json")...); again != whole {
		t.Error("the same input gave other bytes")
	}
}

// A saved reference gives the figures of the data that it was saved of.
func TestSavedReference(t *testing.T) {
	saved := filepath.Join(t.TempDir(), "reference.profile")
	for compat, extra := range map[string][]string{
		"evidently": nil, "nannyml": nil, "native": {"--block", "336rows"},
	} {
		save := append([]string{"profile", "--data", electricity, "--window", "rows=:50%", "--compat", compat, "--out", saved}, extra...)
		if code, _, errors := call(t, save...); code != exitNothing {
			t.Fatalf("%s: %s", compat, errors)
		}
		// The window begins whole windows after the reference ends, as the saved
		// blocks do.
		current := []string{"--current", electricity, "--current-window", "rows=33744:34080", "--compat", compat, "-o", "json"}
		_, fromFile, errors := call(t, append([]string{"compare", "--reference", saved}, current...)...)
		if errors != "" {
			t.Fatalf("%s: %s", compat, errors)
		}
		live := append([]string{"compare", "--reference", electricity, "--reference-window", "rows=:50%"}, current...)
		_, fromData, _ := call(t, append(live, extra...)...)
		a, b := checkReport(t, fromFile), checkReport(t, fromData)
		if a.Inputs.Reference.Profile == "" || a.Inputs.Reference.Exactness != "Exact" {
			t.Errorf("%s: %+v", compat, a.Inputs.Reference)
		}
		a.Inputs, b.Inputs = report.Inputs{}, report.Inputs{}
		if diff := cmp.Diff(asJSON(t, a), asJSON(t, b)); diff != "" {
			t.Errorf("%s: saved and live differ:\n%s", compat, diff)
		}
	}
}

func asJSON(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := writeJSON(&b, &r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What drifts slowly stays close to a reference that moves, and not to the anchor.
func TestAnchor(t *testing.T) {
	folder := t.TempDir()
	first, second := filepath.Join(folder, "1"), filepath.Join(folder, "2")
	for _, step := range [][]string{
		{"profile", "--data", table(t, 1, 2000, 0), "--compat", "evidently", "--out", first},
		{"profile", "--data", table(t, 2, 2000, 0.12), "--compat", "evidently", "--out", second, "--anchor", first},
	} {
		if code, _, errors := call(t, step...); code != exitNothing {
			t.Fatal(errors)
		}
	}
	code, out, errors := call(t, "compare", "--reference", second, "--current", table(t, 3, 2000, 0.15), "--compat", "evidently", "--columns", "x", "-o", "json")
	if code != exitDrift {
		t.Fatalf("exit %d: %s", code, errors)
	}
	r := checkReport(t, out)
	x := r.Columns[0]
	if x.Reason != "DriftedFromAnchor" || x.Score >= x.Threshold || x.Anchor.Score < x.Threshold || r.Inputs.Anchor == nil {
		t.Errorf("%+v, anchor %+v", x, x.Anchor)
	}
}

func TestBinnedNeverHasAPValue(t *testing.T) {
	saved := filepath.Join(t.TempDir(), "binned")
	if code, _, errors := call(t, "profile", "--data", table(t, 1, 2000, 0), "--compat", "evidently", "--keep", "binned", "--out", saved); code != 0 {
		t.Fatal(errors)
	}
	code, out, _ := call(t, "compare", "--reference", saved, "--current", table(t, 3, 500, 1), "--compat", "evidently", "--columns", "x", "-o", "json")
	x := checkReport(t, out).Columns[0]
	if code != exitDrift || x.PValue.Exists() || !(x.Lower > 0.5 && x.Lower < x.Upper) {
		t.Errorf("exit %d: %+v", code, x)
	}
	_, out, _ = call(t, "compare", "--reference", saved, "--current", table(t, 3, 500, 1), "--compat", "evidently", "--columns", "x", "--method", "ks", "-o", "json")
	if x := checkReport(t, out).Columns[0]; x.State != report.ColumnUnknown || !strings.Contains(x.Message, "never its p-value") {
		t.Errorf("%+v", x)
	}
}

func TestSensitiveColumnsStayHidden(t *testing.T) {
	schema := write(t, "s.yaml", "columns:\n- {name: illness, sensitive: true}\n- {name: x, sensitive: true}\n")
	key := write(t, "key", strings.Repeat("k", 32))
	reference, current := table(t, 1, 600, 0), table(t, 2, 300, 0)
	for name, extra := range map[string][]string{"numbered": nil, "hashed": {"--hash-key-file", key}} {
		for _, format := range []string{"json", "table", "html"} {
			_, out, errors := call(t, append([]string{"compare", "--reference", reference, "--current", current, "--schema", schema, "--compat", "evidently", "-o", format}, extra...)...)
			if errors != "" {
				t.Fatal(errors)
			}
			for _, secret := range []string{"gout", "flu"} {
				if strings.Contains(out, `"`+secret) || strings.Contains(out, ">"+secret) {
					t.Errorf("%s, %s: shows %q", name, format, secret)
				}
			}
		}
	}
	_, out, _ := call(t, "compare", "--reference", reference, "--current", current, "--schema", schema, "--compat", "evidently", "-o", "json")
	for _, c := range checkReport(t, out).Columns {
		if c.Name == "x" {
			if q := c.Reference.Quantiles; q[0].Exists() || !q[3].Exists() {
				t.Errorf("quantiles of a sensitive column: %v", q)
			}
			for i := range c.Current.Bins {
				if n := c.Current.Bins[i]; n > 0 && n < 10 {
					t.Errorf("a count of %d is shown", n)
				}
			}
		}
	}
	if code, _, errors := call(t, "profile", "--data", reference, "--schema", schema, "--out", filepath.Join(t.TempDir(), "p")); code != exitError || !strings.Contains(errors, "--hash-key-file") {
		t.Errorf("a profile of sensitive categories: exit %d, %s", code, errors)
	}
}

func TestRulesAndSnapshot(t *testing.T) {
	schema := write(t, "s.yaml", `columns:
- name: x
  expect: {min: -2, max: 2}
  rules: [{when: OutOfRange, action: QuarantineRows}]
- name: city
  expect: {values: [Rome]}
  rules: [{when: UnknownCategory, action: Repair, value: Rome}]
rows: {maxQuarantined: 0.2}
`)
	folder := t.TempDir()
	args := []string{"compare", "--reference", table(t, 1, 600, 0), "--current", table(t, 2, 600, 0), "--schema", schema, "--compat", "evidently", "--columns", "x", "--snapshot", folder, "-o", "json"}
	_, out, errors := call(t, args...)
	if errors != "" {
		t.Fatal(errors)
	}
	r := checkReport(t, out)
	if r.Snapshot == nil || r.Snapshot.Quarantined == 0 || r.Snapshot.Rows != 600-r.Snapshot.Quarantined || r.Inputs.Current.Rows != r.Snapshot.Rows {
		t.Fatalf("%+v", r.Snapshot)
	}
	if a := r.Actions; len(a) != 2 || a[0].Rows != r.Snapshot.Quarantined || a[1].Rows == 0 {
		t.Errorf("%+v", a)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 || entries[0].Name() != r.Snapshot.SHA256+".parquet" {
		t.Errorf("%v %v", entries, err)
	}
	// What was written is what was judged: against itself nothing is left to do.
	_, out, errors = call(t, "compare", "--reference", r.Snapshot.Path, "--current", r.Snapshot.Path, "--compat", "evidently", "-o", "json",
		"--reference-window", "rows=:50%", "--current-window", "rows=50%:")
	if errors != "" {
		t.Fatal(errors)
	}
	for _, c := range checkReport(t, out).Columns {
		if c.Name == "city" && (len(c.Labels) != 1 || c.Labels[0] != "Rome") {
			t.Errorf("city holds %v", c.Labels)
		}
	}
	if _, again, _ := call(t, args...); again == "" || checkReport(t, again).Snapshot.SHA256 != r.Snapshot.SHA256 {
		t.Error("the same rows gave another snapshot")
	}
}

func TestEvaluate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	var b strings.Builder
	b.WriteString("ts,y,old,new,p,q,region\n")
	for day := range 28 {
		for hour := range 24 {
			y := r.IntN(2)
			said := func(skill float64) (int, float64) {
				p := math.Min(1, math.Max(0, 0.5+skill*(float64(y)-0.5)+0.3*r.NormFloat64()))
				if p > 0.5 {
					return 1, p
				}
				return 0, p
			}
			old, p := said(0.4)
			better, q := said(0.9)
			fmt.Fprintf(&b, "2026-01-%02dT%02d:00:00Z,%d,%d,%d,%.3f,%.3f,%s\n", day+1, hour, y, old, better, p, q, []string{"n", "s"}[r.IntN(2)])
		}
	}
	data := write(t, "e.csv", b.String())
	args := []string{"evaluate", "--data", data, "--label", "y", "--time-column", "ts", "--segments", "region", "--costs", "0,1,5,0", "--independent-rows", "-o", "json"}
	for _, c := range []struct {
		name               string
		champion, candid   []string
		code               int
		verdict, benchmark string
	}{
		{"better", []string{"--champion", "old", "--champion-score", "p"}, []string{"--candidate", "new", "--candidate-score", "q"}, exitNothing, "Better", "average_precision"},
		{"worse", []string{"--champion", "new"}, []string{"--candidate", "old"}, exitDrift, "Worse", "cost"},
	} {
		code, out, errors := call(t, append(append(args, c.champion...), c.candid...)...)
		if errors != "" {
			t.Fatal(errors)
		}
		e := checkReport(t, out).Evaluation
		if code != c.code || e.Verdict != c.verdict || e.Blocks != 28 || len(e.Segments) != 2 || len(e.Tests) == 0 {
			t.Errorf("%s: exit %d, %+v", c.name, code, e)
		}
		if !strings.Contains(out, `"metric": "`+c.benchmark+`"`) {
			t.Errorf("%s: no %s", c.name, c.benchmark)
		}
	}
	if code, out, _ := call(t, append(args[:len(args)-2], "--champion", "old", "--candidate", "old")...); code != exitNothing || !strings.HasPrefix(out, "NOT WORSE") {
		t.Errorf("a model against itself: exit %d, %s", code, out)
	}
}

// A signal ends the program at once, and leaves no file behind.
func TestASignalLeavesNothing(t *testing.T) {
	folder, spill := t.TempDir(), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	s := streams{&stdout, &stderr, clock.RealClock{}, &cleanup{}}
	code := supervise(ctx, func() {}, s, []string{"profile", "--data", electricity, "--spill-folder", spill, "--out", filepath.Join(folder, "p")})
	if code != exitError || stderr.Len() == 0 {
		t.Errorf("exit %d, %s", code, stderr.String())
	}
	for _, dir := range []string{folder, spill} {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s holds %v, %v", dir, left, err)
		}
	}
}

func TestWrongUse(t *testing.T) {
	data := table(t, 1, 50, 0)
	for want, args := range map[string][]string{
		"name a command":                  nil,
		`"fly" is no command`:             {"fly"},
		"--reference is missing":          {"compare", "--current", data},
		"--current is missing":            {"compare", "--reference", data},
		"take native, evidently":          {"compare", "--reference", data, "--current", data, "--compat", "alibi"},
		"take table, json":                {"compare", "--reference", data, "--current", data, "-o", "xml"},
		"write i/n":                       {"compare", "--reference", data, "--current", data, "--shard", "3/2"},
		"are both in the reference":       {"compare", "--reference", data, "--current", data},
		"take one of anderson":            {"compare", "--reference", data, "--current", data, "--compat", "evidently", "--method", "magic"},
		"the native rule has no methods":  {"compare", "--reference", data, "--current", data, "--method", "ks"},
		"--columns names \"z\"":           {"compare", "--reference", data, "--current", table(t, 2, 50, 0), "--columns", "z"},
		"is cut by time":                  {"compare", "--reference", data, "--current", data, "--current-window", "last=7d"},
		"--out is missing":                {"profile", "--data", data},
		"the window's length is missing":  {"watch", "--stream", data},
		"hold no whole window":            {"watch", "--stream", data, "--window", "900rows"},
		"--champion is missing":           {"evaluate", "--data", data, "--label", "x"},
		"write four numbers":              {"evaluate", "--data", data, "--label", "x", "--champion", "x", "--candidate", "x", "--costs", "1"},
		"name the files":                  {"merge"},
		"not the output of profiler":      {"merge", data},
		"takes flags only":                {"compare", "a", "b"},
		"must be below half":              {"compare", "--reference", data, "--current", table(t, 2, 50, 0), "--false-alarms-per-year", "60"},
		"holds 3 bytes: a key has":        {"compare", "--reference", data, "--current", data, "--hash-key-file", write(t, "k", "abc")},
		"there is no field \"colums\"":    {"compare", "--reference", data, "--current", data, "--schema", write(t, "s", "colums: []")},
		"the schema lists column \"zoo\"": {"compare", "--reference", data, "--current", table(t, 2, 50, 0), "--schema", write(t, "s", "columns: [{name: zoo}]")},
	} {
		code, _, errors := call(t, args...)
		if code != exitError || !strings.Contains(errors, want) {
			t.Errorf("%v: exit %d, %q, want %q", args, code, errors, want)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"compare", "-h"}, {"profile", "--help"}, {"watch", "-h"}, {"merge", "-h"}, {"evaluate", "-h"}} {
		code, out, errors := call(t, args...)
		if code != exitNothing || errors != "" || !strings.Contains(out, "  profiler ") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errors)
		}
	}
}
