//go:build cgo

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/trainyard/trainyard/pkg/hardware"
	"github.com/trainyard/trainyard/test/fakenvml"
)

func TestEveryActionHasAdvice(t *testing.T) {
	quiet := []hardware.Action{hardware.ActionNone, hardware.ActionCount}
	for _, action := range hardware.Actions() {
		if _, ok := adviceFor[action]; ok == slices.Contains(quiet, action) {
			t.Errorf("%s: advice %v", action, ok)
		}
	}
}

// TestTable: the whole page, as one would pin it to a wall.
func TestTable(t *testing.T) {
	library, scenario := fake(t, "H100", 3)
	scenario.GPU(0, "utilization", "50").GPU(0, "temperature", "55").GPU(0, "power", "350").GPU(0, "memory_used", "40960")
	scenario.GPU(1, "remap_pending", "1").GPU(2, "lost", "1")
	if err := scenario.Write(); err != nil {
		t.Fatal(err)
	}
	out, _, err := call(t, "probe", "-nvml-library", library, "-pod-resources", "", "-kmsg", "")
	if err != nil {
		t.Fatal(err)
	}
	want := `FATAL   1 of 3 GPUs healthy   mode GPU   driver 580.95.05

       busy                             core   margin   power  memory in use
GPU 0  [██████████          ]  50 %   55 °C    32 °C   350 W   40.0 of  79.6 GiB
       NVIDIA H100 80GB HBM3, GPU-233010de-0000-4000-8000-000000000000, 0000:18:00.0
       Healthy: no fault is known

GPU 1  [                    ]   0 %   32 °C    55 °C    72 W    0.0 of  79.6 GiB
       NVIDIA H100 80GB HBM3, GPU-233010de-0000-4000-8000-000000000001, 0000:28:00.0
       Degraded: a row remap waits: no new work, reset the GPU
       what to do: give it no new work; when it is idle, reset it (agent release, nvidia-smi --gpu-reset -i GPU)
`
	got, _, _ := strings.Cut(out, "\nGPU 2")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(out, "what to do: move the work, then reboot this machine") {
		t.Errorf("no advice for a GPU that is lost:\n%s", out)
	}
}

// TestOldLibrary: a driver that lacks the newer calls is probed all the same. A
// call that its library does not have would kill the process, so each probe is
// one of its own.
func TestOldLibrary(t *testing.T) {
	_, scenario := fake(t, "T4", 2)
	library, err := fakenvml.Build(t.Context(), fakenvml.Old)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range fakenvml.Profiles {
		t.Run(profile, func(t *testing.T) {
			if err := scenario.Line("profile", profile).GPU(1, "ecc_uncorrected", "1").GPU(0, "reasons", "0x8").Write(); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0], "probe", "-o", "json", "-nvml-library", library, "-pod-resources", "")
			cmd.Env = append(os.Environ(), asAgent+"=1")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var report probeReport
			if err := json.Unmarshal(out, &report); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if len(report.GPUs) != 2 || report.GPUs[1].Verdict.Rule != "ecc-uncorrected" {
				t.Errorf("%+v", report)
			}
			signals := report.GPUs[0].Signals
			if signals["hardware_slowdown"] != 1 {
				t.Error("the reasons for low clocks are read by their old name, and were not")
			}
			for _, newer := range []string{"sram_threshold_exceeded", "recovery_action"} {
				if value, known := signals[newer]; known {
					t.Errorf("%s = %v, and no such library can tell", newer, value)
				}
			}
		})
	}
}

// asAgent makes the test's program be the agent.
const asAgent = "TRAINYARD_TEST_AS_AGENT"

func TestMain(m *testing.M) {
	if os.Getenv(asAgent) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}
