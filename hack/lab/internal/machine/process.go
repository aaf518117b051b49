package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/atomicfile"
	"github.com/trainyard/trainyard/hack/lab/internal/lockfile"
)

// identity tells a process from a later one with the same number.
type identity struct {
	PID   int    `json:"pid"`
	Start string `json:"start"`
}

func pidFile(dir string) string { return filepath.Join(dir, "pid") }

func writePID(dir string) error {
	id, err := ownIdentity()
	if err != nil {
		return err
	}
	content, err := json.Marshal(id)
	if err != nil {
		return fmt.Errorf("encode the process number: %w", err)
	}
	return atomicfile.Write(pidFile(dir), content, 0o644)
}

// PID returns the process number of the supervisor of the machine in dir, or
// 0 if it does not run.
func PID(dir string) int {
	content, err := os.ReadFile(pidFile(dir))
	if err != nil {
		return 0
	}
	var id identity
	if json.Unmarshal(content, &id) != nil || id.PID == 0 || startOf(id.PID) != id.Start {
		return 0
	}
	return id.PID
}

// Start makes sure that the machine runs with this spec, and returns when its
// supervisor does. One that runs already takes up what changed.
func Start(spec *Spec, self string) error {
	if err := spec.Save(); err != nil {
		return err
	}
	if pid := PID(spec.Dir); pid != 0 {
		if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
			return fmt.Errorf("tell %s to take up its new programs: %w", spec.Name, err)
		}
		return nil
	}
	logFile := filepath.Join(spec.Dir, "supervisor.log")
	out, err := os.OpenFile(logFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", spec.Name, err)
	}
	defer func() { _ = out.Close() }()
	args := append(enter(spec), self, "machine", spec.File())
	//nolint:noctx // the machine outlives this command and whatever cancels it
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = spec.Env, spec.Dir, out, out
	cmd.SysProcAttr = supervisorAttributes(spec)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the machine %s: %w", spec.Name, err)
	}
	return awaitStart(spec, cmd, logFile)
}

// awaitStart waits until the supervisor has said its process number.
func awaitStart(spec *Spec, cmd *exec.Cmd, logFile string) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.After(30 * time.Second)
	for PID(spec.Dir) == 0 {
		select {
		case err := <-ended:
			if held(spec.Dir) {
				return nil // somebody else started it
			}
			return fmt.Errorf("machine %s ended at once (%w): %s", spec.Name, err, LastLine(logFile))
		case <-deadline:
			return fmt.Errorf("machine %s did not start within 30s: see %s", spec.Name, logFile)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// held says whether a supervisor holds the machine's lock.
func held(dir string) bool {
	f, err := lockfile.Try(filepath.Join(dir, "lock"))
	if err == nil {
		_ = f.Close()
	}
	return errors.Is(err, lockfile.ErrHeld)
}

// Kill ends the machine in dir at once, with everything on it, and returns
// when nothing of it runs.
func Kill(dir string) error {
	pid := PID(dir)
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill process %d: %w", pid, err)
	}
	for deadline := time.Now().Add(30 * time.Second); PID(dir) != 0; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d still runs 30s after it was killed: look for disk or network waits with `ps -o stat,wchan %d`", pid, pid)
		}
	}
	return nil
}

// LastLine returns the last line of a log, for an error.
func LastLine(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	end := len(content)
	for end > 0 && content[end-1] == '\n' {
		end--
	}
	begin := end
	for begin > 0 && content[begin-1] != '\n' && end-begin < 400 {
		begin--
	}
	return string(content[begin:end])
}
