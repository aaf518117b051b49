// Package servertest starts the real servers that tests of sources read from:
// PostgreSQL and Prometheus from their packages, MinIO as `make minio` builds it. It
// also has a proxy that cuts connections.
package servertest

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Require is the environment variable under which a server that is missing fails a
// test instead of skipping it. CI sets it.
const Require = "TRAINYARD_REQUIRE_SERVERS"

// missing skips or fails a test whose server is not there.
func missing(t *testing.T, what, cure string) {
	t.Helper()
	if os.Getenv(Require) == "1" {
		t.Fatalf("%s is not installed, and %s=1: %s", what, Require, cure)
	}
	t.Skipf("%s is not installed: %s", what, cure)
}

// freeAddress is an address of this machine on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener := listen(t)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// listen listens on a free port of this machine.
func listen(t *testing.T) net.Listener {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// server is a program that runs for the length of a test.
type server struct {
	command *exec.Cmd
	output  bytes.Buffer
}

// start runs a program and ends it with the test. It dies with this process, too.
func start(t *testing.T, as *syscall.Credential, environment []string, name string, arguments ...string) {
	t.Helper()
	s := &server{command: exec.CommandContext(t.Context(), name, arguments...)}
	s.command.Cancel = func() error { return s.command.Process.Signal(syscall.SIGINT) }
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	s.command.Env = append(os.Environ(), environment...)
	s.command.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.command.Wait() // the test's context has sent the signal
		if t.Failed() {
			const most = 4 << 10
			said := s.output.String()
			t.Logf("%s said at last:\n%s", filepath.Base(name), said[max(len(said)-most, 0):])
		}
	})
}

// until waits for a condition, a minute at most.
func until(t *testing.T, what string, condition func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(context.Background(), 50*time.Millisecond, time.Minute, true,
		func(ctx context.Context) (bool, error) {
			last = condition(ctx)
			return last == nil, nil
		})
	if err != nil {
		t.Fatalf("%s did not come up: %v", what, last)
	}
}

// folder is a temporary folder that another user can own.
func folder(t *testing.T, of *syscall.Credential) string {
	t.Helper()
	path, err := os.MkdirTemp("", "trainyard-server-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(path) })
	if of != nil {
		if err := os.Chown(path, int(of.Uid), int(of.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// unprivileged is whom a server that refuses root runs as; nil is ourselves.
func unprivileged(t *testing.T, name string) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	account, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
