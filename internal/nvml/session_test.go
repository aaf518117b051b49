//go:build cgo

package nvml

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/pkg/hardware"
	"github.com/trainyard/trainyard/test/fakenvml"
)

// library is the fake library, built once for all tests.
var library = sync.OnceValues(func() (string, error) { return fakenvml.Build(context.Background(), fakenvml.Current) })

// stage is a session on the fake library.
type stage struct {
	*testing.T
	scenario *fakenvml.Scenario
	session  *Session
	events   chan Event
}

func newStage(t *testing.T, profile string, gpus int) *stage {
	t.Helper()
	path, err := library()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, scenario: fakenvml.NewScenario(filepath.Join(t.TempDir(), "scenario"), profile, gpus), events: make(chan Event, 16)}
	t.Setenv(fakenvml.EnvScenario, s.scenario.Path())
	s.play()
	s.session = New(Options{Library: path, Timeout: 2 * time.Second, Event: func(e Event) { s.events <- e }}, clock.RealClock{})
	t.Cleanup(s.session.Close)
	return s
}

func (s *stage) play() {
	s.Helper()
	if err := s.scenario.Write(); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) poll() ([]Reading, State) {
	s.Helper()
	return s.session.Poll(context.Background(), true)
}

// until polls until a condition holds.
func (s *stage) until(what string, ok func([]Reading, State) bool) []Reading {
	s.Helper()
	var readings []Reading
	var state State
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); <-pause.C {
		if readings, state = s.poll(); ok(readings, state) {
			return readings
		}
	}
	s.Fatalf("never saw %s; last: %+v %+v", what, state, readings)
	return nil
}

func value(t *testing.T, r Reading, id hardware.VarID) float64 {
	t.Helper()
	v, known := r.Vars.Get(id)
	if !known {
		t.Errorf("GPU %d: %s is not known", r.Index, id)
	}
	return v
}

func TestProfiles(t *testing.T) {
	tests := []struct {
		profile, model string
		memory         float64
		links, margin  bool
		remaps, tensor bool
		pages          bool
	}{
		{"A100", "NVIDIA A100-SXM4-80GB", 81920, true, true, true, false, false},
		{"H100", "NVIDIA H100 80GB HBM3", 81559, true, true, true, true, false},
		{"H200", "NVIDIA H200", 143771, true, true, true, true, false},
		{"B200", "NVIDIA B200", 183359, true, true, true, true, false},
		{"T4", "Tesla T4", 15360, false, true, false, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.profile, func(t *testing.T) {
			s := newStage(t, tt.profile, 2)
			s.scenario.GPU(0, "temperature", "61").GPU(0, "power", "301.5").GPU(0, "utilization", "97").GPU(0, "pcie_tx", "2000").GPU(0, "pcie_rx", "1000")
			s.play()
			s.poll()
			readings, state := s.poll()
			if state.Mode != ModeGPU || state.DriverVersion != "580.95.05" || len(readings) != 2 {
				t.Fatalf("state %+v, %d readings", state, len(readings))
			}
			r := readings[0]
			if r.Model != tt.model || r.Serial == "" || r.PCI != "0000:18:00.0" || !r.Readable {
				t.Errorf("identity %+v", r.Identity)
			}
			for id, want := range map[hardware.VarID]float64{
				hardware.VarTemperature: 61, hardware.VarPower: 301.5, hardware.VarUtilization: 0.97, hardware.VarPCIeThroughput: 3e6,
				hardware.VarMemoryTotal: tt.memory * (1 << 20), hardware.VarLost: 0, hardware.VarAbsent: 0, hardware.VarHardwareSlowdown: 0,
				hardware.VarECCVolatileUncorrected: 0, hardware.VarRecoveryAction: 0, hardware.VarPCIeWidth: 16, hardware.VarStuckPolls: 0,
			} {
				if got := value(t, r, id); got != want {
					t.Errorf("%s = %v, want %v", id, got, want)
				}
			}
			if value(t, r, hardware.VarEnergy) < 0 {
				t.Error("negative energy")
			}
			for id, want := range map[hardware.VarID]bool{
				hardware.VarLinksInactive: tt.links, hardware.VarLinkCRCErrors: tt.links, hardware.VarMargin: tt.margin, hardware.VarMarginSlowdown: tt.margin,
				hardware.VarRemapPending: tt.remaps, hardware.VarTensorActive: tt.tensor, hardware.VarRetiredPages: tt.pages, hardware.VarSRAMThreshold: tt.remaps,
			} {
				if _, known := r.Vars.Get(id); known != want {
					t.Errorf("%s known = %v, want %v: absent is not zero", id, known, want)
				}
			}
		})
	}
}

// TestSignals: every value that a scenario sets arrives under its own variable.
func TestSignals(t *testing.T) {
	tests := []struct {
		key, text string
		id        hardware.VarID
		want      float64
	}{
		{"memory_temperature", "88", hardware.VarMemoryTemperature, 88},
		{"margin", "-3", hardware.VarMargin, -3},
		{"power_limit", "650", hardware.VarPowerLimit, 650},
		{"clock", "1200", hardware.VarClock, 1.2e9},
		{"memory_used", "1024", hardware.VarMemoryUsed, 1 << 30},
		{"reasons", "0x88", hardware.VarPowerBrake, 1},
		{"reasons", "0x08", hardware.VarHardwareSlowdown, 1},
		{"reasons", "0x44", hardware.VarHardwareThermal, 1},
		{"reasons", "0x24", hardware.VarSoftwarePowerCap, 1},
		{"ecc_corrected", "12", hardware.VarECCVolatileCorrected, 12},
		{"ecc_uncorrected", "2", hardware.VarECCVolatileUncorrected, 2},
		{"ecc_uncorrected_lifetime", "7", hardware.VarECCAggregateUncorrected, 7},
		{"sram_exceeded", "1", hardware.VarSRAMThreshold, 1},
		{"remap_uncorrectable", "512", hardware.VarRemapUncorrectable, 512},
		{"remap_correctable", "3", hardware.VarRemapCorrectable, 3},
		{"remap_pending", "1", hardware.VarRemapPending, 1},
		{"remap_failed", "1", hardware.VarRemapFailed, 1},
		{"pcie_width", "8", hardware.VarPCIeWidth, 8},
		{"pcie_generation", "4", hardware.VarPCIeGeneration, 4},
		{"pcie_replays", "99", hardware.VarPCIeReplays, 99},
		{"link_crc", "400", hardware.VarLinkCRCErrors, 400},
		{"link_replays", "5", hardware.VarLinkReplays, 5},
		{"link_recoveries", "6", hardware.VarLinkRecoveries, 6},
		{"links_down", "2", hardware.VarLinksInactive, 2},
		{"recovery_action", "4", hardware.VarRecoveryAction, 4},
		{"processes", "3", hardware.VarProcesses, 3},
		{"tensor", "0.42", hardware.VarTensorActive, 0.42},
	}
	s := newStage(t, "H100", 2)
	s.poll()
	for _, tt := range tests {
		t.Run(tt.key+" "+tt.text, func(t *testing.T) {
			s.scenario.GPU(1, tt.key, tt.text)
			s.play()
			readings, _ := s.poll()
			if got := value(t, readings[1], tt.id); got < tt.want-1e-9 || got > tt.want+1e-9 {
				t.Errorf("%s = %v, want %v", tt.id, got, tt.want)
			}
			s.scenario.Unset(1, tt.key)
		})
	}
}

// TestRamp: what a scenario says of a ramp is what the library plays, or tests of
// rates and trends would watch a value that stands still.
func TestRamp(t *testing.T) {
	s := newStage(t, "H100", 1)
	s.scenario.GPU(0, "temperature", "40..90@0.2")
	s.play()
	var seen []float64
	s.until("the end of the ramp", func(r []Reading, _ State) bool {
		celsius, known := r[0].Vars.Get(hardware.VarTemperature)
		if known {
			seen = append(seen, celsius)
		}
		return celsius == 90
	})
	if seen[0] < 40 || seen[0] >= 90 || !slices.IsSorted(seen) {
		t.Errorf("from 40 to 90 by way of %v", seen)
	}
}

func TestNoLibrary(t *testing.T) {
	s := New(Options{Library: filepath.Join(t.TempDir(), "libnvidia-ml.so.1"), Timeout: time.Second}, clock.RealClock{})
	for range 3 {
		readings, state := s.Poll(context.Background(), true)
		if state.Mode != ModeCPU || len(readings) != 0 || state.Reason == "" {
			t.Errorf("state %+v, %d readings", state, len(readings))
		}
	}
	s.Release()
	s.Resume()
	s.Close()
}

func TestDriverComesAndGoes(t *testing.T) {
	s := newStage(t, "H100", 4)
	s.scenario.Line("init", "9")
	s.play()
	if _, state := s.poll(); state.Mode != ModeDriverDown || state.Reason != "the driver is not loaded" {
		t.Errorf("state %+v", state)
	}
	s.scenario.Line("init", "18")
	s.play()
	if _, state := s.poll(); state.Mode != ModeDriverDown {
		t.Errorf("state %+v", state)
	}
	s.scenario.Remove("init")
	s.play()
	if readings, state := s.poll(); state.Mode != ModeGPU || len(readings) != 4 || readings[0].Reset {
		t.Fatalf("state %+v, readings %+v", state, readings)
	}
	s.scenario.Line("down", "")
	s.play()
	readings, state := s.poll()
	if state.Mode != ModeDriverDown || len(readings) != 4 || readings[0].Readable {
		t.Errorf("state %+v, readings %+v", state, readings)
	}
	s.scenario.Remove("down").Line("driver", "590.10")
	s.play()
	if readings, state = s.poll(); state.Mode != ModeGPU || state.DriverVersion != "590.10" || !readings[0].Reset {
		t.Errorf("state %+v, readings %+v: want the GPUs back, and a reset noticed", state, readings)
	}
	if readings, _ = s.poll(); readings[0].Reset {
		t.Error("the same reset was reported twice")
	}
}

func TestLostAndFound(t *testing.T) {
	s := newStage(t, "H100", 4)
	s.poll()
	s.scenario.GPU(2, "lost", "1")
	s.play()
	readings, _ := s.poll()
	if value(t, readings[2], hardware.VarLost) != 1 || readings[2].Readable {
		t.Errorf("reading %+v", readings[2])
	}
	if _, known := readings[2].Vars.Get(hardware.VarTemperature); known {
		t.Error("a lost GPU has a temperature")
	}
	if value(t, readings[1], hardware.VarLost) != 0 || !readings[1].Readable {
		t.Error("its neighbour is lost too")
	}
	uuid := readings[2].UUID
	of := func(readings []Reading) *Reading {
		for i := range readings {
			if readings[i].UUID == uuid {
				return &readings[i]
			}
		}
		return &Reading{}
	}
	s.until("the GPU absent from a new list", func(r []Reading, _ State) bool {
		absent, _ := of(r).Vars.Get(hardware.VarAbsent)
		return absent == 1
	})
	s.scenario.Unset(2, "lost")
	s.play()
	readings = s.until("the GPU again", func(r []Reading, _ State) bool { return of(r).Readable })
	if !of(readings).Reset {
		t.Error("a GPU that came back was not reset")
	}
}

// TestFailing: a GPU about which every call fails says nothing and is not well.
func TestFailing(t *testing.T) {
	s := newStage(t, "H100", 2)
	s.poll()
	s.scenario.GPU(1, "failing", "1")
	s.play()
	readings, state := s.poll()
	if r := readings[1]; state.Mode != ModeGPU || r.Readable || value(t, r, hardware.VarFailing) != 1 || value(t, r, hardware.VarLost) != 0 {
		t.Errorf("state %+v, reading %+v", state, r)
	}
	if _, known := readings[1].Vars.Get(hardware.VarTemperature); known {
		t.Error("a failing GPU has a temperature")
	}
	if value(t, readings[0], hardware.VarFailing) != 0 {
		t.Error("its neighbour fails too")
	}
	s.scenario.Unset(1, "failing")
	s.play()
	if readings, _ = s.poll(); !readings[1].Readable || value(t, readings[1], hardware.VarFailing) != 0 {
		t.Errorf("afterwards: %+v", readings[1])
	}
}

func TestLostBeforeItWasNamed(t *testing.T) {
	s := newStage(t, "H100", 2)
	s.scenario.GPU(1, "lost", "1")
	s.play()
	readings, state := s.poll()
	if state.Mode != ModeGPU || len(readings) != 2 || value(t, readings[1], hardware.VarLost) != 1 || readings[1].Index != 1 || readings[1].UUID == "" {
		t.Errorf("state %+v, readings %+v", state, readings)
	}
}

func TestStuckCall(t *testing.T) {
	s := newStage(t, "H100", 4)
	s.session.options.Timeout = 50 * time.Millisecond
	s.poll()
	s.scenario.Hang("nvmlDeviceGetPowerUsage", 3)
	s.play()
	for polls := 1; polls <= 3; polls++ {
		readings, state := s.poll()
		if state.Mode != ModeGPU || readings[3].StuckPolls != polls || readings[3].Readable {
			t.Errorf("poll %d: %+v", polls, readings[3])
		}
		if !readings[0].Readable {
			t.Errorf("poll %d: a healthy neighbour waits for the stuck one", polls)
		}
	}
	s.scenario.Release("nvmlDeviceGetPowerUsage")
	s.play()
	s.until("an end of the hang", func(r []Reading, _ State) bool { return r[3].Readable && r[3].StuckPolls == 0 })
}

func TestStuckInit(t *testing.T) {
	s := newStage(t, "H100", 2)
	s.session.options.Timeout = 50 * time.Millisecond
	s.session.Remember([]Identity{{UUID: "GPU-of-yesterday"}})
	s.scenario.Line("hang nvmlDeviceGetCount_v2 gpu", "-1")
	s.play()
	for polls := range 3 {
		readings, state := s.poll()
		if state.Mode != ModeDriverDown || len(readings) != 1 || polls > 0 && readings[0].StuckPolls != polls+1 {
			t.Errorf("poll %d: %+v %+v", polls, state, readings)
		}
	}
	s.scenario.Remove("hang nvmlDeviceGetCount_v2 gpu")
	s.play()
	s.until("the driver", func(_ []Reading, state State) bool { return state.Mode == ModeGPU })
}

func TestEvents(t *testing.T) {
	s := newStage(t, "H100", 4)
	readings, _ := s.poll()
	s.scenario.Xid(2, 79).Event(1, 0x8000, 1).Event(0, 2, 0)
	s.play()
	want := []Event{
		{Kind: EventXid, UUID: readings[2].UUID, Data: 79}, {Kind: EventRecoveryAction, UUID: readings[1].UUID, Data: 1}, {Kind: EventECC, UUID: readings[0].UUID},
	}
	for _, w := range want {
		select {
		case e := <-s.events:
			if e.Kind != w.Kind || e.UUID != w.UUID || e.Data != w.Data || e.Time.IsZero() {
				t.Errorf("event %+v, want %+v", e, w)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("no event, want %+v", w)
		}
	}
}

func TestReleaseAndResume(t *testing.T) {
	s := newStage(t, "H100", 2)
	s.poll()
	s.session.Release()
	readings, state := s.poll()
	if state.Mode != ModeReleased || len(readings) != 2 || readings[0].Readable {
		t.Errorf("state %+v, readings %+v", state, readings)
	}
	s.session.Resume()
	if readings, state = s.poll(); state.Mode != ModeGPU || !readings[0].Readable {
		t.Errorf("state %+v, readings %+v", state, readings)
	}
}

func TestResetIsNoticed(t *testing.T) {
	for _, tt := range []struct{ key, before, after string }{{"ecc_uncorrected", "3", "0"}, {"recovery_action", "1", "0"}} {
		t.Run(tt.key, func(t *testing.T) {
			s := newStage(t, "H100", 1)
			s.scenario.GPU(0, tt.key, tt.before)
			s.play()
			if readings, _ := s.poll(); readings[0].Reset {
				t.Error("a reset before anything happened")
			}
			s.scenario.GPU(0, tt.key, tt.after)
			s.play()
			if readings, _ := s.poll(); !readings[0].Reset {
				t.Error("the reset was not noticed")
			}
		})
	}
}

func TestMIG(t *testing.T) {
	s := newStage(t, "A100", 2)
	s.poll()
	s.scenario.GPU(0, "mig", "1")
	s.play()
	readings, _ := s.poll()
	if !readings[0].MIG || len(readings[0].Instances) != 7 || readings[0].Instances[0].UUID == "" || readings[1].MIG {
		t.Errorf("readings %+v", readings)
	}
	for _, id := range []hardware.VarID{hardware.VarRemapPending, hardware.VarUtilization} {
		if _, known := readings[0].Vars.Get(id); known {
			t.Errorf("%s is known under MIG", id)
		}
	}
	s.scenario.GPU(0, "mig", "0")
	s.play()
	readings, _ = s.poll()
	if readings[0].MIG {
		t.Error("MIG stays")
	}
	value(t, readings[0], hardware.VarRemapPending)
}

func TestReplacedCard(t *testing.T) {
	s := newStage(t, "H100", 2)
	s.session.Remember([]Identity{{UUID: "GPU-old", PCI: "0000:18:00.0"}, {UUID: "GPU-lost-long-ago", PCI: "0000:99:00.0"}})
	readings, _ := s.poll()
	if len(readings) != 3 || readings[2].UUID != "GPU-lost-long-ago" || value(t, readings[2], hardware.VarAbsent) != 1 {
		t.Errorf("readings %+v: a card in the slot of another replaces it, an empty slot is a loss", readings)
	}
}

func TestNull(t *testing.T) {
	n := &Null{Reason: "no GPU"}
	n.Remember(nil)
	n.Release()
	n.Resume()
	if readings, state := n.Poll(context.Background(), true); len(readings) != 0 || state.Mode != ModeCPU || state.Reason != "no GPU" {
		t.Errorf("%+v %+v", readings, state)
	}
	n.Close()
}

func TestReturnText(t *testing.T) {
	if returnText(15) != "GPU is lost" || returnText(12345) != "error 12345" {
		t.Error(returnText(15), returnText(12345))
	}
	if sysfsBusID("00000000:AB:00.0") != "0000:ab:00.0" || sysfsBusID("0000:ab:00.0") != "0000:ab:00.0" {
		t.Error(sysfsBusID("00000000:AB:00.0"))
	}
}

func BenchmarkPoll(b *testing.B) {
	path, err := library()
	if err != nil {
		b.Fatal(err)
	}
	scenario := fakenvml.NewScenario(filepath.Join(b.TempDir(), "scenario"), "H100", 8)
	if err := errors.Join(scenario.Write(), os.Setenv(fakenvml.EnvScenario, scenario.Path())); err != nil {
		b.Fatal(err)
	}
	s := New(Options{Library: path, Timeout: time.Second}, clock.RealClock{})
	defer s.Close()
	for _, slow := range []bool{false, true} {
		b.Run(fmt.Sprintf("slow=%v", slow), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Poll(context.Background(), slow)
			}
		})
	}
}
