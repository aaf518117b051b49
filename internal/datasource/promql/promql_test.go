package promql_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/servertest"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

var start = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)

// samples are two series of a value a minute for four hours.
func samples() string {
	var text strings.Builder
	text.WriteString("# TYPE score gauge\n")
	for _, model := range []string{"b", "a"} {
		for minute := range 4 * 60 {
			fmt.Fprintf(&text, "score{model=%q,time=\"x\"} %d %d\n", model, minute, start.Add(time.Duration(minute)*time.Minute).Unix())
		}
	}
	return text.String() + "# EOF\n"
}

func TestPrometheus(t *testing.T) {
	address := servertest.Prometheus(t, samples())
	options := datasource.Options{Guard: guard.OwnMachine(os.Getenv)}
	between := func(from, to time.Duration) datasource.WindowSpec {
		a, b := start.Add(from), start.Add(to)
		return datasource.WindowSpec{From: &a, To: &b}
	}
	open := func(through string, change func(*datasource.Spec)) (datasource.Table, error) {
		spec := datasource.Spec{URL: "prometheus+http://" + through, Query: "score", Window: between(0, 3*time.Minute)}
		change(&spec)
		opened, err := datasource.Open(context.Background(), spec, options)
		if err == nil {
			t.Cleanup(func() { _ = opened.Close() })
		}
		return opened, err
	}
	t.Run("a row a value", func(t *testing.T) {
		opened, err := open(address, func(*datasource.Spec) {})
		if err != nil {
			t.Fatal(err)
		}
		values, err := opened.Column(context.Background(), "value")
		if err != nil {
			t.Fatal(err)
		}
		models, err := opened.Column(context.Background(), "model")
		if err != nil {
			t.Fatal(err)
		}
		// The end of a window is not in it; series come by name.
		if diff := cmp.Diff([]float64{0, 1, 2, 0, 1, 2}, values.Numbers); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"a", "b"}, models.Labels); diff != "" {
			t.Error(diff)
		}
		times, err := opened.Column(context.Background(), "time")
		if err != nil || times.Type != datasource.Timestamp || times.Numbers[1] != float64(start.Unix()+60) {
			t.Errorf("%+v %v", times, err)
		}
		if _, known := opened.Schema().Lookup("label_time"); !known {
			t.Errorf("a label called time is lost: %v", opened.Schema())
		}
	})
	t.Run("more than one answer holds", func(t *testing.T) {
		opened, err := open(address, func(s *datasource.Spec) {
			s.Window = between(0, 4*time.Hour)
			s.Step = window.Duration(time.Second)
			s.Columns = []string{"value"}
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := 2 * 4 * 60 * 60; opened.Rows() != want {
			t.Errorf("%d rows, want %d", opened.Rows(), want)
		}
	})
	t.Run("errors", func(t *testing.T) {
		tests := []struct {
			name   string
			change func(*datasource.Spec)
			want   string
		}{
			{"no query", func(s *datasource.Spec) { s.Query = "" }, "query is empty"},
			{"no end", func(s *datasource.Spec) { s.Window.To = nil }, "a window that starts and ends"},
			{"not PromQL", func(s *datasource.Spec) { s.Query = "score{" }, "the server refuses the query (bad_data)"},
			{"too short a step", func(s *datasource.Spec) { s.Step = 1 }, "shorter than a millisecond"},
			{"no such column", func(s *datasource.Spec) { s.Columns = []string{"nope"} }, `has no column "nope"`},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				if _, err := open(address, test.change); err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			})
		}
	})
	t.Run("cut off", func(t *testing.T) {
		proxy := servertest.NewProxy(t, address)
		proxy.CutAt(0, 100, 700)
		opened, err := open(proxy.Address(), func(*datasource.Spec) {})
		if err != nil || opened.Rows() != 6 {
			t.Errorf("three cuts: %v", err)
		}
		proxy.CutAlways(0)
		if _, err := open(proxy.Address(), func(*datasource.Spec) {}); err == nil || !strings.Contains(err.Error(), "failed 5 times") {
			t.Errorf("always cut: %v", err)
		}
	})
	t.Run("guard", func(t *testing.T) {
		options.Guard = guard.Pod(os.Getenv)
		if _, denied := guard.Denied(func() error { _, err := open(address, func(*datasource.Spec) {}); return err }()); !denied {
			t.Error("a pod may dial its own machine")
		}
	})
}
