// Command bench measures what a launcher costs: a line for each figure,
// name, value, unit, target and pass or fail, separated by tabs.
//
//	bench LAUNCHER
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

const (
	floodMiB = 2048
	rounds   = 15
	port     = 36297
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "flood" {
		flood(os.Args[2])
		return
	}
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: bench LAUNCHER")
		os.Exit(2)
	}
	dir, err := os.MkdirTemp("", "bench-launcher-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = measure(bench{launcher: os.Args[1], dir: dir})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}

func measure(b bench) error {
	for _, figures := range []func() error{b.size, b.output, b.start, b.attempts} {
		if err := figures(); err != nil {
			return err
		}
	}
	return nil
}

type bench struct{ launcher, dir string }

// figure prints a line; the target is an upper bound unless atLeast.
func figure(name string, value float64, unit string, target float64, atLeast bool) {
	sign, pass := "<=", value <= target
	if atLeast {
		sign, pass = ">=", value >= target
	}
	verdict := map[bool]string{true: "pass", false: "fail"}[pass]
	fmt.Printf("%s\t%.2f\t%s\t%s%g\t%s\n", name, value, unit, sign, target, verdict)
}

func (b bench) size() error {
	info, err := os.Stat(b.launcher)
	if err != nil {
		return fmt.Errorf("find the launcher, is it built: %w", err)
	}
	figure("launcher_binary", float64(info.Size())/(1<<20), "MiB", 10, false)
	return nil
}

// output compares a flood of log lines through a launcher with one through a
// plain pipe, in time and in the processor time of all processes together.
func (b bench) output() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{self, "flood", strconv.Itoa(floodMiB)}
	var took, spent [2][]float64
	for range 3 {
		for i, cmd := range []*exec.Cmd{exec.CommandContext(context.Background(), args[0], args[1:]...), b.command(args...)} {
			wall, cpu, err := drain(cmd)
			if err != nil {
				return err
			}
			took[i], spent[i] = append(took[i], wall), append(spent[i], cpu)
		}
	}
	plain, through := median(took[0]), median(took[1])
	figure("launcher_output", floodMiB*1.048576/through, "MB/s", 1000, true)
	figure("launcher_output_over_plain_pipe", plain/through, "ratio", 0.3, true)
	figure("launcher_output_processor_time", (median(spent[1])-median(spent[0]))/(floodMiB*1.048576/1000), "s/GB", 1.5, false)
	return nil
}

func drain(cmd *exec.Cmd) (wall, cpu float64, err error) {
	cmd.Stdout, cmd.Stderr = struct{ io.Writer }{io.Discard}, os.Stderr
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("run %v: %w", cmd.Args, err)
	}
	spent := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return time.Since(begun).Seconds(), spent.Seconds(), nil
}

func flood(mib string) {
	n, err := strconv.Atoi(mib)
	if err != nil {
		os.Exit(2)
	}
	line := "2026-11-21 19:32:04,393 INFO a line of log output as \"programs\" print them, src/x.py:17\n"
	chunk := []byte(strings.Repeat(line, (1<<20)/len(line)+1))[:1<<20]
	for range n {
		if _, err := os.Stdout.Write(chunk); err != nil {
			os.Exit(1)
		}
	}
}

// start compares running a command under a launcher with running it.
func (b bench) start() error {
	var took [2][]float64
	for range rounds {
		for i, cmd := range []*exec.Cmd{exec.CommandContext(context.Background(), "true"), b.command("true")} {
			wall, _, err := drain(cmd)
			if err != nil {
				return err
			}
			took[i] = append(took[i], 1000*wall)
		}
	}
	figure("launcher_start_over_direct_start", median(took[1])-median(took[0]), "ms", 50, false)
	return nil
}

// attempts measures the time from an instruction to the next attempt's child,
// and what a launcher holds in memory meanwhile.
func (b bench) attempts() error {
	cmd := b.command("sleep", "1000")
	cmd.Stderr = io.Discard // a line for each attempt
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the launcher: %w", err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	if _, err := b.started(1); err != nil {
		return err
	}
	var took []float64
	for attempt := int32(2); attempt < 2+rounds; attempt++ {
		begun := time.Now()
		if err := b.instruct(attempt); err != nil {
			return err
		}
		at, err := b.started(attempt)
		if err != nil {
			return err
		}
		took = append(took, 1000*at.Sub(begun).Seconds())
	}
	figure("launcher_new_attempt_in_place", median(took), "ms", 200, false)
	figure("launcher_new_attempt_in_place_worst", slices.Max(took), "ms", 1000, false)
	rss, err := resident(cmd.Process.Pid)
	if err != nil {
		return err
	}
	figure("launcher_resident_memory", rss, "MiB", 24, false)
	return nil
}

func (b bench) instruct(attempt int32) error {
	text, err := launchspec.Instruction{Attempt: attempt}.Encode()
	if err != nil {
		return err
	}
	temp := filepath.Join(b.dir, "new")
	if err := os.WriteFile(temp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(b.dir, "instruction"))
}

// started waits for the child of an attempt and tells when it was started.
func (b bench) started(attempt int32) (time.Time, error) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		s, err := status()
		if err == nil && s.Attempt == attempt && s.StartedAt != nil {
			return *s.StartedAt, nil
		}
	}
	return time.Time{}, fmt.Errorf("attempt %d never started", attempt)
}

func status() (s launchspec.Status, err error) {
	url := fmt.Sprintf("http://127.0.0.1:%d%s", port, launchspec.PathStatus)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return s, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	return s, json.NewDecoder(res.Body).Decode(&s)
}

func (b bench) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), b.launcher, append([]string{"run", "--"}, args...)...)
	cmd.Env = append(os.Environ(), launchspec.EnvJobName+"=bench", launchspec.EnvJobUID+"=uid",
		launchspec.EnvPort+"="+strconv.Itoa(port), launchspec.EnvInstructionFile+"="+filepath.Join(b.dir, "instruction"),
		launchspec.EnvCheckpointRoot+"="+filepath.Join(b.dir, "ckpt"))
	return cmd
}

func resident(pid int) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(raw) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			kib, err := strconv.ParseFloat(string(bytes.Fields(rest)[0]), 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d has no VmRSS", pid)
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}
