// Package cgroup gives each lab a control group of its own in every
// hierarchy, with one below it for each node, and takes them away again. It
// works with control groups of version 1, of version 2, and of both.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// hierarchy is one mounted tree of control groups.
type hierarchy struct {
	root    string
	unified bool
}

// hierarchies reads them from a mountinfo file.
func hierarchies(mountinfo string) []hierarchy {
	var found []hierarchy
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) == 0 || !strings.HasPrefix(fields[4], "/sys/fs/cgroup") {
			continue
		}
		switch kind[0] {
		case "cgroup":
			found = append(found, hierarchy{root: fields[4]})
		case "cgroup2":
			found = append(found, hierarchy{root: fields[4], unified: true})
		}
	}
	return found
}

func mounted() ([]hierarchy, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for control groups: %w", err)
	}
	return hierarchies(string(content)), nil
}

// Ensure makes the control group path, as in "/trainyard-lab/node-1", in every
// hierarchy.
func Ensure(path string) error {
	all, err := mounted()
	if err != nil {
		return err
	}
	for _, h := range all {
		dir := h.root
		for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
			if err := h.prepare(dir); err != nil {
				return err
			}
			child := filepath.Join(dir, part)
			if err := os.MkdirAll(child, 0o755); err != nil {
				return fmt.Errorf("make the control group %s: %w", child, err)
			}
			if err := h.inherit(dir, child); err != nil {
				return err
			}
			dir = child
		}
		if err := h.prepare(dir); err != nil {
			return err
		}
	}
	return nil
}

// prepare lets the children of dir use every controller there is (version 2).
func (h hierarchy) prepare(dir string) error {
	if !h.unified {
		return nil
	}
	controllers, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("read the controllers of %s: %w", dir, err)
	}
	for c := range strings.FieldsSeq(string(controllers)) {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0o644); err != nil {
			return fmt.Errorf("pass the controller %s on below %s: %w (processes in that group must move to a group of their own first)", c, dir, err)
		}
	}
	return nil
}

// inherit copies what a new cpuset does not take over by itself (version 1).
func (h hierarchy) inherit(parent, child string) error {
	if h.unified {
		return nil
	}
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(parent, file))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(child, file), value, 0o644)
		}
		if err != nil {
			return fmt.Errorf("pass %s on to %s: %w", file, child, err)
		}
	}
	return nil
}

// Prefer gives the control group name at the top ten times the share of the
// processors that one gets by itself: it stands for whole machines, and the groups
// beside it each for one program or one login.
func Prefer(name string) error {
	all, err := mounted()
	if err != nil {
		return err
	}
	for _, h := range all {
		if err := prefer(filepath.Join(h.root, name)); err != nil {
			return err
		}
	}
	return nil
}

func prefer(dir string) error {
	for file, share := range map[string]string{"cpu.shares": "10240", "cpu.weight": "1000"} {
		knob := filepath.Join(dir, file)
		if _, err := os.Stat(knob); err != nil {
			continue // not of this version, or another controller's hierarchy
		}
		if err := os.WriteFile(knob, []byte(share), 0o644); err != nil {
			return fmt.Errorf("raise the lab's share of the processors: %w", err)
		}
	}
	return nil
}

// Processes lists the processes in the control group name at the top of any
// hierarchy, or anywhere below it.
func Processes(name string) ([]int, error) {
	seen := map[int]bool{}
	err := each(name, func(dir string) error {
		content, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if err != nil {
			return nil //nolint:nilerr // a threaded group, or one that has just gone, has none to list
		}
		for field := range strings.FieldsSeq(string(content)) {
			if pid, err := strconv.Atoi(field); err == nil {
				seen[pid] = true
			}
		}
		return nil
	})
	pids := make([]int, 0, len(seen))
	for pid := range seen {
		pids = append(pids, pid)
	}
	return pids, err
}

// Remove takes away the control group name, and all below it, everywhere. Its
// processes must have ended; the kernel may need a moment to notice.
func Remove(name string) error {
	var err error
	for range 100 {
		if err = removeOnce(name); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

func removeOnce(name string) error {
	var dirs []string
	if err := each(name, func(dir string) error { dirs = append(dirs, dir); return nil }); err != nil {
		return err
	}
	var failed error
	for i := len(dirs) - 1; i >= 0; i-- { // children come after their parents
		if err := os.Remove(dirs[i]); err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = fmt.Errorf("remove the control group: %w", err)
		}
	}
	return failed
}

// List lists the control groups called name at the top of any hierarchy, and
// all below them.
func List(name string) ([]string, error) {
	var dirs []string
	err := each(name, func(dir string) error { dirs = append(dirs, dir); return nil })
	return dirs, err
}

func each(name string, f func(dir string) error) error {
	all, err := mounted()
	if err != nil {
		return err
	}
	for _, h := range all {
		top := filepath.Join(h.root, name)
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, os.ErrNotExist) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("look into the control group: %w", err)
			}
			if !d.IsDir() {
				return nil
			}
			return f(path)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
