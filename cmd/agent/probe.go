package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/trainyard/trainyard/internal/agent"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// primer is how long the first look waits for what needs two: rates and the
// tensor pipes.
const primer = 250 * time.Millisecond

// probe takes one sample, says what it means, and exits.
func probe(ctx context.Context, s streams, args []string) error {
	flags := newFlags("probe", s.err)
	var from sources
	from.register(flags)
	output := flags.String("o", "table", "output: table or json")
	policyFile := flags.String("policy", "", "a HardwarePolicy to judge by; empty is the built-in one")
	colour := flags.String("colour", "auto", "colours in the table: auto, always or never")
	if _, err := parse(flags, args, 0); err != nil {
		return err
	}
	if *output != "table" && *output != "json" {
		return fmt.Errorf("-o %q: use table or json", *output)
	}
	policy, err := readPolicy(*policyFile)
	if err != nil {
		return err
	}
	core, err := agent.NewCore(policy)
	if err != nil {
		return err
	}
	sampler := from.sampler(s, nil, nil)
	defer sampler.Devices.Close()
	sampler.ResetsKnown = true
	core.Take(sampler.Look(ctx, true, nil))
	select {
	case <-s.clock.After(primer):
	case <-ctx.Done():
		return ctx.Err()
	}
	report := core.Take(sampler.Look(ctx, true, nil))
	if *output == "json" {
		return writeJSON(s.out, report)
	}
	return writeTable(s.out, report, wantsColour(s.out, *colour))
}

// probeReport is the JSON of a probe. What was not read is left out.
type probeReport struct {
	Mode          nvml.Mode          `json:"mode"`
	ModeReason    string             `json:"modeReason,omitempty"`
	DriverVersion string             `json:"driverVersion,omitempty"`
	BootID        string             `json:"bootID,omitempty"`
	Verdict       probeVerdict       `json:"verdict"`
	GPUs          []probeGPU         `json:"gpus"`
	Host          map[string]float64 `json:"host"`
	Accelerators  []probeAccelerator `json:"accelerators,omitempty"`
	Problems      []string           `json:"problems,omitempty"`
}

type probeVerdict struct {
	Severity hardware.Severity `json:"severity"`
	Class    hardware.Class    `json:"class,omitempty"`
	Action   hardware.Action   `json:"action"`
	Rule     string            `json:"rule,omitempty"`
	Reason   string            `json:"reason"`
}

type probeGPU struct {
	UUID               string             `json:"uuid"`
	Index              int                `json:"index"`
	Model              string             `json:"model,omitempty"`
	Serial             string             `json:"serial,omitempty"`
	PCI                string             `json:"pciID,omitempty"`
	MIG                bool               `json:"mig,omitempty"`
	TemperatureCelsius *float64           `json:"temperatureCelsius,omitempty"`
	PowerWatts         *float64           `json:"powerWatts,omitempty"`
	UtilizationRatio   *float64           `json:"utilizationRatio,omitempty"`
	MemoryUsedBytes    *float64           `json:"memoryUsedBytes,omitempty"`
	MemoryTotalBytes   *float64           `json:"memoryTotalBytes,omitempty"`
	Pods               []string           `json:"pods,omitempty"`
	Verdict            probeVerdict       `json:"verdict"`
	Signals            map[string]float64 `json:"signals"`
}

type probeAccelerator struct {
	Name               string   `json:"name"`
	Driver             string   `json:"driver,omitempty"`
	PCI                string   `json:"pciID,omitempty"`
	TemperatureCelsius *float64 `json:"temperatureCelsius,omitempty"`
	PowerWatts         *float64 `json:"powerWatts,omitempty"`
}

func verdictOf(v hardware.Verdict) probeVerdict {
	return probeVerdict{v.Severity, v.Class, v.Action, v.Rule, v.Reason}
}

func signals(v *hardware.Vars, scope hardware.Scope) map[string]float64 {
	out := map[string]float64{}
	for i, variable := range hardware.Variables() {
		if value, known := v.Get(hardware.VarID(i)); known && variable.Scope == scope { //nolint:gosec // there are fewer than 256 variables
			out[variable.Name] = value
		}
	}
	return out
}

func reading(v *hardware.Vars, id hardware.VarID) *float64 {
	value, known := v.Get(id)
	if !known {
		return nil
	}
	return &value
}

func writeJSON(w io.Writer, r *agent.Report) error {
	out := probeReport{
		Mode: r.Snapshot.State.Mode, ModeReason: r.Snapshot.State.Reason, DriverVersion: r.Snapshot.State.DriverVersion, BootID: r.Assessment.BootID,
		Verdict: verdictOf(r.Assessment.Worst), GPUs: []probeGPU{}, Host: signals(&r.Snapshot.Sample.Node, hardware.ScopeNode), Problems: r.Snapshot.Problems,
	}
	for i := range r.Snapshot.Readings {
		out.GPUs = append(out.GPUs, gpuOf(r, i))
	}
	for _, a := range r.Snapshot.Host.Accelerators {
		out.Accelerators = append(out.Accelerators, probeAccelerator{a.Name, a.Driver, a.PCI, a.Celsius, a.Watts})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func gpuOf(r *agent.Report, i int) probeGPU {
	d := &r.Snapshot.Readings[i]
	v := &r.Snapshot.Sample.Devices[i].Vars
	g := probeGPU{
		UUID: d.UUID, Index: d.Index, Model: d.Model, Serial: d.Serial, PCI: d.PCI, MIG: d.MIG,
		TemperatureCelsius: reading(v, hardware.VarTemperature), PowerWatts: reading(v, hardware.VarPower),
		UtilizationRatio: reading(v, hardware.VarUtilization), MemoryUsedBytes: reading(v, hardware.VarMemoryUsed),
		MemoryTotalBytes: reading(v, hardware.VarMemoryTotal), Verdict: verdictOf(r.Assessment.Devices[i].Verdict), Signals: signals(v, hardware.ScopeDevice),
	}
	for _, h := range r.Snapshot.Holders[d.UUID] {
		g.Pods = append(g.Pods, h.Namespace+"/"+h.Pod)
	}
	return g
}

// probeDevice reads one GPU and exits: an agent whose own call hangs asks thus
// whether the device or the agent is at fault.
func probeDevice(ctx context.Context, s streams, args []string) error {
	flags := newFlags("probe-device", s.err)
	library := flags.String("nvml-library", "", "path of libnvidia-ml.so.1")
	words, err := parse(flags, args, 1)
	if err != nil {
		return err
	}
	session := nvml.New(nvml.Options{Library: *library, Timeout: 5 * time.Second}, s.clock)
	readings, state := session.Poll(ctx, true)
	for i := range readings {
		if readings[i].UUID == words[0] && readings[i].Readable {
			return nil
		}
	}
	return fmt.Errorf("GPU %s was not read; the driver is in mode %s %s", words[0], state.Mode, state.Reason)
}
