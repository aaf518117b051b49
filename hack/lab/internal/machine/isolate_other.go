//go:build !linux

package machine

import (
	"fmt"
	"os"
	"syscall"
)

func enter(*Spec) []string { return nil }

func supervisorAttributes(*Spec) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func isolate(spec *Spec) error {
	if spec.Namespace != "" {
		return fmt.Errorf("machine %s: machines of their own exist on Linux only", spec.Name)
	}
	return nil
}

func ownIdentity() (identity, error) { return identity{PID: os.Getpid(), Start: "running"}, nil }

func startOf(pid int) string {
	if syscall.Kill(pid, 0) != nil {
		return ""
	}
	return "running"
}
