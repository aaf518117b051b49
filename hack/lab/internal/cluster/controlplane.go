package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/atomicfile"
	"github.com/trainyard/trainyard/hack/lab/internal/config"
	"github.com/trainyard/trainyard/hack/lab/internal/machine"
)

func write(path string, content []byte) error { return atomicfile.Write(path, content, 0o600) }

// choosePorts takes the usual ports on a machine of its own, and on the
// loopback those that are free, once.
func (c *Cluster) choosePorts() error {
	if c.Plan.Isolated() {
		c.ports = config.UsualPorts()
		return nil
	}
	file := filepath.Join(c.Plan.StateDir, "ports.json")
	content, err := os.ReadFile(file)
	if err == nil {
		return json.Unmarshal(content, &c.ports)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read the lab's ports: %w", err)
	}
	if c.ports, err = freePorts(); err != nil {
		return err
	}
	if content, err = json.Marshal(c.ports); err != nil {
		return fmt.Errorf("encode the lab's ports: %w", err)
	}
	return write(file, content)
}

func freePorts() (config.Ports, error) {
	var p config.Ports
	for _, port := range []*int{&p.API, &p.Etcd, &p.EtcdPeer, &p.ControllerManager, &p.Scheduler, &p.Kwok} {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at the end of this function
		if err != nil {
			return p, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = l.Close() }()
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

// checkPorts says whether somebody else has taken a port since it was chosen.
func (c *Cluster) checkPorts() error {
	if c.Plan.Isolated() || machine.PID(c.Plan.MachineDir("cp")) != 0 {
		return nil
	}
	for _, port := range []int{c.ports.API, c.ports.Etcd, c.ports.EtcdPeer} {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // closed at once
		if err != nil {
			return fmt.Errorf("port %d of this lab is taken by another process: end that one, or begin anew with `lab down`", port)
		}
		_ = l.Close()
	}
	return nil
}

func (c *Cluster) startControlPlane(ctx context.Context) error {
	if err := c.checkPorts(); err != nil {
		return err
	}
	cp := &config.ControlPlane{Plan: c.Plan, Ports: c.ports, Bin: c.Bin}
	files, err := cp.Files()
	if err != nil {
		return err
	}
	dir := c.Plan.MachineDir("cp")
	if err := writeFiles(dir, files); err != nil {
		return err
	}
	spec := &machine.Spec{Name: "cp", Dir: dir, Env: machineEnv(c.Plan), Programs: withDigests(cp.Programs(), dir, files)}
	if c.Plan.Isolated() {
		spec.Namespace = c.Plan.Namespace("cp")
		spec.Overlays = []machine.Overlay{
			{Source: filepath.Join(dir, "var-lib"), Target: "/var/lib"},
			{Source: filepath.Join(dir, "run"), Target: "/run"},
		}
		spec.Fresh = []string{filepath.Join(dir, "run")}
	}
	if machine.PID(dir) == 0 {
		// Whoever asks the API server before it has made its roles gives up.
		first := *spec
		first.Programs = spec.Programs[:slices.IndexFunc(spec.Programs, isAPIServer)+1]
		if err := machine.Start(&first, c.Self); err != nil {
			return err
		}
		if err := c.awaitAPI(ctx); err != nil {
			return err
		}
	}
	if err := machine.Start(spec, c.Self); err != nil {
		return err
	}
	return c.awaitAPI(ctx)
}

func isAPIServer(p machine.Program) bool { return p.Name == "kube-apiserver" }

// withDigests makes every program depend on what those of its machine's files
// say that are among its arguments.
func withDigests(programs []machine.Program, dir string, files map[string][]byte) []machine.Program {
	for i, p := range programs {
		sum := sha256.New()
		for _, name := range slices.Sorted(maps.Keys(files)) {
			path := filepath.Join(dir, name)
			if slices.ContainsFunc(p.Args, func(arg string) bool { return strings.HasSuffix(arg, path) }) {
				fmt.Fprintf(sum, "%s %d\n", name, len(files[name]))
				sum.Write(files[name])
			}
		}
		programs[i].Digest = hex.EncodeToString(sum.Sum(nil))[:16]
	}
	return programs
}

func (c *Cluster) awaitAPI(ctx context.Context) error {
	client, err := Connect(c.Plan)
	if err != nil {
		return err
	}
	err = poll(ctx, 200*time.Millisecond, func(ctx context.Context) (bool, error) {
		for _, program := range []string{"etcd", "kube-apiserver"} {
			if machine.Hopeless(c.Plan.MachineDir("cp"), program) {
				return false, fmt.Errorf("%s: %w", program, errHopeless)
			}
		}
		_, err := client.API.Get().AbsPath("/readyz").Timeout(5 * time.Second).DoRaw(ctx)
		return err == nil, err
	})
	if err != nil {
		logFile := filepath.Join(c.Plan.LogDir(), "kube-apiserver.log")
		return fmt.Errorf("the API server does not answer: %w; its last words: %s", err, machine.LastLine(logFile))
	}
	return nil
}
