package profile_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile"
	"github.com/trainyard/trainyard/internal/profile/schema"
)

// hours is a table of one row an hour, stored backwards, with one row without time.
func hours(n int) memory {
	var at, x []float64
	for i := range n {
		at, x = append(at, 1.7e9+float64(3600*(n-1-i))), append(x, float64(n-1-i))
	}
	return memory{numbers("at", table.Timestamp, append(at, math.NaN())...), numbers("x", table.Float, append(x, -1)...)}
}

func read(t *testing.T, v *profile.View, name string) []float64 {
	t.Helper()
	c, err := v.Column(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return c.Numbers
}

// Windows hold the rows that they say, in order of time.
func TestWindows(t *testing.T) {
	all := view(t, hours(100), "hours", "at")
	if got := read(t, all, "x"); len(got) != 100 || !slices.IsSorted(got) {
		t.Fatalf("%d rows, not in order of time", len(got))
	}
	cut := func(text string, current *profile.View) []float64 {
		w, err := schema.ParseWindow(text)
		if err != nil {
			t.Fatal(err)
		}
		v, err := all.Cut(w, current)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, v, "x")
	}
	last, err := schema.ParseWindow("last=5h")
	if err != nil {
		t.Fatal(err)
	}
	current, err := all.Cut(last, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text string
		want []float64
	}{
		{"rows=2:4", []float64{2, 3}},
		{"rows=98%:", []float64{98, 99}},
		{"last=3h", []float64{97, 98, 99}},
		{"last=2h,offset=1d", []float64{74, 75}},
		{"time=2023-11-14T22:13:20Z/2023-11-15T00:13:20Z", []float64{0, 1}},
		{"before=3h", []float64{92, 93, 94}},
		{"before=2h,gap=10h", []float64{83, 84}},
	} {
		w := current
		if diff := cmp.Diff(c.want, cut(c.text, w)); diff != "" {
			t.Errorf("%s:\n%s", c.text, diff)
		}
	}
	for _, text := range []string{"last=1h,offset=900d", "rows=50:50", "time=2030-01-01/"} {
		w, err := schema.ParseWindow(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all.Cut(w, nil); err == nil {
			t.Errorf("%s holds rows", text)
		}
	}
	if _, err := view(t, hours(10), "hours", "").Cut(last, nil); err == nil {
		t.Error("a window of time was cut without times")
	}
}

func ruled(t *testing.T, m memory, text string) (*profile.View, profile.Acted, error) {
	t.Helper()
	s, err := schema.Parse("s", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return view(t, m, "m", "").Apply(t.Context(), s)
}

func TestRules(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	m := memory{
		numbers("x", table.Float, 1, nan, 200, -5, inf, 3, 3),
		texts("city", "Rome", "Oslo", "", "Atlantis", "Rome", "Oslo", "Rome"),
	}
	v, acted, err := ruled(t, m, `
columns:
- name: x
  expect: {min: 0, max: 100}
  rules:
  - {when: Infinite, action: QuarantineRows}
  - {when: Missing, action: Repair, with: Median}
  - {when: OutOfRange, action: Repair, with: Nearest}
- name: city
  expect: {values: [Rome, Oslo]}
  rules:
  - {when: UnknownCategory, action: Repair, value: elsewhere}
  - {when: Missing, action: Repair, with: Mode}
`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{1, 3, 100, 0, 3, 3}, read(t, v, "x")); diff != "" {
		t.Error(diff)
	}
	city, err := v.Column(t.Context(), "city")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, code := range city.Codes {
		names = append(names, city.Labels[code])
	}
	if diff := cmp.Diff([]string{"Rome", "Oslo", "Rome", "elsewhere", "Oslo", "Rome"}, names); diff != "" {
		t.Error(diff)
	}
	var counts []int
	for _, a := range acted.Actions {
		counts = append(counts, a.Rows)
	}
	if diff := cmp.Diff([]int{1, 1, 2, 1, 1}, counts); diff != "" || acted.Quarantined != 1 {
		t.Errorf("%+v\n%s", acted, diff)
	}
}

func TestRulesThatCannotAct(t *testing.T) {
	m := memory{numbers("x", table.Float, math.NaN()), texts("city", "Rome")}
	for name, text := range map[string]string{
		"median of nothing": "columns: [{name: x, rules: [{when: Missing, action: Repair, with: Median}]}]",
		"text for a number": "columns: [{name: x, rules: [{when: Missing, action: Repair, value: none}]}]",
		"number for text":   "columns: [{name: city, rules: [{when: Missing, action: Repair, value: 3}]}]",
		"infinite text":     "columns: [{name: city, rules: [{when: Infinite, action: QuarantineRows}]}]",
	} {
		if _, _, err := ruled(t, m, text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
