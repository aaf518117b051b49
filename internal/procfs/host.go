package procfs

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/prometheus/procfs/sysfs"

	"github.com/trainyard/trainyard/pkg/hardware"
)

const (
	milli   = 1e-3
	micro   = 1e-6
	percent = 0.01
	// hottest is what no sensor of a living machine reports.
	hottest = 250
)

func (r *Reader) zones(out *Reading) error {
	stats, err := r.sys.ClassThermalZoneStats()
	if err != nil {
		return fmt.Errorf("thermal zones: %w", err)
	}
	for _, s := range stats {
		celsius := float64(s.Temp) * milli
		if s.ReadErrors != nil || celsius < -hottest || celsius > hottest {
			continue
		}
		zone := Zone{Name: s.Name, Type: s.Type, Celsius: celsius}
		if critical, ok := r.critical(s.Name); ok {
			zone.Critical = &critical
		}
		out.Zones = append(out.Zones, zone)
		out.addZone(zone)
	}
	return nil
}

func (r *Reading) addZone(z Zone) {
	if hot, known := r.Vars.Get(hardware.VarZoneTemperature); !known || z.Celsius > hot {
		r.Vars.Set(hardware.VarZoneTemperature, z.Celsius)
	}
	if z.Critical == nil {
		return
	}
	left := *z.Critical - z.Celsius
	if least, known := r.Vars.Get(hardware.VarZoneMargin); !known || left < least {
		r.Vars.Set(hardware.VarZoneMargin, left)
	}
}

// critical is the zone's critical trip point. Some firmware writes 0 or absurd
// values for "none".
func (r *Reader) critical(zone string) (float64, bool) {
	folder := filepath.Join(r.sysRoot, "class/thermal", "thermal_zone"+zone)
	types, _ := filepath.Glob(filepath.Join(folder, "trip_point_*_type"))
	for _, file := range types {
		if kind, err := readText(file); err != nil || kind != "critical" {
			continue
		}
		millis, err := readNumber(strings.TrimSuffix(file, "type") + "temp")
		if celsius := millis * milli; err == nil && celsius > 0 && celsius < hottest {
			return celsius, true
		}
	}
	return 0, false
}

func (r *Reader) pressure(out *Reading) error {
	for _, resource := range []string{"cpu", "io", "memory"} {
		stats, err := r.proc.PSIStatsForResource(resource)
		if err != nil {
			return fmt.Errorf("pressure of %s: %w", resource, err)
		}
		p := Pressure{Resource: resource}
		if stats.Some != nil {
			p.Some = ratio(stats.Some.Avg60)
		}
		if stats.Full != nil {
			p.Full = ratio(stats.Full.Avg60)
			switch resource {
			case "memory":
				out.Vars.Set(hardware.VarMemoryPressure, p.Full)
			case "io":
				out.Vars.Set(hardware.VarIOPressure, p.Full)
			}
		}
		out.Pressure = append(out.Pressure, p)
	}
	return nil
}

func ratio(percentage float64) float64 { return min(max(percentage, 0), 100) * percent }

func (r *Reader) load(out *Reading) error {
	load, err := r.proc.LoadAvg()
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if math.IsNaN(load.Load1) || load.Load1 < 0 {
		return fmt.Errorf("load: %v is no load", load.Load1)
	}
	out.Load1 = &load.Load1
	if r.cpus == nil {
		r.cpus, _ = r.sys.CPUs()
	}
	if out.Cores = len(r.cpus); out.Cores > 0 {
		out.Vars.Set(hardware.VarLoadPerCore, load.Load1/float64(out.Cores))
	}
	return nil
}

// throttling takes the counter of each package once, though each of its CPUs
// shows it.
func (r *Reader) throttling(out *Reading) error {
	cpus, err := r.sys.CPUs()
	if err != nil {
		return fmt.Errorf("CPUs: %w", err)
	}
	r.cpus = cpus
	packages := map[string]uint64{}
	for _, cpu := range cpus {
		throttle, err := cpu.ThermalThrottle()
		if err != nil {
			continue // not every architecture counts
		}
		name := "0"
		if topology, err := cpu.Topology(); err == nil {
			name = topology.PhysicalPackageID
		}
		packages[name] = max(packages[name], throttle.PackageThrottleCount)
	}
	if len(packages) > 0 {
		total := uint64(0)
		for _, count := range packages {
			total += count
		}
		out.Vars.Set(hardware.VarCPUThrottleEvents, float64(total))
	}
	return nil
}

func (r *Reader) edac(out *Reading) error {
	controllers, _ := filepath.Glob(filepath.Join(r.sysRoot, "devices/system/edac/mc/mc[0-9]*"))
	corrected, uncorrected := 0.0, 0.0
	for _, folder := range controllers {
		ce, err := readNumber(filepath.Join(folder, "ce_count"))
		if err != nil {
			return err
		}
		ue, err := readNumber(filepath.Join(folder, "ue_count"))
		if err != nil {
			return err
		}
		out.Memory = append(out.Memory, MemoryController{filepath.Base(folder), uint64(ce), uint64(ue)})
		corrected, uncorrected = corrected+ce, uncorrected+ue
	}
	if len(controllers) > 0 {
		out.Vars.Set(hardware.VarMemoryCorrected, corrected)
		out.Vars.Set(hardware.VarMemoryUncorrected, uncorrected)
	}
	return nil
}

// energyState turns a counter that wraps into one that does not.
type energyState struct{ last, total float64 }

func (r *Reader) rapl(out *Reading) error {
	zones, err := sysfs.GetRaplZones(r.sys)
	if err != nil {
		return fmt.Errorf("energy: %w", err)
	}
	for _, z := range zones {
		micros, err := z.GetEnergyMicrojoules()
		if err != nil {
			return fmt.Errorf("energy of %s: %w", z.Name, err)
		}
		name := fmt.Sprintf("%s-%d", z.Name, z.Index)
		now, state := float64(micros), r.energy[name]
		switch {
		case state.total == 0:
			state.total = now
		case now < state.last:
			state.total += now + float64(z.MaxMicrojoules) - state.last
		default:
			state.total += now - state.last
		}
		state.last = now
		r.energy[name] = state
		out.Energy = append(out.Energy, Energy{name, state.total * micro})
	}
	return nil
}

// mounts finds file systems that the kernel turned read-only under a mount that
// asked to write.
func (r *Reader) mounts(out *Reading) error {
	mounts, err := r.proc.GetProcMounts(1)
	if err != nil {
		return fmt.Errorf("mounts: %w", err)
	}
	fallen := false
	for _, m := range mounts {
		_, writable := m.Options["rw"]
		_, readOnly := m.SuperOptions["ro"]
		fallen = fallen || writable && readOnly && strings.HasPrefix(m.Source, "/dev/")
	}
	out.Vars.SetFlag(hardware.VarFilesystemReadOnly, fallen)
	return nil
}
