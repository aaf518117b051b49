package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/trainyard/trainyard/hack/lab/internal/atomicfile"
)

// enter returns the command that puts what follows it into the machine's
// network namespace. nsenter is used rather than `ip netns exec`, which hides
// the control groups.
func enter(spec *Spec) []string {
	if spec.Namespace == "" {
		return nil
	}
	return []string{"nsenter", "--net=" + filepath.Join("/run/netns", spec.Namespace), "--"}
}

func supervisorAttributes(spec *Spec) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if spec.Namespace != "" {
		attr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS
	}
	return attr
}

func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// isolate makes the mount namespace, which is the machine's own but still
// shows the host, into the machine's view: its own processes, its own folders
// where a node keeps things, and mounts that stay inside.
func isolate(spec *Spec) error {
	for _, dir := range spec.Fresh {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("empty %s: %w", dir, err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make %s: %w", dir, err)
		}
	}
	if spec.Namespace == "" {
		return nil
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep the machine's mounts to itself: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share the machine's mounts with its containers: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("show the machine's own processes: %w", err)
	}
	for _, o := range spec.Overlays {
		if err := os.MkdirAll(o.Source, 0o755); err != nil {
			return fmt.Errorf("make %s: %w", o.Source, err)
		}
		if err := os.MkdirAll(o.Target, 0o755); err != nil {
			return fmt.Errorf("make %s: %w", o.Target, err)
		}
		if err := unix.Mount(o.Source, o.Target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("lay %s over %s: %w", o.Source, o.Target, err)
		}
	}
	for name, value := range spec.Sysctls {
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o644); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	for name, value := range spec.Believed {
		if err := pretend(spec, name, value); err != nil {
			return err
		}
	}
	return nil
}

// pretend covers a setting of the kernel with a file that says value.
func pretend(spec *Spec, name, value string) error {
	setting := filepath.Join("/proc/sys", name)
	if _, err := os.Stat(setting); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	file := filepath.Join(spec.Dir, "believed", name)
	if err := atomicfile.Write(file, []byte(value+"\n"), 0o644); err != nil {
		return err
	}
	if err := unix.Mount(file, setting, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("cover the setting %s: %w", name, err)
	}
	return nil
}

// ownIdentity is this process as the host knows it: /proc is still the host's
// when it is called, whatever PID namespace this process is in.
func ownIdentity() (identity, error) {
	self, err := os.Readlink("/proc/self")
	if err != nil {
		return identity{}, fmt.Errorf("find the own process number: %w", err)
	}
	pid, err := strconv.Atoi(self)
	if err != nil {
		return identity{}, fmt.Errorf("read the own process number: %w", err)
	}
	return identity{PID: pid, Start: startOf(pid)}, nil
}

// startOf is when a process started, in ticks since the machine booted; empty
// if there is none or only its corpse.
func startOf(pid int) string {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if errors.Is(err, os.ErrNotExist) || err != nil {
		return ""
	}
	// The command's name, in parentheses, may hold anything.
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}
