//go:build e2e

package test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// binary is the lab under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lab-binary-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "lab")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// lab is a lab of its own, beside whatever else runs on this machine.
type lab struct {
	name, stateDir, subnetStart string
}

func newLab(t *testing.T, name, subnetStart string) *lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("needs root: run `sudo make lab-test`")
	}
	dir, err := os.MkdirTemp("", "lab-test-") // short: sockets lie below it
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{name: name, stateDir: filepath.Join(dir, name), subnetStart: subnetStart}
	t.Cleanup(func() {
		if out, err := l.command(context.Background(), "down").CombinedOutput(); err != nil {
			t.Errorf("lab down: %v\n%s", err, out)
		}
		_ = os.RemoveAll(dir)
	})
	return l
}

func (l *lab) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, binary, append([]string{"--name", l.name, "--state-dir", l.stateDir}, args...)...)
}

func (l *lab) up(ctx context.Context) *exec.Cmd {
	return l.command(ctx, "up", "--nodes", "2", "--simulated-nodes", "2", "--subnet", l.subnetStart+".0.0/16")
}

// run runs a command of the lab and returns its standard output.
func (l *lab) run(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	return finish(t, l.command(ctx, args...))
}

func finish(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, &out, &errOut)
	}
	return out.String()
}
