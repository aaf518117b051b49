package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A container with a terminal: the child may read from it, and its interrupt
// key ends it.
func TestTerminal(t *testing.T) {
	t.Parallel()
	controller, terminal := openTerminal(t)
	r := &rank{t: t, port: freePort(t), dir: t.TempDir(), exited: make(chan struct{})}
	r.write("termination", "")
	r.cmd = exec.Command(self(t), "run", "--", "sh", "-c", `read line; echo "read $line" >&2; read line`)
	r.cmd.Env = append(os.Environ(), r.environ(nil)...)
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = terminal, terminal, terminal
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.exited)
		_ = r.cmd.Wait() // the exit code is looked at by code
	}()
	defer r.kill()
	if _, err := controller.WriteString("hello\n"); err != nil {
		t.Fatal(err)
	}
	for in := bufio.NewScanner(controller); in.Text() != "read hello"; {
		if !in.Scan() {
			t.Fatal(in.Err())
		}
	}
	if _, err := controller.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	if got := r.code(); got != 130 {
		t.Errorf("exit code %d", got)
	}
}

func openTerminal(t *testing.T) (controller, terminal *os.File) {
	t.Helper()
	controller, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { _ = controller.Close() })
	fd := int(controller.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return controller, terminal
}
