package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// The test binary is the launcher, and the programs that it starts, when it is
// called with their words.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		if program, ok := programs[os.Args[1]]; ok {
			program(os.Args[2:])
			return
		}
		os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
	}
	// Under nohup the children would ignore SIGHUP; a signal that is caught here
	// has its default there.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	code := m.Run()
	if left := leftBehind(); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "processes left behind:", left)
		code = 1
	}
	os.Exit(code)
}

const (
	testUID = "12345678-9abc-def0"
	patient = 20 * time.Second // for what should take a moment
)

// rank is a running launcher under test.
type rank struct {
	t      *testing.T
	cmd    *exec.Cmd
	port   int
	dir    string
	out    *buffer
	err    *buffer
	exited chan struct{}
}

// options are what tests vary.
type options struct {
	env            map[string]string
	wrap           []string // a command that runs the launcher
	stdin          io.Reader
	stdout, stderr io.Writer
}

// start runs a program of this file, or any command, under a launcher.
func start(t *testing.T, o options, args ...string) *rank {
	t.Helper()
	r := &rank{t: t, port: freePort(t), dir: t.TempDir(), out: &buffer{}, err: &buffer{}, exited: make(chan struct{})}
	r.write("termination", "")
	if err := os.Mkdir(r.path("podinfo"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, ok := programs[args[0]]; ok {
		args = append([]string{self(t)}, args...)
	}
	args = slices.Concat(o.wrap, []string{self(t), "run", "--"}, args)
	r.cmd = exec.Command(args[0], args[1:]...)
	r.cmd.Env = append(os.Environ(), r.environ(o.env)...)
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = o.stdin, r.out, r.err
	if o.stdout != nil {
		r.cmd.Stdout = o.stdout
	}
	if o.stderr != nil {
		r.cmd.Stderr = o.stderr
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.exited)
		_ = r.cmd.Wait() // the exit code is looked at by code
	}()
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("stdout:\n%.4000s\nstderr:\n%.4000s", r.out, r.err)
		}
	})
	return r
}

// kill ends the launcher as the kernel may, and what it started as the end of a
// container would.
func (r *rank) kill() {
	_ = r.cmd.Process.Signal(syscall.SIGSTOP) // most have ended
	below := descendants(r.cmd.Process.Pid)
	_ = r.cmd.Process.Kill()
	<-r.exited
	for _, pid := range below {
		_ = syscall.Kill(pid, syscall.SIGKILL) // gone is as good
	}
}

func (r *rank) environ(more map[string]string) []string {
	env := map[string]string{
		launchspec.EnvMembers: "", launchspec.EnvJobName: "elec", launchspec.EnvJobUID: testUID, launchspec.EnvSet: "worker",
		launchspec.EnvPort: strconv.Itoa(r.port), launchspec.EnvTerminationPath: r.path("termination"),
		launchspec.EnvCheckpointRoot: r.path("ckpt"), launchspec.EnvInstructionFile: r.path("podinfo/instruction"),
		launchspec.EnvGraceSeconds: "1",
	}
	maps.Copy(env, more)
	out := make([]string, 0, len(env))
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	return out
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (r *rank) path(name string) string { return filepath.Join(r.dir, name) }

func (r *rank) attemptDir(n int32) string {
	return filepath.Join(r.path("ckpt"), launchspec.JobDir("elec", testUID), launchspec.AttemptDir(n))
}

func (r *rank) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(r.path(name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// instruct replaces the instruction as the kubelet does: a directory of its own
// for every version, and a link that is swapped.
func (r *rank) instruct(text string) {
	r.t.Helper()
	version := fmt.Sprintf("podinfo/..%d", time.Now().UnixNano())
	err := os.Mkdir(r.path(version), 0o755)
	if err == nil {
		r.write(version+"/instruction", text)
		err = os.Symlink(filepath.Base(version), r.path("podinfo/..data_tmp"))
	}
	if err == nil {
		err = os.Rename(r.path("podinfo/..data_tmp"), r.path("podinfo/..data"))
	}
	if _, missing := os.Lstat(r.path("podinfo/instruction")); err == nil && missing != nil {
		err = os.Symlink("..data/instruction", r.path("podinfo/instruction"))
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// status asks as the manager does if manager is set.
func (r *rank) status(manager bool) (s launchspec.Status, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", r.port, launchspec.PathStatus), nil)
	if err != nil {
		return s, err
	}
	if manager {
		req.Header.Set(launchspec.HeaderManager, "1")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	return s, json.NewDecoder(res.Body).Decode(&s)
}

// until asks until the status is as wanted.
func (r *rank) until(what string, wanted func(launchspec.Status) bool) launchspec.Status {
	r.t.Helper()
	var last launchspec.Status
	eventually(r.t, what, func() bool {
		s, err := r.status(false)
		if err == nil {
			last = s
		}
		return err == nil && wanted(s)
	}, func() string { return fmt.Sprintf("last status %+v", last) })
	return last
}

func (r *rank) untilPhase(phase launchspec.Phase, attempt int32) launchspec.Status {
	r.t.Helper()
	return r.until(fmt.Sprintf("%s in attempt %d", phase, attempt), func(s launchspec.Status) bool {
		return s.Phase == phase && s.Attempt == attempt
	})
}

// untilSaid waits until the child has printed the text.
func (r *rank) untilSaid(text string) {
	r.t.Helper()
	eventually(r.t, fmt.Sprintf("%q on stdout", text), func() bool { return strings.Contains(r.out.String(), text) }, nil)
}

func (r *rank) signal(sig syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
}

// code waits for the launcher's end.
func (r *rank) code() int {
	r.t.Helper()
	select {
	case <-r.exited:
	case <-time.After(patient):
		r.t.Fatal("the launcher does not end")
	}
	if ws := r.cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
		r.t.Fatalf("the launcher died of %v", ws.Signal())
	}
	return r.cmd.ProcessState.ExitCode()
}

// termination reads the termination message.
func (r *rank) termination() launchspec.Termination {
	r.t.Helper()
	raw, err := os.ReadFile(r.path("termination"))
	if err != nil {
		r.t.Fatal(err)
	}
	message, ok := launchspec.ParseTermination(string(raw))
	if !ok && len(raw) > 0 {
		r.t.Fatalf("not a termination message: %q", raw)
	}
	return message
}

func eventually(t *testing.T, what string, ok func() bool, detail func() string) {
	t.Helper()
	for deadline := time.Now().Add(patient); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			if detail != nil {
				what += ": " + detail()
			}
			t.Fatalf("never: %s", what)
		}
	}
}

// numbers reads the numbers that follow a word on lines of the child's output.
func (r *rank) numbers(word string) (out []int) {
	for line := range strings.Lines(r.out.String()) {
		if rest, ok := strings.CutPrefix(line, word+" "); ok {
			if n, err := strconv.Atoi(strings.TrimSpace(rest)); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// gone tells that a process is no more, not even as a zombie.
func gone(pid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	return os.IsNotExist(err)
}

// process is a line of the process table.
type process struct {
	pid, parent int
	state       string
}

func processes() (out []process) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		p := process{}
		p.pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(path)))
		rest := string(raw[bytes.LastIndexByte(raw, ')')+1:])
		if _, err := fmt.Sscan(rest, &p.state, &p.parent); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// childrenOf lists the processes right below one.
func childrenOf(pid int) (out []process) {
	for _, p := range processes() {
		if p.parent == pid {
			out = append(out, p)
		}
	}
	return out
}

func descendants(pid int) (out []int) {
	for _, p := range childrenOf(pid) {
		out = append(append(out, p.pid), descendants(p.pid)...)
	}
	return out
}

// leftBehind lists other living processes of this test's own program.
func leftBehind() (out []int) {
	own, err := os.Executable()
	if err != nil {
		return nil
	}
	for _, p := range processes() {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid))
		if err == nil && exe == own && p.pid != os.Getpid() {
			out = append(out, p.pid)
		}
	}
	return out
}

// buffer is a bytes.Buffer for a writer and a reader at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
