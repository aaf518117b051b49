// Package sweep takes a lab away, whatever became of the processes that made
// it. It trusts nothing but what it finds: processes by the mark in their
// environment, by their control group and by their network namespace; mounts
// by their place; namespaces, the cable, packet filters and control groups by
// their names.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/progress"
)

// Down takes the lab called name, with its state in stateDir, away and returns
// an error if anything of it is left.
func Down(ctx context.Context, name, stateDir string, report *progress.Reporter) error {
	err := report.Step("end every process of the lab", func() error { return killAll(ctx, name, stateDir) })
	if err != nil {
		return err
	}
	err = report.Step("remove mounts, network and control groups", func() error {
		return errors.Join(unmount(stateDir), removeKernelObjects(ctx, name), restoreSysctls(stateDir))
	})
	if err != nil {
		return err
	}
	if err := removeState(stateDir); err != nil {
		return err
	}
	left, err := Leftovers(name, stateDir)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("still there: %v: run `lab down` again", left)
	}
	return err
}

// killAll kills until nobody is left: whoever is killed may have been about to
// start somebody else.
func killAll(ctx context.Context, name, stateDir string) error {
	deadline := time.Now().Add(time.Minute)
	for {
		pids, err := processes(name, stateDir)
		if err != nil || len(pids) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes %v still run a minute after they were killed: look at them with `ps -o pid,stat,wchan,args -p PID`", pids)
		}
		for _, pid := range pids {
			if err := kill(pid); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ownFiles are what a lab writes at the top of its state folder. Nothing else
// is removed, for the folder may have been given by mistake.
var ownFiles = []string{"machines", "logs", "pki", "shared", "layers", "kubeconfig", "ports.json", "faults.json",
	"sysctls.json", "images.json"}

// planFile is removed last, so that a lab whose removal was cut short is still
// known to be one.
var lastFiles = []string{"lab.json", "lock"}

func removeState(stateDir string) error {
	for _, name := range append(ownFiles, lastFiles...) {
		if err := os.RemoveAll(filepath.Join(stateDir, name)); err != nil {
			return fmt.Errorf("remove the lab's state: %w", err)
		}
	}
	partials, _ := filepath.Glob(filepath.Join(stateDir, ".partial-*")) // the pattern is well formed
	for _, file := range partials {
		_ = os.Remove(file)
	}
	err := os.Remove(stateDir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		entries, _ := os.ReadDir(stateDir)
		if len(entries) > 0 {
			return nil // somebody else's files keep the folder alive
		}
		return fmt.Errorf("remove the state folder: %w", err)
	}
	return nil
}

// Leftovers lists everything of a lab that exists, in words.
func Leftovers(name, stateDir string) ([]string, error) {
	pids, err := processes(name, stateDir)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, pid := range pids {
		left = append(left, fmt.Sprintf("process %d (%s)", pid, commandOf(pid)))
	}
	more, err := kernelObjects(name, stateDir)
	return append(left, more...), err
}
