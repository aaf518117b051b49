package fleet

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const (
	plainFolder = "../../config/prometheus/plain"
	runbooks    = "../../docs/runbooks"
)

type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

type rule struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func shippedRules(t *testing.T) []rule {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(plainFolder, "trainyard.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file ruleFile
	if err := yaml.UnmarshalStrict(content, &file); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// TestOneSource: the PrometheusRule says what the plain file says.
func TestOneSource(t *testing.T) {
	var plain, wrapped map[string]any
	for path, into := range map[string]*map[string]any{filepath.Join(plainFolder, "trainyard.rules.yml"): &plain, plainFolder + "/../alerts.yaml": &wrapped} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(content, into); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(plain, wrapped["spec"]); diff != "" {
		t.Errorf("run make manifests (-plain +PrometheusRule):\n%s", diff)
	}
}

// TestRunbooks: every alert has a page that says what it means, what to look at
// and what to do, and every page has an alert.
func TestRunbooks(t *testing.T) {
	pages := map[string]bool{}
	for _, r := range shippedRules(t) {
		page := r.Alert + ".md"
		pages[page] = true
		if want := "https://github.com/trainyard/trainyard/blob/main/docs/runbooks/" + page; r.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
		}
		content, err := os.ReadFile(filepath.Join(runbooks, page))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, part := range []string{"# " + r.Alert, "## What it means", "## What to look at", "## What to do"} {
			if !strings.Contains(string(content), part+"\n") {
				t.Errorf("%s lacks %q", page, part)
			}
		}
	}
	entries, err := os.ReadDir(runbooks)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "README.md" && !pages[e.Name()] {
			t.Errorf("%s is the page of no alert", e.Name())
		}
	}
}

// TestRulesOverTime runs promtool on the rules: what each takes to fire, and how
// long.
func TestRulesOverTime(t *testing.T) {
	needsFleet(t)
	for _, args := range [][]string{{"check", "rules", "trainyard.rules.yml"}, {"test", "rules", "trainyard.test.yml"}} {
		cmd := exec.CommandContext(t.Context(), "promtool", args...)
		cmd.Dir = plainFolder
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}
}

func TestNoAlertOnAHealthyFleet(t *testing.T) {
	needsFleet(t)
	known(t, `count(up{job="trainyard-agent"} == 1) == 4`, 2*time.Minute)
	known(t, `count(trainyard_gpu_severity{severity="Healthy"}) == 10`, 2*time.Minute)
	known(t, `count(trainyard_gpu_pod_info) == 8`, 2*time.Minute)
	known(t, `count(increase(trainyard_agent_status_writes_total{result="ok"}[15m]) > 0) == 4`, 2*time.Minute)
	known(t, `count(rate(trainyard_nvml_call_duration_seconds_bucket[10m])) > 0`, 2*time.Minute)
	for _, r := range shippedRules(t) {
		series, err := shared.Prometheus.Query(t.Context(), r.Expr)
		if err != nil || len(series) > 0 {
			t.Errorf("%s on a healthy fleet: %v, %v", r.Alert, series, err)
		}
	}
	var state struct{ Alerts []any }
	if err := shared.Prometheus.Get(t.Context(), "alerts", url.Values{}, &state); err != nil || len(state.Alerts) > 0 {
		t.Errorf("Prometheus itself says %v, %v", state.Alerts, err)
	}
}

func TestEveryAlertFires(t *testing.T) {
	needsFleet(t)
	breakFleet(t)
	for _, r := range shippedRules(t) {
		// A share of ten minutes or of an hour is reached within one of a minute;
		// the rules' own spans are TestRulesOverTime's.
		expression := strings.NewReplacer("[10m]", "[1m]", "[1h]", "[1m]").Replace(r.Expr)
		t.Run(r.Alert, func(t *testing.T) { known(t, expression, 2*time.Minute) })
	}
	var state struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	if err := shared.Prometheus.Get(t.Context(), "rules", url.Values{}, &state); err != nil || len(state.Groups) != 3 {
		t.Fatalf("%+v, %v", state, err)
	}
	for _, group := range state.Groups {
		for _, r := range group.Rules {
			if r.Health != "ok" {
				t.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
			}
		}
	}
}

// breakFleet gives the fleet a fault for every alert, once.
func breakFleet(t *testing.T) {
	t.Helper()
	if err := broken(); err != nil {
		t.Fatal(err)
	}
}

var broken = sync.OnceValue(func() error {
	ctx := context.Background()
	s := sick.Scenario.Xid(0, 79).Xid(3, 900).GPU(1, "remap_pending", "1").GPU(2, "margin", "3").GPU(2, "reasons", "0x8")
	s.GPU(3, "utilization", "0").GPU(3, "link_crc", "0+99999999")
	noDrive.Scenario.Line("down", "")
	if err := errors.Join(s.Write(), noDrive.Scenario.Write(), sick.FailMemory(), sick.FailDisk()); err != nil {
		return err
	}
	for _, name := range []string{"dead-0", "dead-1", "dead-2"} {
		if _, err := shared.AddNode(ctx, Spec{Name: name, Dead: true}); err != nil {
			return err
		}
	}
	// An agent with the token of another node's, which may write for nobody, and
	// whose driver is slow.
	mute, err := shared.AddNode(ctx, Spec{Name: "gpu-mute", Profile: "T4", GPUs: 1, TokenOf: "gpu-well"})
	if err == nil {
		go stutter(mute)
	}
	return err
})

// stutter lets a call of the node's driver take seconds, again and again, until
// the fleet is gone.
func stutter(n *Node) {
	pause := time.NewTicker(3 * time.Second)
	defer pause.Stop()
	for {
		if n.Scenario.Hang("nvmlDeviceGetPowerUsage", 0).Write() != nil {
			return
		}
		<-pause.C
		if n.Scenario.Release("nvmlDeviceGetPowerUsage").Write() != nil {
			return
		}
		<-pause.C
	}
}
