package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

const footprintName = "counters.json"

// Footprint is how far the counters of each device had run. Only a reset, or a
// driver that is loaded anew, turns one back: so an agent knows of a reset that
// happened while no agent ran, as it mostly does, since an agent at work keeps a
// GPU from being reset.
type Footprint struct {
	BootID string `json:"bootID"`
	// Devices holds the counters by UUID, and by the name of their variable.
	Devices map[string]map[string]float64 `json:"devices"`
}

// running are the counters that begin anew with a reset; those of NVLink can be
// cleared by hand.
var running = []hardware.VarID{
	hardware.VarEnergy, hardware.VarECCVolatileUncorrected, hardware.VarECCVolatileCorrected, hardware.VarPCIeReplays,
}

func counters(r *nvml.Reading) map[string]float64 {
	out := map[string]float64{}
	for _, id := range running {
		if id == hardware.VarEnergy && r.EnergyIntegrated {
			continue // this process began to count it
		}
		if value, known := r.Vars.Get(id); known {
			out[id.String()] = value
		}
	}
	return out
}

// turnedBack says that a counter is lower than it was.
func turnedBack(before, now map[string]float64) bool {
	for name, value := range before {
		if after, known := now[name]; known && after < value {
			return true
		}
	}
	return false
}

// FootprintOf is what a snapshot leaves behind.
func FootprintOf(snap *Snapshot) Footprint {
	f := Footprint{BootID: snap.Sample.BootID, Devices: map[string]map[string]float64{}}
	for i := range snap.Readings {
		if r := &snap.Readings[i]; r.Readable {
			f.Devices[r.UUID] = counters(r)
		}
	}
	return f
}

// LoadFootprint reads what an agent before this one left in the state folder.
// Nothing is left after a boot, or where it was the first.
func LoadFootprint(folder string) (Footprint, error) {
	var f Footprint
	content, err := os.ReadFile(filepath.Join(folder, footprintName))
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &f)
	}
	if err != nil {
		return Footprint{}, fmt.Errorf("counters of the agent before: %w; a reset meanwhile will not be noticed", err)
	}
	return f, nil
}

// Save writes the footprint into the state folder, as a whole or not at all.
func (f *Footprint) Save(folder string) error {
	content, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("counters: %w", err)
	}
	path := filepath.Join(folder, footprintName)
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return fmt.Errorf("counters: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("counters: %w", err)
	}
	return nil
}
