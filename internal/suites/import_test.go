package suites_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/internal/suites"
)

// What the tools wrote is taken over as testdata/*.yaml has it, and what is not
// is named as testdata/*.unmapped has it. UPDATE=1 writes both anew.
func TestRealSuites(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no suites", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			format := suites.Evidently
			if strings.Contains(file, "great-expectations") {
				format = suites.GreatExpectations
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			result, err := suites.Import(format, text)
			if err != nil {
				t.Fatal(err)
			}
			out, err := result.YAML()
			if err != nil {
				t.Fatal(err)
			}
			unmapped := ""
			for _, u := range result.Unmapped {
				unmapped += u.String() + "\n"
			}
			golden(t, strings.TrimSuffix(file, ".json")+".yaml", string(out))
			golden(t, strings.TrimSuffix(file, ".json")+".unmapped", unmapped)
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// A choice for all columns of a kind needs to know which columns these are.
func TestKindsBesideMetrics(t *testing.T) {
	text := `{"data_definition": {"numerical_columns": ["a", "b"], "categorical_columns": ["c"]},
		"metrics": [{"type": "evidently:metric_container:DataDriftPreset", "num_method": "psi", "num_threshold": 0.2, "per_column_method": {"b": "ks"}}]}`
	result, err := suites.Import(suites.Evidently, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	methods := map[string]string{}
	for _, c := range result.Schema.Columns {
		methods[c.Name] = c.Method
	}
	if diff := cmp.Diff(map[string]string{"a": "psi", "b": "ks", "c": ""}, methods); diff != "" {
		t.Error(diff)
	}
	if len(result.Unmapped) != 0 {
		t.Errorf("left: %v", result.Unmapped)
	}
}

// Of two bounds on the same thing the stricter one is kept.
func TestStricterBoundWins(t *testing.T) {
	result, err := suites.Import(suites.GreatExpectations, []byte(`{"expectations": [
		{"type": "expect_column_values_to_be_between", "kwargs": {"column": "a", "min_value": 0, "max_value": 10, "mostly": 0.9}},
		{"type": "expect_column_values_to_be_between", "kwargs": {"column": "a", "min_value": 1, "max_value": 20, "mostly": 0.99}},
		{"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "b", "value_set": [1, 2, 3]}},
		{"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "b", "value_set": [2, 3, 4]}},
		{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 5, "max_value": 50}},
		{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 7, "max_value": 70}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := result.Schema.Lookup("a")
	b, _ := result.Schema.Lookup("b")
	got := []any{*a.Expect.Min, *a.Expect.Max, *a.Expect.MaxOutOfRange, b.Expect.Values, result.Schema.Rows.Min, result.Schema.Rows.Max}
	if diff := cmp.Diff([]any{1., 10., 0.01, []string{"2", "3"}, 7, 50}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		format suites.Format
		text   string
		want   string
	}{
		{"no JSON", suites.Evidently, "metrics:", "save it as JSON"},
		{"nothing in it", suites.Evidently, "{}", "neither metrics nor columns"},
		{"the results of a run", suites.Evidently, `{"metric_results": {"a": 1}, "metrics": []}`, "results of a run"},
		{"a metric without a type", suites.Evidently, `{"metrics": [{}]}`, "has no type"},
		{"a metric without its column", suites.Evidently, `{"metrics": [{"type": "x:ValueDrift"}]}`, "names no column"},
		{"no suite", suites.GreatExpectations, `{"metrics": []}`, "no list of expectations"},
		{"an expectation without a name", suites.GreatExpectations, `{"expectations": [{}]}`, "neither type nor expectation_type"},
		{"bounds that exclude each other", suites.GreatExpectations, `{"expectations": [
			{"type": "expect_column_min_to_be_between", "kwargs": {"column": "a", "min_value": 5}},
			{"type": "expect_column_max_to_be_between", "kwargs": {"column": "a", "max_value": 1}}]}`, "contradicts itself"},
		{"another tool", "soda", "{}", "take evidently or great-expectations"},
		{"too large", suites.Evidently, strings.Repeat(" ", suites.MaxBytes+1), "at most"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := suites.Import(c.format, []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something with %q", err, c.want)
			}
			var refused *suites.Error
			if strings.Contains(c.name, "results") && !errors.As(err, &refused) {
				t.Errorf("%T is no *suites.Error", err)
			}
		})
	}
}

// Nothing is dropped in silence: what is not taken over is named.
func TestEveryUnknownIsNamed(t *testing.T) {
	for format, text := range map[suites.Format]string{
		suites.Evidently:         `{"metrics": [{"type": "evidently:metric_v2:Surprise", "column": "a"}]}`,
		suites.GreatExpectations: `{"expectations": [{"type": "Surprise", "kwargs": {"column": "a"}}]}`,
	} {
		result, err := suites.Import(format, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Unmapped) != 1 || result.Unmapped[0].Name != "Surprise" || result.Unmapped[0].Where != "a" {
			t.Errorf("%s: %v", format, result.Unmapped)
		}
	}
}

// Whatever is read, what comes out is a schema that the profiler reads.
func FuzzImport(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, format := range suites.Formats {
			result, err := suites.Import(format, text)
			if err != nil {
				continue
			}
			out, err := result.YAML()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := schema.Parse("imported", out); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	})
}
