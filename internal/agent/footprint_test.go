package agent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

func TestFootprintFile(t *testing.T) {
	folder := t.TempDir()
	if f, err := LoadFootprint(folder); err != nil || len(f.Devices) != 0 {
		t.Errorf("the first agent finds %+v, %v", f, err)
	}
	want := Footprint{BootID: "b", Devices: map[string]map[string]float64{"GPU-0": {"energy_joules": 4.5}}}
	if err := want.Save(folder); err != nil {
		t.Fatal(err)
	}
	got, err := LoadFootprint(folder)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := os.WriteFile(filepath.Join(folder, footprintName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := LoadFootprint(folder); err == nil || f.Devices != nil {
		t.Errorf("of a broken file: %+v, %v", f, err)
	}
	if err := want.Save(filepath.Join(folder, "nowhere")); err == nil {
		t.Error("saved into a folder that does not exist")
	}
}

func TestFootprint(t *testing.T) {
	reading := func(energy, ecc float64, integrated bool) *nvml.Reading {
		r := &nvml.Reading{Identity: nvml.Identity{UUID: "GPU-0"}, Readable: true, EnergyIntegrated: integrated}
		r.Vars.Set(hardware.VarEnergy, energy)
		r.Vars.Set(hardware.VarECCVolatileUncorrected, ecc)
		return r
	}
	left := func(r *nvml.Reading, boot string) Footprint {
		return FootprintOf(&Snapshot{Sample: hardware.Sample{BootID: boot}, Readings: []nvml.Reading{*r}})
	}
	silent := &nvml.Reading{Identity: nvml.Identity{UUID: "GPU-0"}}
	tests := []struct {
		name   string
		before Footprint
		now    *nvml.Reading
		want   bool
	}{
		{"nothing was left", Footprint{}, reading(5, 0, false), false},
		{"the counters ran on", left(reading(5, 1, false), "b"), reading(6, 1, false), false},
		{"the energy begins anew", left(reading(5, 0, false), "b"), reading(1, 0, false), true},
		{"the errors are gone", left(reading(5, 1, false), "b"), reading(6, 0, false), true},
		{"energy that agents sum up", left(reading(5, 0, true), "b"), reading(0, 0, true), false},
		{"another boot", left(reading(5, 1, false), "a"), reading(0, 0, false), false},
		{"it does not answer yet", left(reading(5, 1, false), "b"), silent, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &Sampler{Before: tt.before, boot: "b"}
			if got := s.wasReset(tt.now); got != tt.want {
				t.Errorf("reset %v, want %v", got, tt.want)
			}
			if tt.now != silent && s.wasReset(tt.now) {
				t.Error("told twice")
			}
		})
	}
}
