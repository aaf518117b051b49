package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

func TestExitCodes(t *testing.T) {
	notExecutable := t.TempDir() + "/plain"
	if err := os.WriteFile(notExecutable, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		want int
	}{
		"success":        {[]string{"be-exit", "0"}, 0},
		"failure":        {[]string{"be-exit", "3"}, 3},
		"the largest":    {[]string{"be-exit", "255"}, 255},
		"killed":         {[]string{"be-killed", "9"}, 137},
		"aborted":        {[]string{"be-killed", "15"}, 143},
		"not found":      {[]string{"no-such-command"}, launchspec.ExitNotFound},
		"no such path":   {[]string{"/no/such/command"}, launchspec.ExitNotFound},
		"not executable": {[]string{notExecutable}, launchspec.ExitCannotRun},
		"a directory":    {[]string{os.TempDir()}, launchspec.ExitCannotRun},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, options{}, tc.args...)
			if got := r.code(); got != tc.want {
				t.Errorf("exit code %d, want %d", got, tc.want)
			}
			message := r.termination()
			if message.Phase != launchspec.PhaseExited || message.ExitCode == nil || int(*message.ExitCode) != tc.want {
				t.Errorf("termination message %+v", message)
			}
		})
	}
}

func TestSignalsReachTheChild(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvHoldSeconds: "60"}}, "be-trap")
	r.untilSaid("ready")
	for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP} {
		r.signal(sig)
		r.untilSaid("got " + sig.String())
	}
	r.signal(syscall.SIGTERM)
	if got := r.code(); got != 5 {
		t.Errorf("exit code %d, want the child's 5, at once", got)
	}
}

// The launcher's own handlers, limits and descriptors are not the child's.
func TestTheChildInheritsTheContainer(t *testing.T) {
	t.Parallel()
	script := `ulimit -Sn; umask; pwd; grep -E "^(SigBlk|SigIgn)" /proc/self/status; ls /proc/self/fd | wc -l`
	direct, err := exec.Command("sh", "-c", "ulimit -Sn 300; "+script).Output()
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, options{}, "sh", "-c", script)
	limited := start(t, options{wrap: []string{"sh", "-c", `ulimit -Sn 300; exec "$0" "$@"`}}, "sh", "-c", script)
	if code := limited.code(); code != 0 || limited.out.String() != string(direct) {
		t.Errorf("exit code %d, %q, want %q", code, limited.out, direct)
	}
	if code := r.code(); code != 0 || r.out.String() == string(direct) {
		t.Errorf("exit code %d, %q: the limit makes no difference", code, r.out)
	}
}

// The kubelet may kill before the child has ended: what is known is left first.
func TestTheMessageIsThereBeforeTheEnd(t *testing.T) {
	t.Parallel()
	r := start(t, options{}, "be-stubborn")
	r.untilSaid("stubborn")
	r.signal(syscall.SIGTERM)
	eventually(t, "a message", func() bool { return strings.Contains(r.termination().Message, "ending on terminated") }, nil)
	if message := r.termination(); message.Phase != launchspec.PhaseRunning || message.ExitCode != nil {
		t.Errorf("termination message %+v", message)
	}
}

func TestOrphansAreReaped(t *testing.T) {
	t.Parallel()
	r := start(t, options{}, "be-orphaner")
	r.untilSaid("orphaned")
	eventually(t, "one living child and no zombie",
		func() bool { return len(childrenOf(r.cmd.Process.Pid)) == 1 },
		func() string { return fmt.Sprint(childrenOf(r.cmd.Process.Pid)) })
}

func TestNothingOutlivesTheChild(t *testing.T) {
	t.Parallel()
	r := startWithStdin(t, options{}, "be-parent", "4")
	eventually(t, "two children", func() bool { return len(r.numbers("stubborn")) == 2 }, nil)
	r.say("end")
	if got := r.code(); got != 4 {
		t.Errorf("exit code %d", got)
	}
	for _, pid := range r.numbers("stubborn") {
		if !gone(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
}

func TestANewAttemptInPlace(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{
		launchspec.EnvFramework: launchspec.FrameworkPyTorch, launchspec.EnvRendezvousID: "as created",
		"CUSTOM": "out-$(TRAINYARD_ATTEMPT)",
	}}, "be-env", "--out=$(TRAINYARD_CHECKPOINT_DIR)", "$(OTHER)")
	r.untilPhase(launchspec.PhaseRunning, 1)
	r.untilSaid("ready")
	first := r.attemptDir(1)
	for _, want := range []string{
		"TRAINYARD_ATTEMPT=1\n", "TRAINYARD_CHECKPOINT_DIR=" + first + "\n", "TRAINYARD_RESUME_FROM=\n",
		"PET_RDZV_ID=" + testUID + "-1\n", "CUSTOM=out-1\n", "args=--out=" + first + " $(OTHER)\n",
	} {
		r.untilSaid(want)
	}
	if err := os.Mkdir(first+"/step-0100", 0o755); err != nil {
		t.Fatal(err)
	}
	r.instruct(`{"attempt":2,"resumeFrom":"attempt-0001/step-0100","members":1}`)
	status := r.untilPhase(launchspec.PhaseRunning, 2)
	if status.Restarts != 1 || status.ExitCode != nil || status.ExitedAt != nil || status.Message != "" {
		t.Errorf("status %+v", status)
	}
	for _, want := range []string{
		"TRAINYARD_ATTEMPT=2\n", "TRAINYARD_CHECKPOINT_DIR=" + r.attemptDir(2) + "\n",
		"TRAINYARD_RESUME_FROM=" + first + "/step-0100\n", "PET_RDZV_ID=" + testUID + "-2\n", "CUSTOM=out-2\n",
	} {
		r.untilSaid(want)
	}
}

// Every process of the old attempt must be dead before one of the new starts.
func TestANewAttemptKillsEveryProcessOfTheOld(t *testing.T) {
	t.Parallel()
	r := start(t, options{}, "be-parent")
	eventually(t, "two children", func() bool { return len(r.numbers("stubborn")) == 2 }, nil)
	old := r.numbers("stubborn")
	r.instruct(`{"attempt":2}`)
	eventually(t, "a second parent", func() bool { return len(r.numbers("parent")) == 2 }, nil)
	for _, pid := range old {
		if !gone(pid) {
			t.Errorf("process %d of attempt 1 is still there", pid)
		}
	}
}

func TestAStubbornChildIsKilled(t *testing.T) {
	t.Parallel()
	r := start(t, options{}, "be-stubborn")
	r.untilSaid("stubborn")
	r.instruct(`{"attempt":2}`)
	eventually(t, "a second child", func() bool { return len(r.numbers("stubborn")) == 2 }, nil)
}

func TestAFailureIsHeld(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvHoldSeconds: "60"}}, "be-killed", "9")
	status := r.untilPhase(launchspec.PhaseExited, 1)
	if *status.ExitCode != 137 || status.Signal != 9 || status.ExitedAt == nil {
		t.Errorf("status %+v", status)
	}
	eventually(t, "the signal in the message", func() bool { return r.termination().Signal == 9 }, nil)
	r.instruct(`{"attempt":2}`)
	r.untilPhase(launchspec.PhaseExited, 2)
	r.signal(syscall.SIGTERM)
	if got := r.code(); got != 137 {
		t.Errorf("exit code %d", got)
	}
}

func TestTheHoldEnds(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	r := start(t, options{env: map[string]string{launchspec.EnvHoldSeconds: "1"}}, "be-exit", "7")
	if got := r.code(); got != 7 || time.Since(begun) < time.Second {
		t.Errorf("exit code %d after %v", got, time.Since(begun))
	}
}

func TestACommandThatIsMissingIsSaid(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvHoldSeconds: "60"}}, "no-such-command")
	status := r.untilPhase(launchspec.PhaseExited, 1)
	if !strings.Contains(status.Message, "no-such-command") {
		t.Errorf("message %q", status.Message)
	}
	if !strings.Contains(r.err.String(), "no-such-command") {
		t.Errorf("log %q", r.err)
	}
}

func TestInstructionsThatAreNone(t *testing.T) {
	t.Parallel()
	r := start(t, options{}, "be-idle")
	r.untilPhase(launchspec.PhaseRunning, 1)
	for _, text := range []string{"no JSON", `{"attempt":-2}`, `{"attempt":2,"resumeFrom":"../../etc"}`} {
		r.instruct(text)
		r.until("a message about "+text, func(s launchspec.Status) bool { return strings.Contains(s.Message, "instruction") })
		r.instruct(`{"attempt":1}`)
		r.until("no message", func(s launchspec.Status) bool { return s.Message == "" })
	}
	r.instruct("")
	r.instruct(`{"attempt":2}`)
	if status := r.untilPhase(launchspec.PhaseRunning, 2); status.Restarts != 1 {
		t.Errorf("status %+v", status)
	}
}

// A container that is started again in a pod that has moved on.
func TestTheInstructionOfBeforeTheStartCounts(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvHoldSeconds: "60"}}, "be-exit", "1")
	r.untilPhase(launchspec.PhaseExited, 1)
	r.instruct(`{"attempt":5}`)
	r.untilPhase(launchspec.PhaseExited, 5)
	again := start(t, options{env: map[string]string{launchspec.EnvInstructionFile: r.path("podinfo/instruction")}}, "be-idle")
	if status := again.untilPhase(launchspec.PhaseRunning, 5); status.Restarts != 0 {
		t.Errorf("status %+v", status)
	}
}

func TestTheLauncherCannotBegin(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want []string
	}{
		"what is missing and wrong is said at once": {
			map[string]string{
				launchspec.EnvJobUID: "", launchspec.EnvRank: "-1", launchspec.EnvPort: "x", launchspec.EnvPeers: "nohost",
				launchspec.EnvLogRules: "{", launchspec.EnvResumeFrom: "/etc",
			},
			[]string{launchspec.EnvJobUID, launchspec.EnvRank + `="-1"`, launchspec.EnvPort + `="x"`, launchspec.EnvPeers, launchspec.EnvLogRules, launchspec.EnvResumeFrom},
		},
		"a log rule": {map[string]string{launchspec.EnvLogRules: `[{"name":"Caffe"}]`}, []string{`"Caffe"`, "HFTrainer"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, options{env: tc.env}, "be-idle")
			if got := r.code(); got != launchspec.ExitLauncher {
				t.Errorf("exit code %d", got)
			}
			for _, part := range tc.want {
				if !strings.Contains(r.err.String(), part) {
					t.Errorf("%q does not name %s", r.err, part)
				}
			}
		})
	}
}

func TestThePortIsTaken(t *testing.T) {
	t.Parallel()
	r := start(t, options{}, "be-idle")
	r.untilPhase(launchspec.PhaseRunning, 1)
	other := start(t, options{env: map[string]string{launchspec.EnvPort: fmt.Sprint(r.port)}}, "be-idle")
	if got := other.code(); got != launchspec.ExitLauncher || !strings.Contains(other.err.String(), fmt.Sprint("port ", r.port)) {
		t.Errorf("exit code %d, %q", got, other.err)
	}
}

// talker is a rank whose child reads what the test says.
type talker struct {
	*rank
	stdin io.Writer
}

func startWithStdin(t *testing.T, o options, args ...string) talker {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = write.Close() })
	defer read.Close()
	o.stdin = read
	return talker{start(t, o, args...), write}
}

func (r talker) say(line string) {
	r.t.Helper()
	if _, err := io.WriteString(r.stdin, line+"\n"); err != nil {
		r.t.Fatal(err)
	}
}
