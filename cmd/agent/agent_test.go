//go:build cgo

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/test/fakenvml"
)

// call runs a command and returns what it printed.
func call(t *testing.T, args ...string) (out, err string, failure error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	failure = dispatch(t.Context(), streams{&stdout, &stderr, clock.RealClock{}}, args)
	return stdout.String(), stderr.String(), failure
}

func fake(t *testing.T, profile string, gpus int) (library string, scenario *fakenvml.Scenario) {
	t.Helper()
	library, err := fakenvml.Build(context.Background(), fakenvml.Current)
	if err != nil {
		t.Fatal(err)
	}
	scenario = fakenvml.NewScenario(filepath.Join(t.TempDir(), "scenario"), profile, gpus)
	t.Setenv(fakenvml.EnvScenario, scenario.Path())
	if err := scenario.Write(); err != nil {
		t.Fatal(err)
	}
	return library, scenario
}

func TestProbeEveryProfile(t *testing.T) {
	for _, profile := range fakenvml.Profiles {
		t.Run(profile, func(t *testing.T) {
			library, scenario := fake(t, profile, 4)
			scenario.GPU(1, "ecc_uncorrected", "1").GPU(2, "temperature", "55").GPU(2, "utilization", "50")
			if err := scenario.Write(); err != nil {
				t.Fatal(err)
			}
			out, _, err := call(t, "probe", "-o", "json", "-nvml-library", library)
			if err != nil {
				t.Fatal(err)
			}
			var report probeReport
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatal(err)
			}
			if report.Mode != "GPU" || report.DriverVersion != "580.95.05" || len(report.GPUs) != 4 || report.Verdict.Severity != "Fatal" {
				t.Fatalf("%+v", report)
			}
			if g := report.GPUs[1]; g.Verdict.Action != "ResetDevice" || g.Verdict.Rule != "ecc-uncorrected" {
				t.Errorf("GPU 1: %+v", g.Verdict)
			}
			if g := report.GPUs[2]; *g.TemperatureCelsius != 55 || *g.UtilizationRatio != 0.5 || g.PowerWatts == nil || g.MemoryTotalBytes == nil || g.MemoryUsedBytes == nil {
				t.Errorf("GPU 2: %+v", g)
			}
			table, _, err := call(t, "probe", "-nvml-library", library)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"FATAL   3 of 4 GPUs healthy", "[██████████          ]  50 %", "Fatal: ecc_uncorrected=1: uncorrected memory errors: reset the GPU"} {
				if !strings.Contains(table, want) {
					t.Errorf("the table lacks %q:\n%s", want, table)
				}
			}
		})
	}
}

func TestProbeWithoutGPU(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	out, _, err := call(t, "probe", "-o", "json", "-nvml-library", missing)
	if err != nil {
		t.Fatal(err)
	}
	var report probeReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if report.Mode != "CPU" || report.ModeReason == "" || len(report.GPUs) != 0 || !strings.Contains(out, `"gpus": []`) {
		t.Errorf("%s", out)
	}
	if table, _, err := call(t, "probe", "-nvml-library", missing); err != nil || !strings.Contains(table, "mode CPU") {
		t.Errorf("%s, %v", table, err)
	}
}

func TestProbeDevice(t *testing.T) {
	library, scenario := fake(t, "H100", 2)
	const uuid = "GPU-233010de-0000-4000-8000-000000000001"
	if _, _, err := call(t, "probe-device", "-nvml-library", library, uuid); err != nil {
		t.Error(err)
	}
	if err := scenario.GPU(1, "lost", "1").Write(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := call(t, "probe-device", "-nvml-library", library, uuid); err == nil {
		t.Error("read a GPU that is lost")
	}
}

const policyFile = `apiVersion: trainyard.dev/v1alpha1
kind: HardwarePolicy
metadata: {name: stern}
spec:
  rules:
  - name: warm
    when: temperature_celsius > 50
    outcome: {severity: Degraded, class: Hardware, action: RunDiagnostics, advice: too warm for us}
`

func TestReplayAndPolicy(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tape := write("tape", `{"time":"2026-03-01T12:00:00Z","bootID":"b","devices":[{"uuid":"GPU-0","readable":true,"vars":{"temperature_celsius":40}}]}
{"time":"2026-03-01T12:00:05Z","bootID":"b","devices":[{"uuid":"GPU-0","readable":true,"vars":{"temperature_celsius":60}}]}
`)
	policy := write("policy.yaml", policyFile)
	if out, _, err := call(t, "replay", tape); err != nil || out != "nothing: every verdict stayed healthy\n" {
		t.Errorf("built-in: %q, %v", out, err)
	}
	want := "2026-03-01T12:00:05Z GPU-0: Healthy → Degraded, RunDiagnostics: temperature_celsius=60: too warm for us\n"
	if out, _, err := call(t, "replay", tape, "--policy", policy); err != nil || out != want {
		t.Errorf("stern: %q, %v, want %q", out, err, want)
	}
	if out, _, err := call(t, "policy", policy); err != nil || !strings.HasPrefix(out, "stern is sound") {
		t.Errorf("policy: %q, %v", out, err)
	}
	bad := write("bad.yaml", strings.ReplaceAll(policyFile, "temperature_celsius", "temperature"))
	if _, _, err := call(t, "policy", bad); err == nil || !strings.Contains(err.Error(), "rules[0].when") || !strings.Contains(err.Error(), "did you mean temperature_celsius") {
		t.Errorf("bad policy: %v", err)
	}
	for _, broken := range []string{"kind: Pod", "spec: [", strings.ReplaceAll(policyFile, "rules:", "ruels:")} {
		if _, _, err := call(t, "policy", write("broken.yaml", broken)); err == nil {
			t.Errorf("accepted %q", broken)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for want, args := range map[string][]string{
		"name a command":            nil,
		`"fly" is no command`:       {"fly"},
		"use table or json":         {"probe", "-o", "xml"},
		"takes 1 words":             {"replay"},
		"--node":                    {"run", "-node", ""},
		"--fast: 1ms":               {"run", "-node", "a", "-fast", "1ms"},
		"--slow: 1s":                {"run", "-node", "a", "-slow", "1s"},
		"--policy":                  {"run", "-node", "a", "-policy", "x"},
		"--metrics-insecure":        {"run", "-offline"},
		"--metrics-cert-dir":        {"run", "-node", "a", "-metrics-insecure", "-metrics-cert-dir", "x"},
		"no agent answers":          {"release", "-state", "/nonexistent"},
		"flag provided but not def": {"probe", "-colour-me", "x"},
	} {
		if _, _, err := call(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("agent %v: %v, want an error with %q", args, err, want)
		}
	}
	if out, _, err := call(t, "rules"); err != nil || !strings.Contains(out, "xid-fallen-off-the-bus") {
		t.Errorf("rules: %v", err)
	}
}
