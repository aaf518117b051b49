package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

func TestRanksWaitForRankZero(t *testing.T) {
	t.Parallel()
	zero := newRankZero(t)
	r := start(t, options{env: map[string]string{
		launchspec.EnvRank: "1", launchspec.EnvAttempt: "2", launchspec.EnvPeers: zero.address(),
	}}, "be-idle")
	for _, tc := range []struct {
		answer launchspec.Status
		says   string
	}{
		{launchspec.Status{JobUID: "another", Attempt: 2}, "belongs to another job"},
		{launchspec.Status{JobUID: testUID, Attempt: 2, Rank: 3}, "is rank 3"},
		{launchspec.Status{JobUID: testUID, Attempt: 1}, "it is in attempt 1, not yet in 2"},
		{launchspec.Status{JobUID: testUID, Attempt: 3}, "it is in attempt 3: 2 is over"},
	} {
		zero.set(tc.answer)
		r.until(tc.says, func(s launchspec.Status) bool {
			return s.Phase == launchspec.PhaseWaitingForPeers && strings.Contains(s.Message, tc.says)
		})
	}
	zero.set(launchspec.Status{JobUID: testUID, Attempt: 2})
	if status := r.untilPhase(launchspec.PhaseRunning, 2); status.Message != "" {
		t.Errorf("message %q", status.Message)
	}
	header := zero.asked()
	if header.Get(launchspec.HeaderPeer) != "1" || header.Get(launchspec.HeaderAttempt) != "2" || header.Get(launchspec.HeaderJobUID) != testUID {
		t.Errorf("asked with %v", header)
	}
}

func TestRankZeroDoesNotWait(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvPeers: "127.0.0.1:1"}}, "be-idle")
	r.untilPhase(launchspec.PhaseRunning, 1)
}

func TestTerminationWhileWaiting(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvRank: "1", launchspec.EnvPeers: "127.0.0.1:1"}}, "be-idle")
	r.untilPhase(launchspec.PhaseWaitingForPeers, 1)
	r.signal(syscall.SIGTERM)
	if got := r.code(); got != 143 {
		t.Errorf("exit code %d", got)
	}
}

func TestANewAttemptWhileWaiting(t *testing.T) {
	t.Parallel()
	zero := newRankZero(t)
	zero.set(launchspec.Status{JobUID: "another"})
	r := start(t, options{env: map[string]string{launchspec.EnvRank: "1", launchspec.EnvPeers: zero.address()}}, "be-idle")
	r.untilPhase(launchspec.PhaseWaitingForPeers, 1)
	r.instruct(`{"attempt":2}`)
	r.untilPhase(launchspec.PhaseWaitingForPeers, 2)
	zero.set(launchspec.Status{JobUID: testUID, Attempt: 2})
	if status := r.untilPhase(launchspec.PhaseRunning, 2); status.Restarts != 0 {
		t.Errorf("status %+v: nothing was restarted", status)
	}
}

func TestAnOrphanIsFenced(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvPeers: "127.0.0.1:1", launchspec.EnvOrphanSeconds: "1"}}, "be-stubborn")
	r.untilSaid("stubborn")
	status := r.untilPhase(launchspec.PhaseFenced, 1)
	if !strings.Contains(status.Message, "no contact") || *status.ExitCode != 137 {
		t.Errorf("status %+v", status)
	}
	if pid := r.numbers("stubborn")[0]; !gone(pid) {
		t.Errorf("process %d is still there", pid)
	}
	r.instruct(`{"attempt":2}`)
	r.untilPhase(launchspec.PhaseRunning, 2)
}

func TestTheManagerKeepsAnOrphanAlive(t *testing.T) {
	t.Parallel()
	r := start(t, options{env: map[string]string{launchspec.EnvPeers: "127.0.0.1:1", launchspec.EnvOrphanSeconds: "1"}}, "be-idle")
	r.untilPhase(launchspec.PhaseRunning, 1)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if s, err := r.status(true); err != nil || s.Phase != launchspec.PhaseRunning || s.Message != "" {
			t.Fatalf("status %+v, %v", s, err)
		}
	}
	r.untilPhase(launchspec.PhaseFenced, 1) // silence, at last
}

// Two real launchers keep each other alive without a manager, until one is gone.
func TestPeersKeepEachOtherAlive(t *testing.T) {
	t.Parallel()
	env := func(rank string) map[string]string {
		return map[string]string{launchspec.EnvRank: rank, launchspec.EnvOrphanSeconds: "2", launchspec.EnvMembers: "2"}
	}
	port := freePort(t)
	zeroEnv := env("0")
	zeroEnv[launchspec.EnvPort], zeroEnv[launchspec.EnvPeers] = fmt.Sprint(port), fmt.Sprint("127.0.0.1:", port)
	zero := start(t, options{env: zeroEnv}, "be-idle")
	zero.port = port
	oneEnv := env("1")
	oneEnv[launchspec.EnvPeers] = zeroEnv[launchspec.EnvPeers]
	one := start(t, options{env: oneEnv}, "be-idle")
	begun := one.untilPhase(launchspec.PhaseRunning, 1).StartedAt
	for time.Since(*begun) < 5*time.Second {
		zero.untilPhase(launchspec.PhaseRunning, 1)
		one.untilPhase(launchspec.PhaseRunning, 1)
		time.Sleep(100 * time.Millisecond)
	}
	zero.kill()
	one.untilPhase(launchspec.PhaseFenced, 1)
}

// A rank that the manager cannot reach learns from rank 0 that it is replaced.
func TestASupersededRankIsFenced(t *testing.T) {
	t.Parallel()
	zero := newRankZero(t)
	zero.set(launchspec.Status{JobUID: testUID, Attempt: 1})
	r := start(t, options{env: map[string]string{
		launchspec.EnvRank: "1", launchspec.EnvPeers: zero.address(), launchspec.EnvOrphanSeconds: "3",
	}}, "be-idle")
	r.untilPhase(launchspec.PhaseRunning, 1)
	zero.set(launchspec.Status{JobUID: testUID, Attempt: 3})
	status := r.untilPhase(launchspec.PhaseFenced, 1)
	if !strings.Contains(status.Message, "rank 0 is in attempt 3") {
		t.Errorf("message %q", status.Message)
	}
}

// rankZero is a launcher that says what the test wants.
type rankZero struct {
	server *httptest.Server
	mu     sync.Mutex
	answer launchspec.Status
	header http.Header
}

func newRankZero(t *testing.T) *rankZero {
	z := &rankZero{}
	z.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z.mu.Lock()
		defer z.mu.Unlock()
		z.header = r.Header
		_ = json.NewEncoder(w).Encode(z.answer)
	}))
	t.Cleanup(z.server.Close)
	return z
}

func (z *rankZero) address() string { return strings.TrimPrefix(z.server.URL, "http://") }

func (z *rankZero) set(s launchspec.Status) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.answer = s
}

func (z *rankZero) asked() http.Header {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.header
}
