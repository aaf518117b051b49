// Package checkpoint keeps the books of an attempt's checkpoint directory: it
// makes the directory, finds the commit to resume from and sees new commits. It
// never deletes and never reads what a checkpoint holds.
package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// Job is the directory of one job's checkpoints.
type Job struct{ dir string }

// JobIn is the job's directory under the checkpoint root.
func JobIn(root, job, uid string) Job {
	return Job{dir: filepath.Join(root, launchspec.JobDir(job, uid))}
}

// Dir is the directory of an attempt.
func (j Job) Dir(attempt int32) string {
	return filepath.Join(j.dir, launchspec.AttemptDir(attempt))
}

// Make creates the directory of an attempt.
func (j Job) Make(attempt int32) error {
	if err := os.MkdirAll(j.Dir(attempt), 0o777); err != nil {
		return fmt.Errorf("make the checkpoint directory, is the volume writable: %w", err)
	}
	return nil
}

// Find is the absolute path of a commit. An error wraps fs.ErrNotExist if it is
// not, or not yet, there to see.
func (j Job) Find(ref launchspec.CheckpointRef) (string, error) {
	if err := noLink(j.Dir(ref.Attempt)); err != nil {
		return "", err
	}
	path := filepath.Join(j.Dir(ref.Attempt), ref.Name)
	return path, noLink(path)
}

// noLink makes sure that a path is there and leads nowhere else.
func noLink(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("look for a checkpoint: %w", err)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("%s is a symbolic link, which is not followed", path)
	}
	return nil
}

// Look examines one entry of an attempt's directory; ok is false if it is not a
// commit: a file or directory named step- and digits.
func (j Job) Look(attempt int32, name string) (c launchspec.Checkpoint, ok bool) {
	step, ok := launchspec.ParseCommitName(name)
	if !ok {
		return c, false
	}
	info, err := os.Lstat(filepath.Join(j.Dir(attempt), name))
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return c, false
	}
	return launchspec.Checkpoint{Attempt: attempt, Name: name, Step: step, Time: info.ModTime().UTC()}, true
}

// Newest is the commit with the highest step of an attempt.
func (j Job) Newest(attempt int32) (newest launchspec.Checkpoint, ok bool, err error) {
	entries, err := os.ReadDir(j.Dir(attempt))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return newest, false, fmt.Errorf("list checkpoints: %w", err)
	}
	var name string
	highest := int64(-1)
	for _, e := range entries {
		kind := e.Type()
		if step, commit := launchspec.ParseCommitName(e.Name()); commit && step > highest && (kind.IsDir() || kind.IsRegular()) {
			highest, name = step, e.Name()
		}
	}
	newest, ok = j.Look(attempt, name)
	return newest, ok, nil
}
