// Package command runs the system's tools and turns what they say when they
// fail into one line.
package command

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Run runs a tool and returns its standard output.
func Run(ctx context.Context, args ...string) (string, error) {
	return Feed(ctx, "", args...)
}

// Feed runs a tool with the given standard input.
func Feed(ctx context.Context, input string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errOut
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Run(); err != nil {
		said := strings.Join(strings.Fields(errOut.String()), " ")
		if len(said) > 400 {
			said = said[:400] + "…"
		}
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, said)
	}
	return out.String(), nil
}
