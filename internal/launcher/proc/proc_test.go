package proc

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"k8s.io/utils/clock"
)

// table reaps every child of this test: nothing here may start one without it.
var table *Table

func TestMain(m *testing.M) {
	table = New(context.Background(), clock.RealClock{})
	os.Exit(m.Run())
}

// start runs a script and returns it with what it prints.
func start(t *testing.T, script string) (*Child, *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = read.Close() })
	defer write.Close()
	c, err := table.Start(Command{Args: []string{"sh", "-c", script}, Env: os.Environ(), Stdout: write, Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	return c, read
}

// line reads what the script prints next; a pipe gives a short line whole.
func line(t *testing.T, from *os.File) string {
	t.Helper()
	buf := make([]byte, 256)
	n, err := from.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(buf[:n]))
}

func TestExit(t *testing.T) {
	tests := map[string]struct {
		script string
		want   Exit
	}{
		"success": {"exit 0", Exit{}},
		"failure": {"exit 42", Exit{Code: 42}},
		"killed":  {"kill -KILL $$", Exit{Code: 137, Signal: syscall.SIGKILL}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := start(t, tc.script)
			if got := <-c.Done(); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
			c.Signal(syscall.SIGKILL) // to nobody
		})
	}
}

func TestSignalsGoToTheGroup(t *testing.T) {
	c, out := start(t, `sh -c 'trap "echo child" USR1; echo ready; while :; do sleep 0.05; done' & trap "exit 9" TERM; wait`)
	if got := line(t, out); got != "ready" {
		t.Fatal(got)
	}
	c.Signal(syscall.SIGUSR1) // kills the parent, which has no trap, and not the child
	if got := line(t, out); got != "child" {
		t.Error(got)
	}
	if got := <-c.Done(); got.Signal != syscall.SIGUSR1 {
		t.Errorf("%+v", got)
	}
	if err := table.KillAll(context.Background()); err != nil {
		t.Error(err)
	}
}

// Sessions of their own, orphans of orphans, and what ignores every request.
func TestKillAll(t *testing.T) {
	c, out := start(t, `trap "" TERM INT HUP
		(setsid sh -c 'trap "" TERM; (sleep 1000 & sleep 1000 & sleep 1000)' &)
		(setsid sh -c 'setsid sleep 1000 & exit 0' &)
		sleep 1000 & echo ready; sleep 1000`)
	if got := line(t, out); got != "ready" {
		t.Fatal(got)
	}
	if err := table.KillAll(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := <-c.Done(); got.Signal != syscall.SIGKILL {
		t.Errorf("%+v", got)
	}
	if left := children(); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if _, err := out.Read(make([]byte, 1)); err == nil {
		t.Error("somebody still has the output")
	}
}

func TestKillAllOfNothing(t *testing.T) {
	if err := table.KillAll(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestKillAllGivesUp(t *testing.T) {
	c, _ := start(t, "sleep 1000")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := table.KillAll(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-c.Done()
	if err := table.KillAll(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeStarted(t *testing.T) {
	plain := t.TempDir() + "/plain"
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		command string
		want    error
	}{
		"no such command": {"no-such-command", exec.ErrNotFound},
		"no such file":    {"/no/such/file", fs.ErrNotExist},
		"not executable":  {plain, fs.ErrPermission},
		"no program":      {program(t), syscall.ENOEXEC},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := table.Start(Command{Args: []string{tc.command}, Stdout: os.Stdout, Stderr: os.Stderr})
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.command) {
				t.Errorf("%v", err)
			}
		})
	}
}

// program is executable and no program.
func program(t *testing.T) string {
	path := t.TempDir() + "/program"
	if err := os.WriteFile(path, []byte("not a program"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}
