//go:build e2e

package test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// remains looks for anything of a lab on this host. It shares no code with
// what takes labs away.
func remains(t *testing.T, l *lab) []string {
	t.Helper()
	var found []string
	found = append(found, processesOf(l)...)
	for _, look := range []struct {
		what, marks string
		command     []string
	}{
		{"mount", l.stateDir, []string{"cat", "/proc/self/mountinfo"}},
		{"mount", "trainyard-" + l.name, []string{"cat", "/proc/self/mountinfo"}},
		{"namespace", "trainyard-" + l.name, []string{"ls", "/run/netns"}},
		{"interface", "ty-" + l.name, []string{"ip", "-oneline", "link"}},
		{"route", l.subnetStart, []string{"ip", "route", "show", "table", "all"}},
		{"address", l.subnetStart, []string{"ip", "-oneline", "address"}},
		{"rule", "trainyard_" + l.name, []string{"nft", "list", "ruleset"}},
		{"control group", "trainyard-" + l.name, []string{"find", "/sys/fs/cgroup", "-type", "d"}},
		{"file", filepath.Base(l.stateDir), []string{"ls", "-a", filepath.Dir(l.stateDir)}},
	} {
		for line := range strings.Lines(output(look.command)) {
			if strings.Contains(line, look.marks) {
				found = append(found, look.what+": "+strings.TrimSpace(line))
			}
		}
	}
	return found
}

// output runs a command and returns what it says; one that fails, because what
// it looks at is not there, says nothing.
func output(command []string) string {
	out, _ := exec.Command(command[0], command[1:]...).Output()
	return string(out)
}

// processesOf finds processes by their arguments, their environment and their
// working directory.
func processesOf(l *lab) []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		dir := filepath.Dir(file)
		if dir == fmt.Sprintf("/proc/%d", os.Getpid()) {
			continue
		}
		args, _ := os.ReadFile(file)
		environment, _ := os.ReadFile(filepath.Join(dir, "environ"))
		cwd, _ := os.Readlink(filepath.Join(dir, "cwd"))
		groups, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		if bytes.Contains(args, []byte(l.stateDir)) || bytes.Contains(environment, []byte(l.stateDir)) ||
			strings.HasPrefix(cwd, l.stateDir) || bytes.Contains(groups, []byte("trainyard-"+l.name)) {
			found = append(found, fmt.Sprintf("process %s: %s", filepath.Base(dir), bytes.ReplaceAll(args, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// hostFolders are where kubelets, runtimes and plugins keep things on a host
// that is nobody's but theirs.
var hostFolders = []string{"/var/lib/kubelet", "/var/lib/containerd", "/var/lib/cni", "/var/lib/etcd",
	"/var/log/containers", "/var/log/pods", "/run/containerd", "/run/kubernetes", "/run/netns", "/run/flannel",
	"/opt/containerd", "/opt/cni", "/etc/cni", "/etc/kubernetes", "/usr/libexec/kubernetes"}

func present(paths []string) map[string]bool {
	there := map[string]bool{}
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			there[path] = true
		}
	}
	return there
}

// kernelSettings are those that a kubelet would change.
var kernelSettings = []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", "net/ipv4/ip_forward"}

func settings() map[string]string {
	values := map[string]string{}
	for _, name := range kernelSettings {
		value, _ := os.ReadFile(filepath.Join("/proc/sys", name))
		values[name] = strings.TrimSpace(string(value))
	}
	return values
}
