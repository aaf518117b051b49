package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const secret = "GPU-6d3a1f52-9c1e-4b7a-a1d2-77c2f0e4b9aa"

func answer(utilization, watts float64) *report {
	return &report{Mode: "GPU", DriverVersion: "580.95.05", GPUs: []gpu{{
		UUID: secret, Model: "NVIDIA H200", Verdict: verdict{Severity: "Healthy", Reason: "no fault is known of " + secret},
		Signals: map[string]float64{"utilization_ratio": utilization, "power_watts": watts},
	}}}
}

// run runs a check whose probes answer so, one after the other.
func run(t *testing.T, burned error, answers ...*report) (folder, out string, err error) {
	t.Helper()
	var text strings.Builder
	c := &check{
		probe: func(context.Context) (*report, error) {
			next := answers[0]
			answers = answers[1:]
			return next, nil
		},
		burn: func(context.Context) (func() error, error) { return func() error { return burned }, nil }, folder: t.TempDir(), out: &text,
	}
	err = c.run(t.Context())
	return c.folder, text.String(), err
}

func TestWithoutGPU(t *testing.T) {
	folder, out, err := run(t, nil, &report{Mode: "CPU", ModeReason: "the driver's library was not found"})
	if err != nil || !strings.Contains(out, "nothing was checked") || !strings.Contains(out, "was not found") {
		t.Errorf("%q, %v", out, err)
	}
	if files, _ := os.ReadDir(folder); len(files) != 0 {
		t.Errorf("recorded %v", files)
	}
}

func TestWithGPU(t *testing.T) {
	folder, _, err := run(t, nil, answer(0, 75), answer(1, 600))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, "nvidia-h200.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(content), secret) {
		t.Errorf("the fixture tells which device it was:\n%s", content)
	}
	var f fixture
	if err := json.Unmarshal(content, &f); err != nil || f.Idle[0].Signals["power_watts"] != 75 || f.Busy[0].Signals["power_watts"] != 600 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestAgentDoesNotNotice(t *testing.T) {
	for want, busy := range map[string]*report{"utilisation": answer(0.2, 600), "no more power": answer(1, 75)} {
		if _, _, err := run(t, nil, answer(0, 75), busy); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error about %s", err, want)
		}
	}
}

func TestWithoutCUDA(t *testing.T) {
	folder, out, err := run(t, errNoDriver, answer(0, 75), answer(0, 75))
	if err != nil || !strings.Contains(out, "not kept busy") {
		t.Errorf("%q, %v", out, err)
	}
	if files, _ := os.ReadDir(folder); len(files) != 1 {
		t.Error("what the driver answers idle is worth recording all the same")
	}
}
