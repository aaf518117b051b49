package fleet

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/hack/dashboard/board"
)

const dashboardFile = "../../config/grafana/gpu-fleet.json"

func shippedDashboard(t *testing.T) board.Dashboard {
	t.Helper()
	content, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var d board.Dashboard
	if err := json.Unmarshal(content, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEveryPanelHasData(t *testing.T) {
	needsFleet(t)
	breakFleet(t) // faults fill the panels about faults
	choices := map[string]map[string]string{
		"all":      {"node": ".*", "namespace": ".*", "pod": ".*"},
		"one node": {"node": "gpu-sick", "namespace": "language", "pod": "gpt-worker-1"},
	}
	for _, panel := range shippedDashboard(t).Panels {
		for _, target := range panel.Targets {
			for name, chosen := range choices {
				t.Run(panel.Title+"/"+target.RefID+"/"+name, func(t *testing.T) { hasData(t, board.Fill(target.Expr, chosen, 30*time.Second), target.Range) })
			}
		}
	}
}

func hasData(t *testing.T, expression string, overTime bool) {
	t.Helper()
	ask := func() ([]Series, error) { return shared.Prometheus.Query(t.Context(), expression) }
	if overTime {
		ask = func() ([]Series, error) {
			now := time.Now()
			return shared.Prometheus.Range(t.Context(), expression, now.Add(-2*time.Minute), now, time.Second)
		}
	}
	until(t, expression, 30*time.Second, func() (bool, error) {
		series, err := ask()
		for _, s := range series {
			if len(s.Points) > 0 {
				return true, nil
			}
		}
		return false, err
	})
}

// TestVariablesHaveValues asks what Grafana would offer as choices.
func TestVariablesHaveValues(t *testing.T) {
	needsFleet(t)
	values := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
	for _, v := range shippedDashboard(t).Templating.List {
		if v.Type != "query" {
			continue
		}
		parts := values.FindStringSubmatch(v.Query)
		if parts == nil {
			t.Errorf("%s: %q is not label_values(metric, label)", v.Name, v.Query)
			continue
		}
		var found []string
		selector := board.Fill(parts[1], map[string]string{"namespace": ".*"}, 0)
		if err := shared.Prometheus.Get(t.Context(), "label/"+parts[2]+"/values", url.Values{"match[]": {selector}}, &found); err != nil || len(found) < 2 {
			t.Errorf("%s offers %q, %v", v.Name, found, err)
		}
	}
}

// TestDashboardIsReadable: every panel says in words what it shows, names what
// it draws, and no colour speaks alone.
func TestDashboardIsReadable(t *testing.T) {
	metrics := regexp.MustCompile(`trainyard_\w+`)
	for _, p := range shippedDashboard(t).Panels {
		if p.Type == "row" {
			continue
		}
		if len(p.Description) < 20 || !strings.HasSuffix(p.Description, ".") || metrics.MatchString(p.Description) {
			t.Errorf("%s: describe it in plain sentences: %q", p.Title, p.Description)
		}
		for _, target := range p.Targets {
			if p.Type == "timeseries" && target.LegendFormat == "" {
				t.Errorf("%s: query %s has no legend", p.Title, target.RefID)
			}
			if p.Type == "timeseries" && p.FieldConfig.Defaults.Unit == "" {
				t.Errorf("%s has no unit", p.Title)
			}
			if !strings.Contains(target.Expr, `node=~"$node"`) {
				t.Errorf("%s: query %s ignores the chosen nodes", p.Title, target.RefID)
			}
		}
	}
}

func TestDashboardIsUpToDate(t *testing.T) {
	want, err := json.Marshal(board.GPUFleet())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var wanted, shipped any
	if err := errors.Join(json.Unmarshal(want, &wanted), json.Unmarshal(got, &shipped)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, shipped); diff != "" {
		t.Errorf("run make manifests (-hack/dashboard +config/grafana):\n%s", diff)
	}
}
