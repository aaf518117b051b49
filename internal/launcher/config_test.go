package launcher

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/internal/launcher/lifecycle"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

func from(env map[string]string, args ...string) (Config, error) {
	return FromEnv(args, nil, func(name string) string { return env[name] })
}

func TestFromEnv(t *testing.T) {
	got, err := from(map[string]string{
		launchspec.EnvJobName: "elec", launchspec.EnvJobNamespace: "ns", launchspec.EnvJobUID: "uid",
		launchspec.EnvSet: "worker", launchspec.EnvIndex: "2", launchspec.EnvRank: "3", launchspec.EnvAttempt: "4",
		launchspec.EnvMembers: "8", launchspec.EnvPort: "1234", launchspec.EnvPeers: "zero.svc:36291",
		launchspec.EnvFramework: "MPI", launchspec.EnvCheckpointRoot: "/ckpt", launchspec.EnvResumeFrom: "attempt-0003/step-7",
		launchspec.EnvInstructionFile: "/info/instruction", launchspec.EnvHoldSeconds: "60", launchspec.EnvOrphanSeconds: "300",
		launchspec.EnvGraceSeconds: "10", launchspec.EnvLogRules: `[{"name":"Keras"},{"name":"x","pattern":"(?P<step>1)"}]`,
		launchspec.EnvTerminationPath: "/term", launchspec.EnvRuntimeDir: "/run/t", launchspec.EnvSSHPort: "22",
		launchspec.EnvMPIHosts: `[{"host":"w-0","slots":8}]`,
	}, "python", "train.py")
	want := Config{
		Job: "elec", Namespace: "ns", UID: "uid", Set: "worker", Index: 2, Rank: 3, Framework: "MPI",
		First: launchspec.Instruction{Attempt: 4, ResumeFrom: "attempt-0003/step-7", Members: 8},
		Port:  1234, Peers: "zero.svc:36291", CheckpointRoot: "/ckpt", InstructionFile: "/info/instruction",
		TerminationPath: "/term", RuntimeDir: "/run/t", SSHPort: 22,
		Policy:   lifecycle.Policy{Hold: time.Minute, Orphan: 5 * time.Minute, Grace: 10 * time.Second},
		Rules:    []progress.Rule{{Name: "Keras"}, {Name: "x", Pattern: "(?P<step>1)"}},
		MPIHosts: []launchspec.MPIHost{{Host: "w-0", Slots: 8}},
		Args:     []string{"python", "train.py"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestDefaults(t *testing.T) {
	got, err := from(map[string]string{launchspec.EnvJobName: "j", launchspec.EnvJobUID: "u"}, "true")
	want := Config{
		Job: "j", UID: "u", First: launchspec.Instruction{Attempt: 1}, Port: 36291, SSHPort: 2222,
		TerminationPath: "/dev/termination-log", RuntimeDir: "/.trainyard",
		Policy: lifecycle.Policy{Grace: 30 * time.Second, Alone: true}, Args: []string{"true"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	tests := map[string]struct{ name, value, want string }{
		"not a number":     {launchspec.EnvAttempt, "one", `"one" must be a whole number from 1 to 2147483647`},
		"below the bound":  {launchspec.EnvAttempt, "0", `"0" must be a whole number from 1`},
		"above the bound":  {launchspec.EnvPort, "65536", `"65536" must be a whole number from 1 to 65535`},
		"negative seconds": {launchspec.EnvGraceSeconds, "-1", `"-1" must be a whole number from 0`},
		"a duration":       {launchspec.EnvHoldSeconds, "60s", `"60s" must be a whole number`},
		"no port":          {launchspec.EnvPeers, "zero", `"zero" must be host:port`},
		"a way out":        {launchspec.EnvResumeFrom, "../x", "not an attempt's directory such as attempt-0001"},
		"no JSON":          {launchspec.EnvMPIHosts, "[", "is not the JSON it should be"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := from(map[string]string{launchspec.EnvJobName: "j", launchspec.EnvJobUID: "u", tc.name: tc.value}, "true")
			if err == nil || !strings.Contains(err.Error(), tc.name) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v does not name %s and %q", err, tc.name, tc.want)
			}
		})
	}
	if _, err := from(nil); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("%v does not name two variables and the command", err)
	}
}

func TestChildEnviron(t *testing.T) {
	cfg := Config{
		UID: "uid", Framework: launchspec.FrameworkPyTorch,
		Environ: []string{"A=1", "TRAINYARD_ATTEMPT=1", "PET_RDZV_ID=old", "B=x-$(TRAINYARD_ATTEMPT)-$(PET_RDZV_ID)-$(A)", "C"},
		Args:    []string{"run", "$(TRAINYARD_RESUME_FROM)", "$$(TRAINYARD_ATTEMPT)"},
	}
	vars := cfg.attemptVariables(prepared{attempt: 2, checkpointDir: "/c", resumeFrom: "/r", variables: []variable{{"D", "4"}}})
	want := []string{
		"A=1", "B=x-2-uid-2-$(A)", "C",
		"TRAINYARD_ATTEMPT=2", "TRAINYARD_CHECKPOINT_DIR=/c", "TRAINYARD_RESUME_FROM=/r", "PET_RDZV_ID=uid-2", "D=4",
	}
	if diff := cmp.Diff(want, cfg.childEnviron(vars)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"run", "/r", "$2"}, cfg.childArgs(vars)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	cfg.Framework = "JAX"
	for _, kv := range cfg.childEnviron(cfg.attemptVariables(prepared{attempt: 2})) {
		if strings.HasPrefix(kv, "PET_RDZV_ID=") && kv != "PET_RDZV_ID=old" {
			t.Errorf("%s outside of PyTorch", kv)
		}
	}
}

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

func TestAskInterval(t *testing.T) {
	tests := map[string]struct {
		members   int32
		orphan    time.Duration
		low, high time.Duration
	}{
		"few":                {2, 0, 4500 * time.Millisecond, 5100 * time.Millisecond},
		"thousands":          {4096, 0, 11 * time.Second, 14 * time.Second},
		"thousands, hurried": {4096, 30 * time.Second, 9 * time.Second, 10 * time.Second},
		"impatient":          {2, 3 * time.Second, 900 * time.Millisecond, time.Second},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := &Launcher{cfg: Config{First: launchspec.Instruction{Members: tc.members}, Policy: lifecycle.Policy{Orphan: tc.orphan}}}
			for range 100 {
				if got := l.askInterval(); got < tc.low || got > tc.high {
					t.Fatalf("%v, want %v to %v", got, tc.low, tc.high)
				}
			}
		})
	}
}

func TestResumePointThatIsGarbage(t *testing.T) {
	l := idle(t)
	if got := l.resumePoint(context.Background(), l.job(), launchspec.Instruction{ResumeFrom: "../../etc"}); got != "" {
		t.Errorf("%q", got)
	}
	if s := l.board.Status(); !strings.Contains(s.Message, "not an attempt's directory") {
		t.Errorf("message %q", s.Message)
	}
}

// A signal may come before it is known that the child could not be started.
func TestSignalForAChildThatNeverWas(t *testing.T) {
	l := idle(t)
	l.start(context.Background(), prepared{err: errors.New("no")})
	l.do(context.Background(), lifecycle.Todo{Do: lifecycle.Forward, Signal: syscall.SIGTERM})
	if exit := <-l.exits; exit.Code != launchspec.ExitLauncher {
		t.Errorf("%+v", exit)
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

func idle(t *testing.T) *Launcher {
	t.Helper()
	l, err := New(Config{CheckpointRoot: t.TempDir(), Args: []string{"true"}}, testingclock.NewFakeClock(time.Unix(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}
