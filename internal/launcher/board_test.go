package launcher

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

func TestBoard(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := testingclock.NewFakePassiveClock(now)
	b := newBoard(&Config{UID: "uid", Set: "w", Index: 1, Rank: 2, First: launchspec.Instruction{Attempt: 1}}, c)
	step := int64(3)
	b.started(false)
	b.show(launchspec.PhaseRunning)
	b.progress(progress.Update{Metrics: []progress.Metric{{Name: "loss", Value: 1}}})
	if s := b.Status(); s.FirstStepAt != nil {
		t.Error("a first step without a step")
	}
	b.progress(progress.Update{Step: &step})
	c.SetTime(now.Add(time.Second))
	b.progress(progress.Update{Step: &step})
	b.checkpoint(launchspec.Checkpoint{Attempt: 1, Name: "step-3", Step: 3})
	b.checkpoint(launchspec.Checkpoint{Attempt: 9, Name: "step-9", Step: 9}) // of a watch that has ended
	b.exited(137, 9)
	b.say(aboutOutput, "output")
	b.say(aboutInstruction, "instruction")
	code := int32(137)
	ended := now.Add(time.Second)
	want := launchspec.Status{
		JobUID: "uid", Set: "w", Index: 1, Rank: 2, Attempt: 1, Phase: launchspec.PhaseRunning,
		ExitCode: &code, Signal: 9, StartedAt: &now, ExitedAt: &ended, FirstStepAt: &now,
		Progress:   &progress.Snapshot{Step: &step, Metrics: map[string]float64{"loss": 1}, Time: ended},
		Checkpoint: &launchspec.Checkpoint{Attempt: 1, Name: "step-3", Step: 3},
		Message:    "instruction; output",
	}
	if diff := cmp.Diff(want, b.Status()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	b.begin(2)
	want = launchspec.Status{
		JobUID: "uid", Set: "w", Index: 1, Rank: 2, Attempt: 2, Phase: launchspec.PhaseStarting, Message: "instruction",
	}
	if diff := cmp.Diff(want, b.Status()); diff != "" {
		t.Errorf("a new attempt (-want +got)\n%s", diff)
	}
	b.say(aboutStart, strings.Repeat("ü", maxMessage))
	if s := b.Status(); len(s.Message) > maxMessage || strings.ContainsRune(s.Message, '\uFFFD') {
		t.Errorf("%d bytes of message", len(s.Message))
	}
}

// Who prepares an attempt that was given up must not speak for its successor.
func TestAPreparationThatWasGivenUpIsSilent(t *testing.T) {
	b := idle(t).board
	b.begin(2)
	b.waitIn(1)
	b.sayIn(1, aboutPeers, "old")
	if s := b.Status(); s.Phase != launchspec.PhaseStarting || s.Message != "" {
		t.Errorf("%+v", s)
	}
	b.waitIn(2)
	b.sayIn(2, aboutPeers, "new")
	if s := b.Status(); s.Phase != launchspec.PhaseWaitingForPeers || s.Message != "new" {
		t.Errorf("%+v", s)
	}
	b.show(launchspec.PhaseRunning)
	b.waitIn(2)
	if s := b.Status(); s.Phase != launchspec.PhaseRunning {
		t.Errorf("%+v", s)
	}
}
