package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"k8s.io/utils/clock"
)

// The files of an agent in its state folder.
const (
	socketName = "agent.sock"
	lockName   = "agent.lock"
)

// maxRelease bounds how long the GPUs may be released for.
const maxRelease = time.Hour

// Control takes requests from the node itself over a socket that only root may
// open: to let go of the GPUs so that one can be reset, and to take them up.
type Control struct {
	Devices Devices
	Clock   clock.Clock

	mu    sync.Mutex
	timer clock.Timer
}

// Serve serves the socket in a folder until the context ends.
func (c *Control) Serve(ctx context.Context, folder string) error {
	path := filepath.Join(folder, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("control socket: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /release", c.release)
	mux.HandleFunc("POST /resume", c.resume)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

func (c *Control) release(w http.ResponseWriter, r *http.Request) {
	span, err := time.ParseDuration(r.URL.Query().Get("for"))
	if err != nil || span <= 0 || span > maxRelease {
		http.Error(w, fmt.Sprintf("for=%q: say how long, from 1s to %v", r.URL.Query().Get("for"), maxRelease), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopTimer()
	c.Devices.Release()
	timer := c.Clock.NewTimer(span)
	c.timer = timer
	go func() {
		<-timer.C()
		c.Devices.Resume()
	}()
	_, _ = fmt.Fprintf(w, "the GPUs are let go of within one fast interval, and taken up again in %v\n", span)
}

func (c *Control) resume(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopTimer()
	c.Devices.Resume()
	_, _ = fmt.Fprintln(w, "the GPUs are taken up again within one fast interval")
}

func (c *Control) stopTimer() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

// AskAgent sends a request to the agent of this node.
func AskAgent(ctx context.Context, folder, request string) (string, error) {
	path := filepath.Join(folder, socketName)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent"+request, nil)
	if err != nil {
		return "", fmt.Errorf("request: %w", err)
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", fmt.Errorf("no agent answers at %s; is it running on this node, and are you root? %w", path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(string(text))
	}
	return string(text), err
}

// Lock makes sure that one agent serves the node: it waits for another one to
// end. The lock ends with the process.
func Lock(ctx context.Context, folder string, c clock.Clock, waiting func()) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(folder, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	for told := false; ; {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a descriptor is small
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = file.Close()
			return nil, fmt.Errorf("lock: %w", err)
		}
		if !told {
			told = true
			waiting()
		}
		timer := c.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			timer.Stop()
			_ = file.Close()
			return nil, ctx.Err()
		case <-timer.C():
		}
	}
}
