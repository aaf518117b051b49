package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/cgroup"
	"github.com/trainyard/trainyard/hack/lab/internal/config"
	"github.com/trainyard/trainyard/hack/lab/internal/host"
	"github.com/trainyard/trainyard/hack/lab/internal/network"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
	"github.com/trainyard/trainyard/hack/lab/internal/sweep"
)

// Check says why the lab cannot be brought up here, if it cannot.
func (c *Cluster) Check() error {
	if c.Plan.Isolated() {
		if err := host.CheckReal(); err != nil {
			return err
		}
	}
	before, err := Open(c.Plan.StateDir)
	if err == nil {
		return c.Plan.CheckChange(before)
	}
	if !errors.Is(err, ErrNone) {
		return err
	}
	if err := host.CheckSpace(c.Plan); err != nil {
		return err
	}
	left, err := Sweep(c.Plan.Name, c.Plan.StateDir).Leftovers()
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("a lab called %s exists already (%s): end it with `lab down --name %s`, or choose another --name",
			c.Plan.Name, left[0], c.Plan.Name)
	}
	if !c.Plan.Isolated() {
		return nil
	}
	return host.CheckSubnet(c.Plan)
}

// Sweep says what has to be looked for to take a lab away. Only root can have
// made machines, and a lab whose plan has none has none.
func Sweep(name, stateDir string) sweep.Lab {
	p, err := Open(stateDir)
	return sweep.Lab{
		Name:     name,
		StateDir: stateDir,
		Kernel:   os.Geteuid() == 0 && (err != nil || p.Isolated()),
	}
}

// Up brings the lab up, or completes it.
func (c *Cluster) Up(ctx context.Context) error {
	p := c.Plan
	c.host = host.Facts()
	if err := save(p); err != nil {
		return err
	}
	if err := c.choosePorts(); err != nil {
		return err
	}
	for _, dir := range []string{p.LogDir(), p.SharedDir()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("create a folder of the lab: %w", err)
		}
	}
	// Everybody may write to what stands for shared storage, as every node's
	// pods run as somebody else.
	if err := os.Chmod(p.SharedDir(), os.ModeSticky|0o777); err != nil {
		return fmt.Errorf("open the shared folder: %w", err)
	}
	if err := c.issueCertificates(); err != nil {
		return err
	}
	if p.Isolated() {
		if err := c.Report.Step("network and control groups", func() error { return c.prepareHost(ctx) }); err != nil {
			return err
		}
	}
	if err := c.Report.Step("control plane", func() error { return c.startControlPlane(ctx) }); err != nil {
		return err
	}
	return c.populate(ctx)
}

func (c *Cluster) prepareHost(ctx context.Context) error {
	for _, m := range c.Plan.RealNodes() {
		n := &config.Node{Plan: c.Plan, Machine: m}
		if err := cgroup.Ensure(n.CgroupRoot()); err != nil {
			return err
		}
	}
	if err := cgroup.Prefer(c.Plan.Resource()); err != nil {
		return err
	}
	return network.Ensure(ctx, c.Plan)
}

// populate starts the nodes, real and simulated, and waits for them.
func (c *Cluster) populate(ctx context.Context) error {
	client, err := Connect(c.Plan)
	if err != nil {
		return err
	}
	if err := ensureRoles(ctx, client); err != nil {
		return err
	}
	if len(c.Plan.Simulated()) > 0 {
		what := fmt.Sprintf("%d simulated nodes", c.Plan.SimulatedNodes)
		if err := c.Report.Step(what, func() error { return ensureSimulated(ctx, client, c.Plan) }); err != nil {
			return err
		}
	}
	if c.Plan.Isolated() {
		what := fmt.Sprintf("%d real nodes", c.Plan.Nodes)
		if err := c.Report.Step(what, func() error { return c.startNodes(ctx) }); err != nil {
			return err
		}
	}
	return c.Report.Step("nodes Ready", func() error {
		if err := awaitControllers(ctx, client); err != nil {
			return err
		}
		return awaitNodes(ctx, client, c.Plan)
	})
}

// patience is how long a part of the cluster may take to answer. It is long:
// the machine may be small and busy.
const patience = 5 * time.Minute

// errHopeless says that waiting longer will not help.
var errHopeless = errors.New("it ends whenever it is started")

// poll calls f until it says that it is done, or that there is no hope.
func poll(ctx context.Context, every time.Duration, f func(context.Context) (done bool, err error)) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for {
		done, err := f(limited)
		if done {
			return nil
		}
		if errors.Is(err, errHopeless) {
			return err
		}
		if err != nil && limited.Err() == nil {
			last = err
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil || last == nil {
				return limited.Err()
			}
			return fmt.Errorf("after %s: %w", patience, last)
		case <-time.After(every):
		}
	}
}

func writeFiles(dir string, files map[string][]byte) error {
	for name, content := range files {
		if err := write(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	return nil
}

// machineEnv is the environment of a machine's programs.
func machineEnv(p *plan.Plan) []string {
	return append(p.Marks(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8")
}
