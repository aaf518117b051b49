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

// Lab says what to look for.
type Lab struct {
	Name     string
	StateDir string
	// Kernel says to look for machines too: namespaces, the cable, packet
	// filters, control groups. Without it only processes and files are the
	// lab's, for another lab of that name may have machines.
	Kernel bool
}

// Down takes a lab away and returns an error if anything of it is left.
func (l Lab) Down(ctx context.Context, report *progress.Reporter) error {
	err := report.Step("end every process of the lab", func() error { return l.killAll(ctx) })
	if err != nil {
		return err
	}
	err = report.Step("remove mounts, network and control groups", func() error {
		err := unmount(l.StateDir)
		if l.Kernel {
			err = errors.Join(err, removeKernelObjects(ctx, l.Name))
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := removeState(l.StateDir); err != nil {
		return err
	}
	left, err := l.Leftovers()
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("still there: %v: run `lab down` again", left)
	}
	return err
}

// killAll kills until nobody is left: whoever is killed may have been about to
// start somebody else.
func (l Lab) killAll(ctx context.Context) error {
	deadline := time.Now().Add(time.Minute)
	for {
		pids, err := l.processes()
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
var ownFiles = []string{"machines", "logs", "pki", "shared", "kubeconfig", "ports.json", "faults.json"}

// lastFiles are removed last, so that a lab whose removal was cut short is
// still known to be one.
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
func (l Lab) Leftovers() ([]string, error) {
	pids, err := l.processes()
	if err != nil {
		return nil, err
	}
	var left []string
	for _, pid := range pids {
		left = append(left, fmt.Sprintf("process %d (%s)", pid, commandOf(pid)))
	}
	for _, at := range mounts(l.StateDir) {
		left = append(left, "mount "+at)
	}
	if !l.Kernel {
		return left, nil
	}
	more, err := kernelObjects(l.Name)
	return append(left, more...), err
}
