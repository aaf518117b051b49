// Package proc runs the one child of a launcher and looks after everything
// that the child leaves behind, as process 1 of a container must.
//
// The child leads a process group of its own. Processes that it abandons become
// the launcher's (it is process 1 or a subreaper), are reaped when they end, and
// are killed with the child: whatever survived would hold devices, ports and
// files that the next attempt needs.
package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"k8s.io/utils/clock"
)

// Command is what to start. Its output goes to files, so that nothing is
// between it and who reads it.
type Command struct {
	Args           []string
	Env            []string
	Stdout, Stderr *os.File
}

// Exit is how a child ended.
type Exit struct {
	// Code is the exit code, 128+n if signal n killed it.
	Code   int
	Signal syscall.Signal
}

// Table knows the launcher's children and reaps them. There is one a process.
type Table struct {
	clock clock.Clock

	mu      sync.Mutex
	child   *Child
	empty   bool          // there was no child at all at the last look
	changed chan struct{} // closed and replaced at every look
}

// Child is a started command.
type Child struct {
	table *Table
	pid   int // 0 once it is reaped
	done  chan Exit
}

// retry is how soon the children are looked at again if no signal tells.
const retry = 200 * time.Millisecond

// New makes this process the reaper of all that descends from it, until the
// context ends.
func New(ctx context.Context, c clock.Clock) *Table {
	becomeSubreaper()
	t := &Table{clock: c, changed: make(chan struct{})}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		defer signal.Stop(ended)
		for {
			select {
			case <-ended:
				t.reap()
			case <-ctx.Done():
				return
			}
		}
	}()
	return t
}

// Start starts a command. An error wraps exec.ErrNotFound, fs.ErrNotExist or
// fs.ErrPermission where that is the reason.
func (t *Table) Start(c Command) (*Child, error) {
	path, err := exec.LookPath(c.Args[0])
	if err != nil {
		return nil, fmt.Errorf("look up command: %w", err)
	}
	attr := &syscall.ProcAttr{
		Env:   c.Env,
		Files: []uintptr{os.Stdin.Fd(), c.Stdout.Fd(), c.Stderr.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Foreground: isTerminal(os.Stdin), Ctty: int(os.Stdin.Fd())},
	}
	t.mu.Lock() // the child may end before its pid is known
	defer t.mu.Unlock()
	pid, err := syscall.ForkExec(path, c.Args, attr)
	if err != nil {
		return nil, &os.PathError{Op: "start", Path: path, Err: err}
	}
	t.child = &Child{table: t, pid: pid, done: make(chan Exit, 1)}
	t.empty = false
	return t.child, nil
}

// Done delivers how the child ended, once.
func (c *Child) Done() <-chan Exit { return c.done }

// Signal sends a signal to the child's process group, or to the child alone if
// it has left its group.
func (c *Child) Signal(sig syscall.Signal) {
	c.table.mu.Lock() // a pid is not reaped, and so not reused, under the lock
	defer c.table.mu.Unlock()
	if c.pid == 0 {
		return
	}
	if err := syscall.Kill(-c.pid, sig); errors.Is(err, syscall.ESRCH) {
		_ = syscall.Kill(c.pid, sig) // it may have ended by itself
	}
}

// KillAll kills every process that descends from this one and returns when all
// are gone; nothing may be started meanwhile. It kills its own children only: theirs become its own when they die,
// and no pid that it has not reaped can belong to somebody else.
func (t *Table) KillAll(ctx context.Context) error {
	for {
		t.reap()
		t.mu.Lock()
		changed, empty := t.changed, t.empty
		if !empty {
			for _, pid := range children() {
				_ = syscall.Kill(pid, syscall.SIGKILL) // gone is as good
			}
		}
		t.mu.Unlock()
		if empty {
			return nil
		}
		select {
		case <-changed:
		case <-t.clock.After(retry):
		case <-ctx.Done():
			return fmt.Errorf("kill what the child left: %w", ctx.Err())
		}
	}
}

// reap collects all children that have ended.
func (t *Table) reap() {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() {
		close(t.changed)
		t.changed = make(chan struct{})
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			t.empty = true // ECHILD
			return
		case pid == 0:
			t.empty = false
			return
		case t.child != nil && pid == t.child.pid:
			t.child.pid = 0
			t.child.done <- exitOf(status)
		}
	}
}

func exitOf(status syscall.WaitStatus) Exit {
	if status.Signaled() {
		return Exit{Code: 128 + int(status.Signal()), Signal: status.Signal()}
	}
	return Exit{Code: status.ExitStatus()}
}
