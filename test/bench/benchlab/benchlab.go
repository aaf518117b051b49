// Package benchlab is what the benchmarks on a cluster share: a lab of their
// own, which is taken away again whatever happens; the manager as a process
// beside its API server; the log of who changed what; figures, and progress
// for the person who waits.
package benchlab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/test/cluster"
)

const (
	nameVariable   = "TRAINYARD_LAB_NAME"
	subnetVariable = "TRAINYARD_LAB_SUBNET"
)

// Lab is the benchmark's own lab, with a client that asks without limits.
type Lab struct {
	*cluster.Cluster
	Client client.WithWatch
}

// Main runs a benchmark until it ends or is interrupted.
func Main(name string, run func(ctx context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// Setup is what a benchmark's lab consists of.
type Setup struct {
	// Flags are those of lab up.
	Flags []string
	// Images are descriptions of images that the real nodes get. If there are
	// any, Trainyard is installed and runs on the nodes.
	Images []string
}

// With brings a lab up, calls measure and takes the lab away again. It is not
// the lab that `make lab-up` makes: its name and network are its own, unless
// TRAINYARD_LAB_NAME and TRAINYARD_LAB_SUBNET say otherwise.
func With(ctx context.Context, setup Setup, measure func(ctx context.Context, lab *Lab) error) (err error) {
	if os.Getenv(nameVariable) == "" {
		if err := os.Setenv(nameVariable, "bench"); err != nil {
			return err
		}
	}
	c, err := cluster.New(os.Stderr)
	if err != nil {
		return err
	}
	lab := &Lab{Cluster: c}
	if err := lab.down(ctx); err != nil { // what an earlier run may have left
		return err
	}
	defer func() { err = errors.Join(err, lab.down(ctx)) }()
	if err := lab.bringUp(ctx, setup); err != nil {
		return err
	}
	if lab.Client, err = lab.Cluster.Client(); err != nil {
		return err
	}
	Say("this machine: %d processors, load %s", runtime.NumCPU(), load())
	defer func() { Say("load at the end %s", load()) }()
	return measure(ctx, lab)
}

func (l *Lab) bringUp(ctx context.Context, setup Setup) error {
	if len(setup.Images) == 0 {
		return l.Change(ctx, setup.Flags)
	}
	return l.Up(ctx, withSubnet(setup.Flags), setup.Images)
}

// Change brings the lab up, or changes it, with other flags.
func (l *Lab) Change(ctx context.Context, flags []string) error {
	return l.Start(ctx, withSubnet(flags))
}

func withSubnet(flags []string) []string {
	return append([]string{"--subnet", Subnet().String()}, flags...)
}

// Subnet is the lab's network.
func Subnet() netip.Prefix {
	if own, err := netip.ParsePrefix(os.Getenv(subnetVariable)); err == nil {
		return own
	}
	return netip.MustParsePrefix("10.252.0.0/16")
}

func (l *Lab) down(ctx context.Context) error {
	_, err := l.Lab(context.WithoutCancel(ctx), "down")
	return err
}

// Say tells the person who waits what is going on.
func Say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// load is what the machine has had to do in the last 1, 5 and 15 minutes.
func load() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(content))[:3], " ")
}

// Wait polls until done says so.
func Wait(ctx context.Context, what string, limit time.Duration, done func(ctx context.Context) (bool, error)) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		ok, err := done(limited)
		if ok {
			return nil
		}
		if err != nil && limited.Err() == nil {
			return fmt.Errorf("waiting until %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case <-limited.Done():
			return fmt.Errorf("not %s within %s", what, limit)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
