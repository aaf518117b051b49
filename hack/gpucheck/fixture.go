package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// fixture is what a driver answered, idle and busy.
type fixture struct {
	Comment       string `json:"comment"`
	DriverVersion string `json:"driverVersion"`
	Idle          []gpu  `json:"idle"`
	Busy          []gpu  `json:"busy,omitempty"`
}

var notInAName = regexp.MustCompile(`[^a-z0-9]+`)

// record writes a fixture. What tells a device from another is not in it: a
// report has neither serial numbers nor addresses, and UUIDs are numbered anew.
func (c *check) record(idle, busy *report) error {
	f := fixture{
		Comment: "What a real driver answered to agent probe; recorded by make gpu-check.", DriverVersion: idle.DriverVersion, Idle: nameless(idle.GPUs),
	}
	if busy != nil {
		f.Busy = nameless(busy.GPUs)
	}
	content, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.folder, 0o755); err != nil { //nolint:gosec // a folder of the repository
		return err
	}
	name := strings.Trim(notInAName.ReplaceAllString(strings.ToLower(idle.GPUs[0].Model), "-"), "-")
	path := filepath.Join(c.folder, name+".json")
	if err := os.WriteFile(path, append(content, '\n'), 0o644); err != nil { //nolint:gosec // a file of the repository
		return err
	}
	fmt.Fprintln(c.out, "recorded", path)
	return nil
}

// nameless gives the GPUs UUIDs of their numbers.
func nameless(gpus []gpu) []gpu {
	out := make([]gpu, len(gpus))
	for i, g := range gpus {
		g.Verdict.Reason = strings.ReplaceAll(g.Verdict.Reason, g.UUID, "")
		g.UUID = fmt.Sprintf("GPU-00000000-0000-4000-8000-%012d", g.Index)
		out[i] = g
	}
	return out
}
