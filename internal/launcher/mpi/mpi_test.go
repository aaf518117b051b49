package mpi

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// The key of an all-zero seed: the checksum of its file, from which ssh-keygen -y
// printed goldenPublic.
const (
	goldenSum    = "9d9bd360025f8d3659175e0ff607a5d1de6a3c547de974b400c8f2e6f3a334fa"
	goldenPublic = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
)

func goldenKey() (ed25519.PublicKey, ed25519.PrivateKey) {
	priv := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return priv.Public().(ed25519.PublicKey), priv
}

func TestKeyFormat(t *testing.T) {
	pub, priv := goldenKey()
	file := marshal(pub, priv, 0x01020304)
	if got := fmt.Sprintf("%x", sha256.Sum256(file)); got != goldenSum {
		t.Errorf("checksum %s of\n%s", got, file)
	}
	if got := publicLine(pub); got != goldenPublic {
		t.Error(got)
	}
}

func TestSSHReadsTheKey(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("no ssh-keygen here; TestKeyFormat holds what it accepted")
	}
	key, err := newKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, key.private, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(keygen, "-y", "-f", path).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != key.public {
		t.Errorf("ssh-keygen says %q, %v; want %q", out, err, key.public)
	}
}

func TestKeysDiffer(t *testing.T) {
	a, errA := newKeyPair()
	b, errB := newKeyPair()
	if errA != nil || errB != nil || a.public == b.public {
		t.Errorf("%v, %v, %s", errA, errB, a.public)
	}
}

func TestCheckPublic(t *testing.T) {
	if err := checkPublic(goldenPublic); err != nil {
		t.Error(err)
	}
	for name, line := range map[string]string{
		"empty": "", "another type": strings.Replace(goldenPublic, "ed25519", "rsa", 1),
		"a comment": goldenPublic + " x", "two lines": goldenPublic + "\n" + goldenPublic,
		"options": `command="id" ` + goldenPublic, "too short": goldenPublic[:len(goldenPublic)-4],
		"too long": goldenPublic + "AAAA", "another type inside": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE1" + goldenPublic[32:],
		"not base64": "ssh-ed25519 !!!",
	} {
		if err := checkPublic(line); err == nil {
			t.Errorf("%s: %q was accepted", name, line)
		}
	}
}

func FuzzCheckPublic(f *testing.F) {
	f.Add(goldenPublic)
	f.Fuzz(func(t *testing.T, line string) {
		if checkPublic(line) == nil && (strings.ContainsAny(line, "\n\r\"") || strings.Count(line, " ") != 1) {
			t.Errorf("%q was accepted", line)
		}
	})
}

// pods answers for keys as the launchers of a job would.
type pods struct {
	mu   sync.Mutex
	keys map[string][]launchspec.Key // by address, one after the other; the last stays
}

func (p *pods) Key(_ context.Context, address string) (launchspec.Key, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	answers := p.keys[address]
	if len(answers) == 0 {
		return launchspec.Key{}, fmt.Errorf("ask %s: connection refused", address)
	}
	if len(answers) > 1 {
		p.keys[address] = answers[1:]
	}
	return answers[0], nil
}

func TestWorker(t *testing.T) {
	dir := t.TempDir()
	asked := &pods{keys: map[string][]launchspec.Key{"zero:1": {
		{Attempt: 1, PublicKey: goldenPublic},                        // a pod of the past
		{Attempt: 2, PublicKey: "command=\"x\" " + goldenPublic},     // an impostor
		{Attempt: 2, PublicKey: goldenPublic},                        // rank 0
		{Attempt: 2, PublicKey: "ssh-ed25519 never asked for again"}, // not looked at
	}}}
	s, err := New(Config{RuntimeDir: dir, Rank: 2, Zero: "zero:1", SSHPort: 2222}, asked, clock.RealClock{})
	if err != nil {
		t.Fatal(err)
	}
	var reports []string
	environ := []string{"PATH=/opt/bin:/bin", "SECRET=x", "NCCL_DEBUG=INFO", "TRAINYARD_ATTEMPT=2", "UCX_X=a\"b", "OMP_X=a\nb", "NCCL_Y=" + strings.Repeat("x", maxPassed)}
	vars, err := s.Prepare(context.Background(), 2, environ, func(err error) { reports = append(reports, err.Error()) })
	if err != nil || vars != nil {
		t.Fatalf("%v, %v", vars, err)
	}
	want := []string{"zero:1 is in attempt 1, not yet in 2", "zero:1: the answer is not an Ed25519 public key"}
	if diff := cmp.Diff(want, reports); diff != "" {
		t.Errorf("reports (-want +got)\n%s", diff)
	}
	if got := read(t, dir, authorizedFile); got != goldenPublic+"\n" {
		t.Errorf("authorized keys %q", got)
	}
	if got := read(t, dir, hostKeyFile); got != string(s.key.private) {
		t.Errorf("host key %q", got)
	}
	config := read(t, dir, serverFile)
	for _, line := range []string{
		"Port 2222\n", "HostKey " + dir + "/mpi/host_key\n", "AuthorizedKeysFile " + dir + "/mpi/authorized_keys\n",
		"PasswordAuthentication no\n", `SetEnv "PATH=/opt/bin:/bin" "NCCL_DEBUG=INFO" "TRAINYARD_ATTEMPT=2"` + "\n",
	} {
		if !strings.Contains(config, line) {
			t.Errorf("no %q in\n%s", line, config)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "mpi", identityFile)); err == nil {
		t.Error("a worker has a client's key")
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, "mpi", name)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("%s has mode %v", name, info.Mode())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestRankZero(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // the worker's sshd
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	dir := t.TempDir()
	asked := &pods{keys: map[string][]launchspec.Key{"127.0.0.1:36291": {{Attempt: 1, PublicKey: goldenPublic}}}}
	cfg := Config{
		RuntimeDir: dir, Zero: "zero:36291", Port: 36291, SSHPort: port,
		Hosts: []launchspec.MPIHost{{Host: "zero", Slots: 1}, {Host: "127.0.0.1", Slots: 8}, {Host: "127.0.0.1"}},
	}
	s, err := New(cfg, asked, clock.RealClock{})
	if err != nil {
		t.Fatal(err)
	}
	vars, err := s.Prepare(context.Background(), 1, []string{"HYDRA_LAUNCHER=own"}, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range vars {
		got[v[0]] = v[1]
	}
	for name, want := range map[string]string{
		"OMPI_MCA_orte_default_hostfile": dir + "/mpi/hostfile", "PRTE_MCA_prte_default_hostfile": dir + "/mpi/hostfile",
		"HYDRA_HOST_FILE": dir + "/mpi/hostfile.hydra", "I_MPI_HYDRA_HOST_FILE": dir + "/mpi/hostfile.hydra",
		"OMPI_MCA_plm_rsh_args": "-F " + dir + "/mpi/ssh_config", "HYDRA_IFACE": "lo", "HYDRA_LAUNCHER": "",
	} {
		if got[name] != want {
			t.Errorf("%s=%q, want %q", name, got[name], want)
		}
	}
	if got, want := read(t, dir, hostFile), "zero slots=1\n127.0.0.1 slots=8\n127.0.0.1 slots=1\n"; got != want {
		t.Errorf("hostfile %q, want %q", got, want)
	}
	if got, want := read(t, dir, hydraHostFile), "zero:1\n127.0.0.1:8\n127.0.0.1:1\n"; got != want {
		t.Errorf("hostfile %q, want %q", got, want)
	}
	line := fmt.Sprintf("[127.0.0.1]:%d %s\n", port, goldenPublic)
	if got := read(t, dir, knownHostsFile); got != line+line {
		t.Errorf("known hosts %q", got)
	}
	read(t, dir, identityFile)
	read(t, dir, clientFile)
}

func TestRankZeroWaitsForWorkers(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cfg := Config{RuntimeDir: t.TempDir(), Zero: "zero:1", Port: 1, SSHPort: 1, Hosts: []launchspec.MPIHost{{Host: "worker-0"}, {Host: "worker-1"}}}
	s, err := New(cfg, &pods{}, clock.RealClock{})
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	var said string
	_, err = s.Prepare(ctx, 1, nil, func(err error) {
		once.Do(func() {
			said = err.Error()
			cancel()
		})
	})
	if !errors.Is(err, context.Canceled) || !strings.HasPrefix(said, "0 of 2 workers are ready: ask worker-") {
		t.Errorf("%v, said %q", err, said)
	}
}

func TestAVolumeThatCannotBeWritten(t *testing.T) {
	s, err := New(Config{RuntimeDir: "/proc/nowhere"}, &pods{}, clock.RealClock{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Prepare(context.Background(), 1, nil, func(error) {}); err == nil || !strings.Contains(err.Error(), "is the volume writable") {
		t.Error(err)
	}
}
