package sweep

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/trainyard/trainyard/hack/lab/internal/cgroup"
	"github.com/trainyard/trainyard/hack/lab/internal/command"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

const netnsDir = "/run/netns"

// processes finds every process of a lab.
func (l Lab) processes() ([]int, error) {
	found := map[int]bool{}
	var namespaces map[uint64]bool
	if l.Kernel {
		inGroup, err := cgroup.Processes(plan.Resource(l.Name))
		if err != nil {
			return nil, err
		}
		for _, pid := range inGroup {
			found[pid] = true
		}
		namespaces = namespaceIDs(l.Name)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && pid != os.Getpid() && (marked(pid, l.StateDir) || inNamespace(pid, namespaces)) {
			found[pid] = true
		}
	}
	pids := make([]int, 0, len(found))
	for pid := range found {
		if !corpse(pid) {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}

// marked says whether a process was started by the lab in stateDir. What
// another user runs cannot be looked into, and is not ours.
func marked(pid int, stateDir string) bool {
	environ, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	return err == nil && slices.Contains(strings.Split(string(environ), "\x00"), plan.MarkState+"="+stateDir)
}

func namespaceIDs(name string) map[uint64]bool {
	ids := map[uint64]bool{}
	for _, namespace := range namespaces(name) {
		if id, ok := inode(filepath.Join(netnsDir, namespace)); ok {
			ids[id] = true
		}
	}
	return ids
}

func inNamespace(pid int, ids map[uint64]bool) bool {
	id, ok := inode(filepath.Join("/proc", strconv.Itoa(pid), "ns/net"))
	return ok && ids[id]
}

func inode(path string) (uint64, bool) {
	var s unix.Stat_t
	if unix.Stat(path, &s) != nil {
		return 0, false
	}
	return s.Ino, true
}

// corpse says whether a process has ended and only waits to be reaped.
func corpse(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	state := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	return strings.HasPrefix(state, " Z") || strings.HasPrefix(state, " X")
}

func commandOf(pid int) string {
	content, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm")) // gone is fine
	return strings.TrimSpace(string(content))
}

func kill(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill process %d: %w: run `lab down` as the user who ran `lab up`", pid, err)
	}
	return nil
}

// mounts lists what is mounted below the state folder, innermost last.
func mounts(stateDir string) []string {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var found []string
	for line := range strings.Lines(string(content)) {
		if f := strings.Fields(line); len(f) > 4 && strings.HasPrefix(f[4], stateDir+"/") {
			found = append(found, strings.ReplaceAll(f[4], `\040`, " "))
		}
	}
	return found
}

func unmount(stateDir string) error {
	var errs []error
	for _, at := range slices.Backward(mounts(stateDir)) {
		if err := unix.Unmount(at, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, fmt.Errorf("unmount %s: %w", at, err))
		}
	}
	return errors.Join(errs...)
}

// namespaces lists the lab's network namespaces.
func namespaces(name string) []string {
	entries, err := os.ReadDir(netnsDir)
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		if plan.IsNamespace(e.Name(), name) {
			found = append(found, e.Name())
		}
	}
	return found
}

func removeKernelObjects(ctx context.Context, name string) error {
	var errs []error
	for _, namespace := range namespaces(name) {
		at := filepath.Join(netnsDir, namespace)
		// A namespace whose making was cut short is a file and no mount.
		if err := unix.Unmount(at, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, fmt.Errorf("unmount %s: %w", at, err))
			continue
		}
		errs = append(errs, os.Remove(at))
	}
	forgetNamespaceFolder()
	if _, err := net.InterfaceByName(plan.HostLink(name)); err == nil {
		_, err := command.Run(ctx, "ip", "link", "delete", plan.HostLink(name))
		if _, gone := net.InterfaceByName(plan.HostLink(name)); gone == nil {
			errs = append(errs, err)
		}
	}
	if hasTable(name) {
		_, err := command.Run(ctx, "nft", "delete", "table", "inet", plan.Table(name))
		errs = append(errs, err)
	}
	errs = append(errs, cgroup.Remove(plan.Resource(name)))
	return errors.Join(errs...)
}

// forgetNamespaceFolder takes away what `ip netns add` made for its first
// namespace, the folder and its mount on itself, if nobody uses it: neither
// call succeeds otherwise.
func forgetNamespaceFolder() {
	if entries, err := os.ReadDir(netnsDir); err == nil && len(entries) == 0 && unix.Unmount(netnsDir, 0) == nil {
		_ = os.Remove(netnsDir)
	}
}

// hasTable says whether the host has the lab's packet filters. Without nft it
// cannot have any.
func hasTable(name string) bool {
	if _, err := exec.LookPath("nft"); err != nil {
		return false
	}
	_, err := command.Run(context.Background(), "nft", "list", "table", "inet", plan.Table(name))
	return err == nil
}

func kernelObjects(name string) ([]string, error) {
	var left []string
	for _, namespace := range namespaces(name) {
		left = append(left, "network namespace "+namespace)
	}
	if _, err := net.InterfaceByName(plan.HostLink(name)); err == nil {
		left = append(left, "interface "+plan.HostLink(name))
	}
	if hasTable(name) {
		left = append(left, "packet filter table "+plan.Table(name))
	}
	groups, err := cgroup.List(plan.Resource(name))
	for _, g := range groups {
		left = append(left, "control group "+g)
	}
	return left, err
}
