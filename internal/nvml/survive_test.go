//go:build cgo

package nvml

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/pkg/hardware"
	"github.com/trainyard/trainyard/test/fakenvml"
)

// TestLibraryArrives: a driver that is installed while the agent runs is found.
func TestLibraryArrives(t *testing.T) {
	built, err := library()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	scenario := fakenvml.NewScenario(filepath.Join(folder, "scenario"), "H100", 2)
	t.Setenv(fakenvml.EnvScenario, scenario.Path())
	if err := scenario.Write(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "libnvidia-ml.so.1")
	s := New(Options{Library: path, Timeout: 2 * time.Second}, clock.RealClock{})
	defer s.Close()
	if _, state := s.Poll(context.Background(), true); state.Mode != ModeCPU {
		t.Fatalf("without a library: %+v", state)
	}
	if err := os.WriteFile(path, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if readings, state := s.Poll(context.Background(), true); state.Mode == ModeGPU || len(readings) != 0 {
		t.Errorf("with garbage in its place: %+v", state)
	}
	content, err := os.ReadFile(built)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if readings, state := s.Poll(context.Background(), true); state.Mode != ModeGPU || len(readings) != 2 || !readings[0].Readable {
		t.Errorf("with the library: %+v, %d readings", state, len(readings))
	}
}

// TestOldLibrary: a library that lacks what newer drivers have is read as far as
// it goes. A call to a symbol that is not there would end the process.
func TestOldLibrary(t *testing.T) {
	path, err := fakenvml.Build(context.Background(), fakenvml.Old)
	if err != nil {
		t.Fatal(err)
	}
	scenario := fakenvml.NewScenario(filepath.Join(t.TempDir(), "scenario"), "A100", 2).GPU(0, "temperature", "61").GPU(0, "reasons", "0x8").GPU(1, "ecc_uncorrected", "2")
	t.Setenv(fakenvml.EnvScenario, scenario.Path())
	if err := scenario.Write(); err != nil {
		t.Fatal(err)
	}
	events := make(chan Event, 1)
	s := New(Options{Library: path, Timeout: 2 * time.Second, Event: func(e Event) { events <- e }}, clock.RealClock{})
	defer s.Close()
	var readings []Reading
	for range 2 {
		var state State
		if readings, state = s.Poll(context.Background(), true); state.Mode != ModeGPU || len(readings) != 2 {
			t.Fatalf("state %+v, %d readings", state, len(readings))
		}
	}
	for id, want := range map[hardware.VarID]float64{hardware.VarTemperature: 61, hardware.VarHardwareSlowdown: 1, hardware.VarLost: 0, hardware.VarFailing: 0} {
		if got := value(t, readings[0], id); got != want {
			t.Errorf("%s = %v, want %v", id, got, want)
		}
	}
	if got := value(t, readings[1], hardware.VarECCVolatileUncorrected); got != 2 {
		t.Errorf("uncorrected errors = %v, want 2", got)
	}
	for _, id := range []hardware.VarID{hardware.VarSRAMThreshold, hardware.VarTensorActive} {
		if _, known := readings[0].Vars.Get(id); known {
			t.Errorf("%s is known to a library that cannot tell it", id)
		}
	}
	if err := scenario.Xid(1, 48).Write(); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-events:
		if e.Kind != EventXid || e.Data != 48 {
			t.Errorf("event %+v", e)
		}
	case <-time.After(10 * time.Second):
		t.Error("no event of an old library")
	}
}

// TestDriverResetUnderIt: the driver goes away and comes back again and again,
// with GPUs lost and calls that hang in between; the session gets over each.
func TestDriverResetUnderIt(t *testing.T) {
	s := newStage(t, "H100", 4)
	s.session.options.Timeout = 100 * time.Millisecond
	s.poll()
	well := func(r []Reading, state State) bool {
		for i := range r {
			if !r[i].Readable {
				return false
			}
		}
		return state.Mode == ModeGPU && len(r) == 4
	}
	for range 5 {
		s.scenario.Hang("nvmlDeviceGetPowerUsage", 1).GPU(2, "lost", "1")
		s.play()
		s.poll()
		s.scenario.Line("down", "")
		s.play()
		s.poll()
		s.scenario.Release("nvmlDeviceGetPowerUsage")
		s.play()
		s.until("the driver away", func(_ []Reading, state State) bool { return state.Mode == ModeDriverDown })
		s.scenario.Remove("down").Unset(2, "lost")
		s.play()
		s.until("all of them back", well)
	}
}
