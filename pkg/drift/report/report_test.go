package report_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		value float64
		want  string
	}{
		{0, "0"}, {0.1, "0.1"}, {-3, "-3"}, {math.NaN(), "null"}, {math.Inf(1), "null"}, {math.Inf(-1), "null"},
		{1e-300, "1e-300"}, {1e22, "1e+22"}, {math.Nextafter(1, 2), "1.0000000000000002"},
	} {
		text, err := json.Marshal(report.Number(c.value))
		if err != nil || string(text) != c.want {
			t.Errorf("%v is written as %s (%v), want %s", c.value, text, err, c.want)
		}
		var back report.Number
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if back.Exists() && float64(back) != c.value || !back.Exists() && c.want != "null" {
			t.Errorf("%s is read as %v", text, back)
		}
	}
	var n report.Number
	if err := json.Unmarshal([]byte(`"many"`), &n); err == nil {
		t.Error("a string was taken as a number")
	}
}

func TestRanked(t *testing.T) {
	column := func(name string, state report.ColumnState, effect, importance float64) report.Column {
		return report.Column{Name: name, State: state, Effect: report.Number(effect), Importance: report.Number(importance)}
	}
	r := report.Report{Columns: []report.Column{
		column("stable", report.ColumnStable, 9, 9),
		column("skipped", report.ColumnSkipped, math.NaN(), 1),
		column("weak", report.ColumnDrifted, 0.2, 1),
		column("heavy", report.ColumnDrifted, 0.1, 5),
		column("b", report.ColumnUnknown, math.NaN(), 1),
		column("a", report.ColumnUnknown, math.NaN(), 1),
	}}
	var names []string
	for _, c := range r.Ranked() {
		names = append(names, c.Name)
	}
	want := []string{"heavy", "weak", "a", "b", "stable", "skipped"}
	for i := range want {
		if names[i] != want[i] {
			t.Fatalf("%v, want %v", names, want)
		}
	}
	if r.Columns[0].Name != "stable" {
		t.Error("the report's own order changed")
	}
}
