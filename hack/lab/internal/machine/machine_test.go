package machine

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// helper, when set, makes the test binary a supervisor.
const helper = "MACHINE_TEST_SPEC"

func TestMain(m *testing.M) {
	if spec := os.Getenv(helper); spec != "" {
		if err := Supervise(spec); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// supervise starts a supervisor for the programs, as the host's own process.
func supervise(t *testing.T, programs ...Program) *Spec {
	t.Helper()
	dir := t.TempDir()
	for i := range programs {
		programs[i].Log = filepath.Join(dir, programs[i].Name+".log")
	}
	spec := &Spec{Name: "test", Dir: dir, Programs: programs, Env: os.Environ()}
	if err := spec.Save(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helper+"="+spec.File())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		if err := Kill(dir); err != nil {
			t.Error(err)
		}
		<-ended
	})
	eventually(t, "the supervisor runs", func() bool { return PID(dir) != 0 })
	return spec
}

func shell(name, script string, after ...string) Program {
	return Program{Name: name, Args: []string{"sh", "-c", script}, After: after}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30s: %s", what)
		}
	}
}

func logOf(spec *Spec, program string) string {
	content, _ := os.ReadFile(filepath.Join(spec.Dir, program+".log"))
	return string(content)
}

func TestAProgramThatEndsIsStartedAgain(t *testing.T) {
	spec := supervise(t, shell("brief", "echo once"))
	eventually(t, "it ran twice", func() bool { return strings.Count(logOf(spec, "brief"), "once") >= 2 })
	eventually(t, "the restart is told", func() bool {
		status, err := ReadStatus(spec.Dir)
		return err == nil && len(status.Programs) == 1 && status.Programs[0].Restarts >= 1
	})
}

func TestAProgramWaitsForWhatItNeeds(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	spec := supervise(t, shell("first", "echo ran; sleep 100"), shell("second", "echo ran; sleep 100", "unix:"+socket))
	eventually(t, "the first runs", func() bool { return logOf(spec, "first") != "" })
	if logOf(spec, "second") != "" {
		t.Error("the second did not wait")
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	eventually(t, "the second runs", func() bool { return logOf(spec, "second") != "" })
}

func TestReloadTouchesOnlyWhatChanged(t *testing.T) {
	const script = "echo ran; sleep 100"
	spec := supervise(t, shell("kept", script), shell("changed", script), shell("dropped", script))
	eventually(t, "all run", func() bool {
		return logOf(spec, "kept") != "" && logOf(spec, "changed") != "" && logOf(spec, "dropped") != ""
	})
	spec.Programs = []Program{spec.Programs[0], spec.Programs[1], {Name: "added", Args: []string{"sh", "-c", script},
		Log: filepath.Join(spec.Dir, "added.log")}}
	spec.Programs[1].Digest = "another"
	if err := Start(spec, os.Args[0]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the changed and the added one ran", func() bool {
		return strings.Count(logOf(spec, "changed"), "ran") == 2 && logOf(spec, "added") != ""
	})
	eventually(t, "the dropped one is gone", func() bool {
		status, err := ReadStatus(spec.Dir)
		return err == nil && len(status.Programs) == 3
	})
	if n := strings.Count(logOf(spec, "kept"), "ran"); n != 1 {
		t.Errorf("what had not changed ran %d times", n)
	}
}

func TestKillEndsEverything(t *testing.T) {
	spec := supervise(t, shell("child", "echo $$; exec sleep 100"))
	eventually(t, "it runs", func() bool { return strings.TrimSpace(logOf(spec, "child")) != "" })
	if err := Kill(spec.Dir); err != nil {
		t.Fatal(err)
	}
	proc := filepath.Join("/proc", strings.TrimSpace(logOf(spec, "child")))
	eventually(t, "the child is gone", func() bool {
		stat, err := os.ReadFile(filepath.Join(proc, "stat"))
		return errors.Is(err, os.ErrNotExist) || strings.Contains(string(stat), ") Z ")
	})
	if PID(spec.Dir) != 0 {
		t.Error("the supervisor seems to run")
	}
	if err := Kill(spec.Dir); err != nil {
		t.Errorf("killing what is dead: %v", err)
	}
}

func TestAProgramThatCannotStartIsHopeless(t *testing.T) {
	dir := t.TempDir()
	if Hopeless(dir, "any") {
		t.Error("nothing was ever tried")
	}
	s := &supervisor{spec: &Spec{Dir: dir}, programs: []*running{{Program: Program{Name: "any"}, restarts: tooOften}}}
	s.report()
	if !Hopeless(dir, "any") || Hopeless(dir, "other") {
		t.Error("a program that ended ten times is not given up")
	}
}

func TestAPIDIsNotMistakenForALaterOne(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(pidFile(dir), []byte(`{"pid":1,"start":"another time"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := PID(dir); got != 0 {
		t.Errorf("process %d is taken for ours", got)
	}
}

func TestLastLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte("one\ntwo\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := LastLine(file); got != "two" {
		t.Errorf("last line %q", got)
	}
}
