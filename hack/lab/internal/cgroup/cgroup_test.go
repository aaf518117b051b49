package cgroup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHierarchies(t *testing.T) {
	const mountinfo = `24 1 0:22 / /proc rw,relatime - proc proc rw
31 24 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
33 31 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup rw
34 31 0:29 / /srv/chroot/sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup rw
`
	want := []hierarchy{{root: "/sys/fs/cgroup/cpu,cpuacct"}, {root: "/sys/fs/cgroup/unified", unified: true}}
	if diff := cmp.Diff(want, hierarchies(mountinfo), cmp.AllowUnexported(hierarchy{})); diff != "" {
		t.Errorf("hierarchies (-want +got):\n%s", diff)
	}
}

// A tree of files stands for control groups of version 2, which not every
// machine has.
func TestPreparePassesEveryControllerOn(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("cpu memory\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (hierarchy{root: dir, unified: true}).prepare(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control")); err != nil || string(got) != "+memory" {
		t.Errorf("last write %q (%v), want +memory", got, err)
	}
	err := (hierarchy{unified: true}).prepare(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "read the controllers") {
		t.Errorf("error %v", err)
	}
}

func TestInheritFillsANewCpuset(t *testing.T) {
	parent, child := t.TempDir(), t.TempDir()
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		if err := os.WriteFile(filepath.Join(parent, file), []byte("0-1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := (hierarchy{}).inherit(parent, child); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(child, "cpuset.cpus")); err != nil || string(got) != "0-1\n" {
		t.Errorf("cpuset.cpus is %q (%v)", got, err)
	}
}

func TestPreferRaisesTheShare(t *testing.T) {
	for file, want := range map[string]string{"cpu.shares": "10240", "cpu.weight": "1000"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, file), []byte("1024\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := prefer(dir); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != want {
			t.Errorf("%s is %q (%v), want %s", file, got, err, want)
		}
	}
	if err := prefer(t.TempDir()); err != nil {
		t.Errorf("a hierarchy without shares: %v", err)
	}
}

func TestNothingToRemove(t *testing.T) {
	if err := Remove("trainyard-test-of-nothing"); err != nil {
		t.Error(err)
	}
	if pids, err := Processes("trainyard-test-of-nothing"); err != nil || len(pids) > 0 {
		t.Errorf("processes %v, %v", pids, err)
	}
}
