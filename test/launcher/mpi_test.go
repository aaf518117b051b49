//go:build e2e && linux

// Package launcher runs the launcher among real programs that are too much for
// a unit test.
package launcher

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

const (
	patient = time.Minute
	sshd    = "/usr/sbin/sshd"
)

// Three pods, each a network namespace with a name of its own: rank 0 runs
// mpirun, two workers run sshd with the files that their launchers wrote.
func TestMPI(t *testing.T) {
	require(t)
	launcher := build(t)
	net := newNetwork(t, 3)
	job := job{t: t, net: net, launcher: launcher, dir: t.TempDir()}
	var pods []*pod
	for rank := 1; rank < 3; rank++ {
		pods = append(pods, job.start(rank, sshd, "-De", "-f", filepath.Join(job.runtime(rank), "mpi", "sshd_config")))
	}
	zero := job.start(0, "mpirun", "--allow-run-as-root", "-np", "4", "sh", "-c", `echo "on $(hostname) attempt $TRAINYARD_ATTEMPT"; exec sleep 1000`)
	pods = append(pods, zero)
	zero.untilSaid("on node1 attempt 1", 2)
	zero.untilSaid("on node2 attempt 1", 2)

	t.Run("only rank 0 may log in", func(t *testing.T) {
		config := filepath.Join(job.runtime(0), "mpi", "ssh_config")
		if out, err := net.command(0, "ssh", "-F", config, net.address(1), "true").CombinedOutput(); err != nil {
			t.Errorf("rank 0: %v %s", err, out)
		}
		other := filepath.Join(t.TempDir(), "key")
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		known := "UserKnownHostsFile=" + filepath.Join(job.runtime(0), "mpi", "known_hosts")
		out, err := net.command(0, "ssh", "-F", "none", "-p", "2222", "-i", other, "-o", "IdentitiesOnly=yes",
			"-o", "BatchMode=yes", "-o", known, net.address(1), "true").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "Permission denied") {
			t.Errorf("another key: %v %s", err, out)
		}
	})

	for _, p := range pods {
		p.instruct(`{"attempt":2}`)
	}
	zero.untilSaid("on node1 attempt 2", 2)
	zero.untilSaid("on node2 attempt 2", 2)

	for _, p := range pods {
		p.end()
	}
	for rank := range pods {
		if left := net.processes(rank); left != "" {
			t.Errorf("processes left in pod %d: %s", rank, left)
		}
	}
}

func require(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	for _, program := range []string{"ip", "nsenter", "unshare", "ssh", "ssh-keygen", sshd, "mpirun"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here: apt-get install iproute2 util-linux openssh-server openmpi-bin", program)
		}
	}
}

func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "launcher")
	cmd := exec.Command("go", "build", "-o", path, "../../cmd/launcher")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// network is a bridge with a namespace for each pod, from the addresses that
// are kept for examples.
type network struct {
	t    *testing.T
	name string
}

func newNetwork(t *testing.T, pods int) network {
	t.Helper()
	n := network{t: t, name: fmt.Sprintf("ty%d", os.Getpid())}
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", n.name).Run() }) // with the test's end
	n.ip("link", "add", n.name, "type", "bridge")
	n.ip("link", "set", n.name, "up")
	for rank := range pods {
		ns, veth := n.namespace(rank), fmt.Sprintf("%sv%d", n.name, rank)
		t.Cleanup(func() { n.remove(rank) })
		n.ip("netns", "add", ns)
		n.ip("link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", ns)
		n.ip("link", "set", veth, "master", n.name, "up")
		n.ip("-n", ns, "addr", "add", n.address(rank)+"/24", "dev", "eth0")
		n.ip("-n", ns, "link", "set", "eth0", "up")
		n.ip("-n", ns, "link", "set", "lo", "up")
	}
	return n
}

// remove ends what a test that failed has left in a namespace, and the namespace.
func (n network) remove(rank int) {
	for _, field := range strings.Fields(n.processes(rank)) {
		if pid, err := strconv.Atoi(field); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone is as good
		}
	}
	n.ip("netns", "del", n.namespace(rank))
}

func (n network) ip(args ...string) {
	n.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %v: %v %s", args, err, out)
	}
}

func (n network) namespace(rank int) string { return fmt.Sprintf("%s-%d", n.name, rank) }

func (n network) address(rank int) string { return fmt.Sprintf("192.0.2.%d", 10+rank) }

// command runs in a pod's network and under its host name.
func (n network) command(rank int, args ...string) *exec.Cmd {
	script := fmt.Sprintf(`hostname node%d && exec "$@"`, rank)
	return exec.Command("nsenter", append([]string{"--net=/run/netns/" + n.namespace(rank), "unshare", "--uts", "sh", "-c", script, "sh"}, args...)...)
}

func (n network) processes(rank int) string {
	out, err := exec.Command("ip", "netns", "pids", n.namespace(rank)).CombinedOutput()
	if err != nil {
		n.t.Error(err)
	}
	return string(out)
}

type job struct {
	t        *testing.T
	net      network
	launcher string
	dir      string
}

func (j job) runtime(rank int) string { return filepath.Join(j.dir, fmt.Sprint("pod", rank)) }

// pod is one pod's launcher.
type pod struct {
	t      *testing.T
	rank   int
	dir    string
	cmd    *exec.Cmd
	out    log
	exited chan struct{}
}

func (j job) start(rank int, command ...string) *pod {
	j.t.Helper()
	p := &pod{t: j.t, rank: rank, dir: j.runtime(rank), exited: make(chan struct{})}
	if err := os.Mkdir(p.dir, 0o755); err != nil {
		j.t.Fatal(err)
	}
	p.cmd = j.net.command(rank, append([]string{j.launcher, "run", "--"}, command...)...)
	p.cmd.Env = append(os.Environ(),
		launchspec.EnvJobName+"=mpi", launchspec.EnvJobUID+"=uid-1", launchspec.EnvFramework+"="+launchspec.FrameworkMPI,
		launchspec.EnvRank+"="+fmt.Sprint(rank), launchspec.EnvRuntimeDir+"="+p.dir,
		launchspec.EnvPeers+"="+fmt.Sprint(j.net.address(0), ":", launchspec.DefaultPort),
		launchspec.EnvMPIHosts+"="+fmt.Sprintf(`[{"host":%q,"slots":2},{"host":%q,"slots":2}]`, j.net.address(1), j.net.address(2)),
		launchspec.EnvInstructionFile+"="+filepath.Join(p.dir, "instruction"), launchspec.EnvGraceSeconds+"=2",
		launchspec.EnvTerminationPath+"="+filepath.Join(p.dir, "termination"), launchspec.EnvHoldSeconds+"=60",
	)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		j.t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // how it ends is not the question here
	}()
	j.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // has ended, if all went well
		if j.t.Failed() {
			j.t.Logf("pod %d:\n%s", rank, p.out.String())
		}
	})
	return p
}

func (p *pod) instruct(text string) {
	p.t.Helper()
	temp := filepath.Join(p.dir, "new")
	err := os.WriteFile(temp, []byte(text), 0o600)
	if err == nil {
		err = os.Rename(temp, filepath.Join(p.dir, "instruction"))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pod) untilSaid(text string, times int) {
	p.t.Helper()
	for deadline := time.Now().Add(patient); strings.Count(p.out.String(), text) < times; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("pod %d never said %q %d times", p.rank, text, times)
		}
	}
}

func (p *pod) end() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(patient):
		p.t.Errorf("pod %d does not end", p.rank)
	}
}

// log is a buffer for a writer and a reader at once.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
