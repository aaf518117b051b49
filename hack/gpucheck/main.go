// Command gpucheck checks the node agent on a real NVIDIA GPU: it probes, keeps
// the GPUs busy for some seconds, and sees whether the agent noticed. What the
// driver answered is recorded as a fixture for tests, without anything that
// tells one device from another. Where no GPU answers it says so and succeeds.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed burn/burn.c
var burnSource []byte

func main() {
	agent := flag.String("agent", "bin/agent", "the agent's program")
	library := flag.String("nvml-library", "", "path of libnvidia-ml.so.1; empty searches as the loader does")
	out := flag.String("out", "test/fixtures/gpu", "the folder for what the driver answers")
	seconds := flag.Int("seconds", 15, "how long to keep the GPUs busy")
	flag.Parse()
	c := &check{
		probe: func(ctx context.Context) (*report, error) { return probe(ctx, *agent, *library) },
		burn:  func(ctx context.Context) (func() error, error) { return burn(ctx, *seconds) },
		warm:  time.Duration(*seconds) * time.Second / 2, folder: *out, out: os.Stdout,
	}
	if err := c.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "gpucheck:", err)
		os.Exit(1)
	}
}

// report is what a probe says, as far as it is looked at here.
type report struct {
	Mode          string   `json:"mode"`
	ModeReason    string   `json:"modeReason,omitempty"`
	DriverVersion string   `json:"driverVersion"`
	GPUs          []gpu    `json:"gpus"`
	Problems      []string `json:"problems,omitempty"`
}

type gpu struct {
	UUID    string             `json:"uuid"`
	Index   int                `json:"index"`
	Model   string             `json:"model"`
	Verdict verdict            `json:"verdict"`
	Signals map[string]float64 `json:"signals"`
}

type verdict struct {
	Severity string `json:"severity"`
	Action   string `json:"action"`
	Rule     string `json:"rule,omitempty"`
	Reason   string `json:"reason"`
}

// check is a run: how to probe, how to keep the GPUs busy, and where to write.
type check struct {
	probe  func(context.Context) (*report, error)
	burn   func(context.Context) (wait func() error, err error)
	warm   time.Duration
	folder string
	out    io.Writer
}

var errNoDriver = errors.New("libcuda.so.1 finds no GPU")

func (c *check) run(ctx context.Context) error {
	idle, err := c.probe(ctx)
	if err != nil {
		return err
	}
	if idle.Mode != "GPU" || len(idle.GPUs) == 0 {
		fmt.Fprintf(c.out, "no NVIDIA GPU answers here (%s), so nothing was checked\n", idle.ModeReason)
		return nil
	}
	fmt.Fprintf(c.out, "driver %s, %d GPUs, the first a %s\n", idle.DriverVersion, len(idle.GPUs), idle.GPUs[0].Model)
	fmt.Fprintf(c.out, "keeping them busy for %v\n", 2*c.warm)
	wait, err := c.burn(ctx)
	if err != nil {
		return err
	}
	time.Sleep(c.warm)
	busy, err := c.probe(ctx)
	if err != nil {
		return errors.Join(err, wait())
	}
	if err := wait(); errors.Is(err, errNoDriver) {
		fmt.Fprintf(c.out, "they were not kept busy: %v; install the driver's CUDA part (libcuda1)\n", err)
		busy = nil
	} else if err != nil {
		return err
	}
	if err := c.record(idle, busy); err != nil {
		return err
	}
	return c.judge(idle, busy)
}

// judge prints what changed and says what the agent should have noticed.
func (c *check) judge(idle, busy *report) error {
	var problems error
	for i, g := range idle.GPUs {
		fmt.Fprintf(c.out, "GPU %d idle: %s: %s\n", g.Index, g.Verdict.Severity, g.Verdict.Reason)
		if busy == nil || i >= len(busy.GPUs) {
			continue
		}
		b := busy.GPUs[i]
		fmt.Fprintf(c.out, "GPU %d busy: %s: %s\n", b.Index, b.Verdict.Severity, b.Verdict.Reason)
		for _, name := range []string{"utilization_ratio", "power_watts", "temperature_celsius", "clock_hertz"} {
			fmt.Fprintf(c.out, "  %-20s %14.6g → %-14.6g\n", name, g.Signals[name], b.Signals[name])
		}
		if b.Signals["utilization_ratio"] < 0.9 {
			problems = errors.Join(problems, fmt.Errorf("GPU %d was kept busy and the agent saw a utilisation of %g: is somebody else's monitor resetting it?", b.Index, b.Signals["utilization_ratio"]))
		}
		if b.Signals["power_watts"] <= g.Signals["power_watts"] {
			problems = errors.Join(problems, fmt.Errorf("GPU %d drew no more power busy (%g W) than idle (%g W)", b.Index, b.Signals["power_watts"], g.Signals["power_watts"]))
		}
	}
	return problems
}

func probe(ctx context.Context, agent, library string) (*report, error) {
	cmd := exec.CommandContext(ctx, agent, "probe", "-o", "json", "-nvml-library", library)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("agent probe: %w", err)
	}
	r := &report{}
	if err := json.Unmarshal(out, r); err != nil {
		return nil, fmt.Errorf("agent probe: %w", err)
	}
	return r, nil
}

// burn compiles burn.c and starts it.
func burn(ctx context.Context, seconds int) (wait func() error, err error) {
	folder, err := os.MkdirTemp("", "gpucheck-")
	if err != nil {
		return nil, err
	}
	source, program := filepath.Join(folder, "burn.c"), filepath.Join(folder, "burn")
	if err := os.WriteFile(source, burnSource, 0o600); err != nil {
		return nil, err
	}
	if output, err := exec.CommandContext(ctx, "gcc", "-std=gnu11", "-O2", "-o", program, source, "-ldl").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile burn.c (install gcc): %w\n%s", err, output)
	}
	cmd := exec.CommandContext(ctx, program, fmt.Sprint(seconds))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() error {
		defer func() { _ = os.RemoveAll(folder) }()
		err := cmd.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 3 {
			return errNoDriver
		}
		return err
	}, nil
}
