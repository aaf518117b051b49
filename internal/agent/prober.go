package agent

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/trainyard/trainyard/internal/nvml"
)

// probeTimeout is how long another process may take to read a device.
const probeTimeout = 10 * time.Second

// ProcessProber reads a device from a process of its own, which may hang and be
// abandoned without harm to the agent.
type ProcessProber struct {
	// Command is the program and its first arguments; the device's UUID follows.
	Command []string
}

// Probe reports an error where the process does not read the device in time.
func (p ProcessProber) Probe(ctx context.Context, id nvml.Identity) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	args := append(append([]string(nil), p.Command[1:]...), id.UUID)
	cmd := exec.CommandContext(ctx, p.Command[0], args...) //nolint:gosec // the program is this one
	cmd.WaitDelay = time.Second                            // one stuck in the driver cannot even be killed
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("probe of %s: %w", id.UUID, err)
	}
	return nil
}
