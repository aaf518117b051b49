// Package cluster brings up a lab with Trainyard in it, for the demo and the
// end-to-end tests. It drives the programs that a user would: bin/lab and
// kubectl.
package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Cluster is a lab and the checkout that it runs.
type Cluster struct {
	// Root is the top of the checkout.
	Root string
	// Progress takes what the lab says while it works.
	Progress io.Writer

	bin        string // folder of the cluster's programs
	kubeconfig string
}

// New finds the checkout around the working directory.
func New(progress io.Writer) (*Cluster, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("finding the checkout: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "PROJECT")); err == nil {
			return &Cluster{Root: dir, Progress: progress}, nil
		}
		if dir == filepath.Dir(dir) {
			return nil, errors.New("finding the checkout: run this inside it")
		}
	}
}

// Lab runs the lab's program and returns what it prints.
func (c *Cluster) Lab(ctx context.Context, args ...string) (string, error) {
	return c.run(ctx, filepath.Join(c.Root, "bin", "lab"), args...)
}

// Kubectl runs kubectl against the lab.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.run(ctx, filepath.Join(c.bin, "kubectl"), args...)
}

func (c *Cluster) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = c.Root
	var out, errs bytes.Buffer
	cmd.Stdout = &out
	cmd.Stderr = io.MultiWriter(c.Progress, &errs)
	if c.kubeconfig != "" {
		cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	}
	if err := cmd.Run(); err != nil {
		last := errs.String()
		if i := strings.LastIndexByte(strings.TrimSpace(last), '\n'); i >= 0 {
			last = last[i+1:]
		}
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, strings.TrimSpace(last))
	}
	return strings.TrimSpace(out.String()), nil
}
