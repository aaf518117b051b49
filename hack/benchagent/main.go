// Command benchagent measures the node agent on the fake driver library: what it
// costs at eight GPUs and 5 s, what it writes, and how long an event of the
// library takes to be seen in the node's status. The agent is the built program;
// the API server is a stand-in that only takes notes, so that the agent alone is
// measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trainyard/trainyard/test/fakenvml"
)

const (
	gpus      = 8
	heartbeat = 6 * time.Minute
	warmup    = 15 * time.Second
	mebibyte  = 1 << 20
)

func main() {
	agent := flag.String("agent", "bin/agent", "the agent's program")
	span := flag.Duration("span", time.Minute, "how long to watch it at rest")
	rounds := flag.Int("rounds", 4, "how often to fail each GPU; from 5 on its past escalates")
	flag.Parse()
	if err := measure(*agent, *span, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "benchagent:", err)
		os.Exit(1)
	}
}

func measure(agent string, span time.Duration, rounds int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	folder, err := os.MkdirTemp("", "benchagent-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	server, err := newStandIn(folder)
	if err != nil {
		return err
	}
	defer server.close()
	scenario := fakenvml.NewScenario(filepath.Join(folder, "scenario"), "H100", gpus).All("utilization", "95")
	cmd, err := start(ctx, agent, folder, scenario)
	if err != nil {
		return err
	}
	defer func() {
		cancel()
		_ = cmd.Wait()
	}()
	if err := server.waitFor(30*time.Second, func(s *seen) bool { return s.devices == gpus }); err != nil {
		return fmt.Errorf("the agent published nothing: %w", err)
	}
	fmt.Fprintf(os.Stderr, "watching the agent at rest for %v\n", span)
	time.Sleep(warmup)
	share, err := cpuShare(cmd.Process.Pid, span)
	if err != nil {
		return err
	}
	rss, err := residentBytes(cmd.Process.Pid)
	if err != nil {
		return err
	}
	size := server.last().bytes
	fmt.Fprintf(os.Stderr, "failing each of %d GPUs %d times\n", gpus, rounds)
	latencies, err := fail(scenario, server, rounds)
	if err != nil {
		return err
	}
	print(share, rss, size, latencies)
	return nil
}

func start(ctx context.Context, agent, folder string, scenario *fakenvml.Scenario) (*exec.Cmd, error) {
	library, err := fakenvml.Build(ctx, fakenvml.Current)
	if err != nil {
		return nil, err
	}
	if err := scenario.Write(); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(folder, "agent.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, agent, "run", "-node", "bench", "-kubeconfig", filepath.Join(folder, "kubeconfig"), "-nvml-library", library,
		"-metrics-address", "", "-state", "", "-kmsg", "", "-pod-resources", "", "-heartbeat", heartbeat.String())
	cmd.Env = append(os.Environ(), fakenvml.EnvScenario+"="+scenario.Path(), "GOMEMLIMIT=48MiB")
	cmd.Stdout, cmd.Stderr = log, log
	return cmd, cmd.Start()
}

// fail breaks one GPU after the other and measures until the status says so;
// after each round a reset makes all well again.
func fail(scenario *fakenvml.Scenario, server *standIn, rounds int) ([]time.Duration, error) {
	var latencies []time.Duration
	for range rounds {
		for gpu := range gpus {
			broken := gpu + 1
			begin := time.Now()
			if err := scenario.Xid(gpu, 95).Write(); err != nil {
				return nil, err
			}
			if err := server.waitFor(30*time.Second, func(s *seen) bool { return s.broken == broken }); err != nil {
				return nil, fmt.Errorf("an Xid 95 on GPU %d was never seen: %w", gpu, err)
			}
			latencies = append(latencies, server.last().at.Sub(begin))
			time.Sleep(2100 * time.Millisecond) // below what the agent may write at once
		}
		for _, action := range []string{"1", "0"} { // a reset, as the driver shows it
			if err := scenario.All("recovery_action", action).Event(0, 2, 0).Write(); err != nil {
				return nil, err
			}
			time.Sleep(6 * time.Second)
		}
		if err := server.waitFor(time.Minute, func(s *seen) bool { return s.broken == 0 }); err != nil {
			return nil, fmt.Errorf("the GPUs never became healthy again: %w", err)
		}
	}
	slices.Sort(latencies)
	return latencies, nil
}

// cpuShare is the share of one core that a process used during a span.
func cpuShare(pid int, span time.Duration) (float64, error) {
	before, err := cpuSeconds(pid)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	time.Sleep(span)
	after, err := cpuSeconds(pid)
	return (after - before) / time.Since(begin).Seconds(), err
}

// cpuSeconds reads user and system time, which the kernel counts in hundredths.
func cpuSeconds(pid int) (float64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("the agent ended: %w", err)
	}
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	const userTime, systemTime = 11, 12
	user, err1 := strconv.ParseFloat(fields[userTime], 64)
	system, err2 := strconv.ParseFloat(fields[systemTime], 64)
	return (user + system) / 100, errors.Join(err1, err2)
}

func residentBytes(pid int) (float64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if text, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kibibytes, err := strconv.ParseFloat(strings.Fields(text)[0], 64)
			return kibibytes * 1024, err
		}
	}
	return 0, errors.New("no VmRSS")
}

func print(share, rss float64, size int, latencies []time.Duration) {
	at := func(q float64) float64 { return latencies[int(q*float64(len(latencies)-1)+0.5)].Seconds() }
	figure("agent_cpu_share_8gpu_5s", share, "cores", 0.01)
	figure("agent_rss_8gpu_5s", rss/mebibyte, "MiB", 40)
	figure("agent_status_size_8gpu", float64(size), "bytes", 16384)
	figure("agent_api_bytes_per_day_at_rest", float64(size)*(24*time.Hour).Seconds()/heartbeat.Seconds()/mebibyte, "MiB", 4)
	figure("agent_event_to_status_p50", at(0.50), "s", 0.5)
	figure("agent_event_to_status_p99", at(0.99), "s", 2)
}

func figure(name string, value float64, unit string, target float64) {
	verdict := "pass"
	if value > target {
		verdict = "fail"
	}
	fmt.Printf("%s\t%.4g\t%s\t<=%.4g\t%s\n", name, value, unit, target, verdict)
}
