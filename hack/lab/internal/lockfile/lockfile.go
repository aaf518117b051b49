// Package lockfile lets one process at a time do something. The kernel gives
// the lock back when its holder dies, however it dies.
package lockfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// poll is how often a waiting process looks again.
const poll = 200 * time.Millisecond

// ErrHeld says that another process holds the lock.
var ErrHeld = errors.New("locked by another process")

// Try takes the lock at path, or returns ErrHeld at once. The file stays open,
// and locked, until it is closed or the process ends.
func Try(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock %s: %w", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrHeld
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// Lock waits for the lock at path. It calls waiting once if it has to wait.
func Lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	for {
		f, err := Try(path)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, ErrHeld) {
			return nil, err
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the lock %s: %w", path, ctx.Err())
		case <-time.After(poll):
		}
	}
}
