package schema_test

import (
	"strings"
	"testing"
	"time"

	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

const good = `
version: trainyard.dev/data-schema/v1
timeColumn: ts
label: class
key: [id]
columns:
- name: price
  kind: numerical
  importance: 3
  minEffect: 0.2
  effect: ks
  expect: {type: float, maxMissing: 0.05, min: 0, max: 100, maxOutOfRange: 0.01}
  rules:
  - {when: Missing, action: Repair, with: Median}
  - {when: OutOfRange, action: Repair, with: Nearest}
  - {when: Infinite, action: QuarantineRows}
- name: city
  kind: categorical
  sensitive: true
  expect: {values: [Rome, Oslo], maxUnseen: 0.1}
  rules:
  - {when: UnknownCategory, action: Repair, value: other}
- name: vector
  kind: embedding
  columns: [e_*]
rows: {min: 10, maxDuplicates: 0.1, maxAge: 2d}
windows: {reference: "before=30d,gap=1d", current: last=7d, length: 7d, season: 1w}
native: {falseAlarmsPerYear: 2, windowsPerYear: 52, minEffect: 0.1, minRows: 30}
`

func TestParse(t *testing.T) {
	s, err := schema.Parse("s.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	price, found := s.Lookup("price")
	if !found || price.Weight() != 3 || *price.Expect.Max != 100 || len(price.Rules) != 3 {
		t.Errorf("price: %+v", price)
	}
	if city, _ := s.Lookup("city"); city.Weight() != 1 || city.Rules[0].Value.Text != "other" {
		t.Errorf("city: %+v", city)
	}
	week := window.Duration(7 * 24 * time.Hour)
	if s.Windows.Reference.Before != 30*week/7 || s.Windows.Reference.Gap != week/7 || s.Windows.Current.Last != week || s.Windows.Season.Time != week {
		t.Errorf("windows: %+v", s.Windows)
	}
	if s.MinShown() != schema.DefaultMinCount {
		t.Errorf("minimum count %d", s.MinShown())
	}
}

// A mistake names the file, the field, the value and the cure.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown field", "columms: []", `s.yaml: schema: there is no field "columms"`},
		{"no name", "columns: [{kind: text}]", "columns[0].name: name the column"},
		{"twice", "columns: [{name: a}, {name: a}]", `columns[1].name is "a": the column is listed twice`},
		{"kind", "columns: [{name: a, kind: number}]", `columns[0] (a).kind is "number": take one of numerical`},
		{"share", "columns: [{name: a, expect: {maxMissing: 5}}]", `columns[0] (a).expect.maxMissing is "5": give a share`},
		{"range", "columns: [{name: a, expect: {min: 5, max: 1}}]", "must not be above max, 1"},
		{"type", "columns: [{name: a, expect: {type: int}}]", `expect.type is "int": take one of integer`},
		{"effect", "columns: [{name: a, effect: psi}]", "take wasserstein or ks"},
		{"importance", "columns: [{name: a, importance: -1}]", "give zero or more"},
		{"rule without bounds", "columns: [{name: a, rules: [{when: OutOfRange, action: QuarantineRows}]}]", "give the column expect.min"},
		{"rule without values", "columns: [{name: a, rules: [{when: UnknownCategory, action: QuarantineRows}]}]", "give the column expect.values"},
		{"repair by nothing", "columns: [{name: a, rules: [{when: Missing, action: Repair}]}]", "give with (Median, Nearest, Mode) or value"},
		{"repair by two", "columns: [{name: a, rules: [{when: Missing, action: Repair, with: Median, value: 1}]}]", "give with"},
		{"quarantine with", "columns: [{name: a, rules: [{when: Missing, action: QuarantineRows, with: Median}]}]", "only Repair"},
		{"nearest to nothing", "columns: [{name: a, rules: [{when: Missing, action: Repair, with: Nearest}]}]", "Nearest is for OutOfRange"},
		{"when", "columns: [{name: a, rules: [{when: Odd, action: Repair, value: 1}]}]", `rules[0].when is "Odd": take one of Missing`},
		{"embedding", "columns: [{name: a, kind: embedding}]", "name the embedding's columns"},
		{"window", `windows: {current: "last=7"}`, `"7" is no duration between 0 and 36500d`},
		{"window of both", `windows: {current: "last=7d,rows=0:1"}`, "give exactly one of"},
		{"window of another kind", `windows: {current: "before=7d"}`, "before is for the reference"},
		{"window that ends early", `windows: {current: "time=2026-02-01/2026-01-01"}`, "it ends before it begins"},
		{"length", `windows: {length: "7 days"}`, `"7 days" is no`},
		{"version", "version: v9", "this profiler reads"},
		{"rows", "rows: {min: 5, max: 2}", "rows.max"},
		{"no YAML", "columns: [", "s.yaml: schema: "},
	} {
		if _, err := schema.Parse("s.yaml", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
}

// What is written is read back as the same.
func TestWindowText(t *testing.T) {
	for _, text := range []string{
		"", "rows=0:4531", "rows=90%:", "rows=:10%", "time=2026-01-01T00:00:00Z/2026-02-01T12:00:00Z", "time=/2026-02-01T00:00:00Z",
		"last=7d", "last=36h0m0s,offset=1d", "before=30d,gap=1d", "before=1h30m0s",
	} {
		w, err := schema.ParseWindow(text)
		if err != nil {
			t.Fatal(err)
		}
		if w.String() != text {
			t.Errorf("%q is written back as %q", text, w)
		}
		if w.IsZero() != (text == "") {
			t.Errorf("%q: zero %v", text, w.IsZero())
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(good)
	f.Add("columns: [{name: a, rules: [{when: Missing, action: Repair, value: 1e400}]}]")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = schema.Parse("s.yaml", []byte(text)) })
}

func FuzzWindow(f *testing.F) {
	for _, seed := range []string{"rows=:10%", "time=2026-01-01/", "last=7d,offset=1d", "before=1w"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, err := schema.ParseWindow(text)
		if err != nil {
			return
		}
		again, err := schema.ParseWindow(w.String())
		if err != nil || again.String() != w.String() {
			t.Errorf("%q is written as %q and read as %q, %v", text, w, again, err)
		}
	})
}
