// Package cluster brings a lab up and says how it is. Every step may be
// repeated: what is there is kept, what is missing is made. The plan is on
// disk before the first thing is created, and everything created follows from
// it, so that `lab down` finds all of it after any crash.
package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trainyard/trainyard/hack/lab/internal/atomicfile"
	"github.com/trainyard/trainyard/hack/lab/internal/config"
	"github.com/trainyard/trainyard/hack/lab/internal/lockfile"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
	"github.com/trainyard/trainyard/hack/lab/internal/progress"
)

// Cluster is a lab that is being brought up, or is up.
type Cluster struct {
	Plan   *plan.Plan
	Report *progress.Reporter
	// Self is the lab's own binary, which supervises the machines.
	Self string
	// Bin is the folder of the cluster's programs.
	Bin string
	// Pause is the archive of the sandbox image.
	Pause string

	ports config.Ports
	host  config.Host
}

// ErrNone says that there is no lab in a state folder.
var ErrNone = errors.New("no lab here: run `lab up`")

// Open reads the plan of the lab in stateDir.
func Open(stateDir string) (*plan.Plan, error) {
	content, err := os.ReadFile(plan.File(stateDir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", stateDir, ErrNone)
	}
	if err != nil {
		return nil, fmt.Errorf("read the lab's plan: %w", err)
	}
	var o plan.Options
	if err := json.Unmarshal(content, &o); err != nil {
		return nil, fmt.Errorf("read the lab's plan %s: %w", plan.File(stateDir), err)
	}
	return plan.New(o)
}

func save(p *plan.Plan) error {
	content, err := json.MarshalIndent(p.Options, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the lab's plan: %w", err)
	}
	return atomicfile.Write(p.File(), content, 0o644)
}

// Lock keeps other commands from changing the lab in stateDir.
func Lock(ctx context.Context, stateDir string, report *progress.Reporter) (func(), error) {
	if err := os.MkdirAll(stateDir, 0o755); err != nil {
		return nil, fmt.Errorf("create the state folder: %w (choose another with --state-dir)", err)
	}
	return lockfile.Lock(ctx, filepath.Join(stateDir, "lock"), func() {
		report.Printf("waiting for another lab command in %s", stateDir)
	})
}
