//go:build !linux

package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// processes finds the lab's processes by the state folder in their arguments.
func (l Lab) processes() ([]int, error) {
	out, err := exec.Command("ps", "-axo", "pid=,args=").Output()
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		number, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, err := strconv.Atoi(number)
		if err == nil && pid != os.Getpid() && strings.Contains(args, l.StateDir+"/") {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func commandOf(pid int) string { return strconv.Itoa(pid) }

func kill(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill process %d: %w: run `lab down` as the user who ran `lab up`", pid, err)
	}
	return nil
}

func unmount(string) error { return nil }

func removeKernelObjects(context.Context, string) error { return nil }

func mounts(string) []string { return nil }

func kernelObjects(string) ([]string, error) { return nil, nil }
