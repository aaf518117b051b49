package benchlab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const namespace = "trainyard-system"

// User is who the manager is for the API server.
const User = "system:serviceaccount:" + namespace + ":trainyard-manager"

// Install applies the manifests of config/default, so that the manager has the
// rights and the policies that it has anywhere, but lets no pod of it run.
func (l *Lab) Install(ctx context.Context) error {
	if err := l.Apply(ctx); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"-n", namespace, "scale", "deployment/trainyard-manager", "--replicas=0"},
		{"wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"},
	} {
		if _, err := l.Kubectl(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// Manager is the manager, run as a process of this machine under its own
// ServiceAccount.
type Manager struct {
	cmd    *exec.Cmd
	folder string
	ended  chan struct{}
}

// StartManager starts the manager's program and returns once it is ready.
func (l *Lab) StartManager(ctx context.Context, program string, args ...string) (*Manager, error) {
	folder, err := os.MkdirTemp("", "bench-manager-")
	if err != nil {
		return nil, err
	}
	m := &Manager{folder: folder, ended: make(chan struct{})}
	if err := m.start(ctx, l, program, args); err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	return m, nil
}

func (m *Manager) start(ctx context.Context, l *Lab, program string, args []string) error {
	kubeconfig := filepath.Join(m.folder, "kubeconfig")
	if err := l.writeKubeconfig(ctx, kubeconfig); err != nil {
		return err
	}
	probes, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(m.folder, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	args = append([]string{"--kubeconfig=" + kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=" + probes}, args...)
	m.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, args...)
	m.cmd.Stdout, m.cmd.Stderr = log, log
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is for us
	if err := m.cmd.Start(); err != nil {
		return fmt.Errorf("starting the manager: %w", err)
	}
	go func() {
		_ = m.cmd.Wait()
		close(m.ended)
	}()
	err = Wait(ctx, "ready: the manager", 2*time.Minute, func(ctx context.Context) (bool, error) {
		select {
		case <-m.ended:
			return false, fmt.Errorf("it ended: %s", m.lastWords())
		default:
			return answers(ctx, "http://"+probes+"/readyz"), nil
		}
	})
	if err != nil {
		m.end()
	}
	return err
}

// writeKubeconfig writes a kubeconfig with a token of the manager's ServiceAccount.
func (l *Lab) writeKubeconfig(ctx context.Context, path string) error {
	token, err := l.Kubectl(ctx, "-n", namespace, "create", "token", "trainyard-manager", "--duration=24h")
	if err != nil {
		return err
	}
	config, err := clientcmd.LoadFromFile(l.Kubeconfig())
	if err != nil {
		return fmt.Errorf("reading the lab's kubeconfig: %w", err)
	}
	for name := range config.AuthInfos {
		config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token}
	}
	return clientcmd.WriteToFile(*config, path)
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusOK
}

// lastWords is the end of what the manager logged.
func (m *Manager) lastWords() string {
	content, err := os.ReadFile(filepath.Join(m.folder, "log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// Stop ends the manager and forgets its log, unless it ended by itself: that is
// an error.
func (m *Manager) Stop() error {
	var err error
	select {
	case <-m.ended:
		err = fmt.Errorf("the manager ended by itself: %s", m.lastWords())
	default:
		m.end()
	}
	_ = os.RemoveAll(m.folder)
	return err
}

func (m *Manager) end() {
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.ended:
	case <-time.After(30 * time.Second):
		_ = m.cmd.Process.Kill()
		<-m.ended
	}
}

// Usage is what the manager's process uses.
type Usage struct {
	// Resident and Peak are bytes of memory, now and at most so far.
	Resident, Peak float64
	// Processor is the processor time so far, in seconds.
	Processor float64
}

// Usage reads what the manager uses (Linux).
func (m *Manager) Usage() (Usage, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.cmd.Process.Pid))
	if err != nil {
		return Usage{}, fmt.Errorf("the manager ended: %s: %w", m.lastWords(), err)
	}
	var u Usage
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		switch fields[0] {
		case "VmRSS:":
			u.Resident, err = kibibytes(fields[1])
		case "VmHWM:":
			u.Peak, err = kibibytes(fields[1])
		}
		if err != nil {
			return u, err
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.cmd.Process.Pid))
	if err != nil {
		return u, err
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	const user, system = 11, 12 // hundredths of a second
	for _, field := range []int{user, system} {
		ticks, err := strconv.ParseFloat(strings.Fields(after)[field], 64)
		if err != nil {
			return u, fmt.Errorf("reading the manager's processor time: %w", err)
		}
		u.Processor += ticks / 100
	}
	return u, nil
}

func kibibytes(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	return n * 1024, err
}
