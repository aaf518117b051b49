package launchspec

import (
	"fmt"
	"strconv"
	"strings"
)

// The contract of a checkpoint directory: training writes under a name that
// begins with TempPrefix and commits with one rename to StepPrefix and digits.
const (
	TempPrefix    = ".tmp-"
	StepPrefix    = "step-"
	AttemptPrefix = "attempt-"

	maxStepDigits = 18 // every such number fits an int64
)

// JobDir is the directory of a job under the checkpoint root. The UID keeps a
// job that was deleted and created again from finding its namesake's work.
func JobDir(job, uid string) string {
	return job + "-" + uid[:min(8, len(uid))]
}

// AttemptDir is the directory of an attempt under the job's: attempt-0002.
func AttemptDir(attempt int32) string {
	return fmt.Sprintf("%s%04d", AttemptPrefix, attempt)
}

// CheckpointRef names one committed checkpoint of a job.
type CheckpointRef struct {
	Attempt int32
	// Name is the committed file or directory: step-00000100.
	Name string
	Step int64
}

// String is the reference as an Instruction carries it.
func (r CheckpointRef) String() string { return AttemptDir(r.Attempt) + "/" + r.Name }

// ParseCheckpointRef reads attempt-0001/step-00000100. It accepts nothing that
// could lead out of the job's directory.
func ParseCheckpointRef(s string) (CheckpointRef, error) {
	dir, name, _ := strings.Cut(s, "/")
	attempt, err := ParseAttemptDir(dir)
	if err != nil {
		return CheckpointRef{}, fmt.Errorf("checkpoint %q: %w", s, err)
	}
	step, ok := ParseCommitName(name)
	if !ok {
		return CheckpointRef{}, fmt.Errorf("checkpoint %q: %q is not %s and 1 to %d digits", s, name, StepPrefix, maxStepDigits)
	}
	return CheckpointRef{Attempt: attempt, Name: name, Step: step}, nil
}

// ParseAttemptDir is the inverse of AttemptDir.
func ParseAttemptDir(dir string) (int32, error) {
	digits, ok := strings.CutPrefix(dir, AttemptPrefix)
	n, err := strconv.ParseInt(digits, 10, 32)
	if !ok || err != nil || n < 1 || AttemptDir(int32(n)) != dir {
		return 0, fmt.Errorf("%q is not an attempt's directory such as %s", dir, AttemptDir(1))
	}
	return int32(n), nil
}

// ParseCommitName tells whether a directory entry is a committed checkpoint,
// and of which step.
func ParseCommitName(name string) (step int64, ok bool) {
	digits, ok := strings.CutPrefix(name, StepPrefix)
	if !ok || len(digits) == 0 || len(digits) > maxStepDigits {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		step = step*10 + int64(c-'0')
	}
	return step, true
}
