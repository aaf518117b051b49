package main

import (
	"os"
	"strings"
	"testing"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

func TestCheckpointsAreSeen(t *testing.T) {
	t.Parallel()
	r := startWithStdin(t, options{}, "be-trainer")
	r.untilSaid("training")
	for _, name := range []string{"step-0010", "notes", "step-9", "step-0020"} {
		r.say(name)
		r.untilSaid("committed " + name)
	}
	status := r.untilCheckpoint("step-0020")
	if c := status.Checkpoint; c.Attempt != 1 || c.Step != 20 || c.Time.IsZero() || c.Ref().String() != "attempt-0001/step-0020" {
		t.Errorf("checkpoint %+v", c)
	}
	eventually(t, "the checkpoint in the message", func() bool {
		c := r.termination().Checkpoint
		return c != nil && c.Step == 20
	}, nil)
}

// The last commit is known though the child ended right behind it.
func TestTheLastCommitIsLeft(t *testing.T) {
	t.Parallel()
	r := startWithStdin(t, options{}, "be-trainer")
	r.say("step-0030")
	r.say("0")
	if got := r.code(); got != 0 {
		t.Errorf("exit code %d", got)
	}
	if c := r.termination().Checkpoint; c == nil || c.Step != 30 {
		t.Errorf("checkpoint %+v", c)
	}
}

func TestALinkIsNoCheckpoint(t *testing.T) {
	t.Parallel()
	r := start(t, options{}, "be-idle")
	r.untilPhase(launchspec.PhaseRunning, 1)
	if err := os.Symlink("/etc", r.attemptDir(1)+"/step-0099"); err != nil {
		t.Fatal(err)
	}
	r.write("real", "x")
	if err := os.Rename(r.path("real"), r.attemptDir(1)+"/step-0001"); err != nil {
		t.Fatal(err)
	}
	if status := r.untilCheckpoint("step-0001"); status.Checkpoint.Step != 1 {
		t.Errorf("checkpoint %+v", status.Checkpoint)
	}
	r.instruct(`{"attempt":2,"resumeFrom":"attempt-0001/step-0099"}`)
	status := r.untilPhase(launchspec.PhaseRunning, 2)
	if !strings.Contains(status.Message, "symbolic link") {
		t.Errorf("message %q", status.Message)
	}
}

func TestNothingToResumeFrom(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvAttempt: "2", launchspec.EnvResumeFrom: "attempt-0001/step-0099"}}, "be-env")
	r.untilSaid("TRAINYARD_RESUME_FROM=\n")
	status := r.untilPhase(launchspec.PhaseRunning, 2)
	if !strings.Contains(status.Message, "attempt-0001/step-0099 is not there") {
		t.Errorf("message %q", status.Message)
	}
}

func TestAVolumeThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvCheckpointRoot: "/proc/nowhere"}}, "be-idle")
	status := r.untilPhase(launchspec.PhaseRunning, 1)
	if !strings.Contains(status.Message, "is the volume writable") {
		t.Errorf("message %q", status.Message)
	}
}

func TestNoCheckpoints(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvCheckpointRoot: ""}}, "be-env")
	r.untilSaid("TRAINYARD_CHECKPOINT_DIR=\n")
}

func (r *rank) untilCheckpoint(name string) launchspec.Status {
	r.t.Helper()
	return r.until(name, func(s launchspec.Status) bool { return s.Checkpoint != nil && s.Checkpoint.Name == name })
}
