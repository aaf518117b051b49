package launcher

import (
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

// topic is what a message is about. Each topic has one message at a time, and
// the status shows them in this order.
type topic int

const (
	aboutChild topic = iota
	aboutStart
	aboutLeft
	aboutPeers
	aboutInstruction
	aboutCheckpoint
	aboutResume
	aboutOutput
	topics
)

const maxMessage = 1024

// board is what a launcher shows: written by the loop, the output's readers and
// the watchers, read by the server.
type board struct {
	clock clock.PassiveClock

	mu       sync.Mutex
	status   launchspec.Status
	tracker  progress.Tracker
	messages [topics]string
	key      *launchspec.Key
}

func newBoard(cfg *Config, c clock.PassiveClock) *board {
	return &board{clock: c, status: launchspec.Status{
		JobUID: cfg.UID, Set: cfg.Set, Index: cfg.Index, Rank: cfg.Rank,
		Attempt: cfg.First.Attempt, Phase: launchspec.PhaseStarting,
	}}
}

// Status is what is known now.
func (b *board) Status() launchspec.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Progress = b.tracker.Snapshot()
	said := make([]string, 0, topics)
	for _, m := range b.messages {
		if m != "" {
			said = append(said, m)
		}
	}
	s.Message = strings.Join(said, "; ")
	if len(s.Message) > maxMessage {
		s.Message = strings.ToValidUTF8(s.Message[:maxMessage], "")
	}
	return s
}

// Key is this rank's public key in its present attempt.
func (b *board) Key() (launchspec.Key, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.key == nil {
		return launchspec.Key{}, false
	}
	key := *b.key
	key.Attempt = b.status.Attempt
	return key, true
}

func (b *board) attempt() int32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status.Attempt
}

func (b *board) phase() launchspec.Phase {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status.Phase
}

// begin forgets the last attempt.
func (b *board) begin(attempt int32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	instruction := b.messages[aboutInstruction]
	b.status.Attempt, b.status.Phase = attempt, launchspec.PhaseStarting
	b.status.StartedAt, b.status.ExitedAt, b.status.FirstStepAt = nil, nil, nil
	b.status.ExitCode, b.status.Signal, b.status.Checkpoint = nil, 0, nil
	b.tracker = progress.Tracker{}
	b.messages = [topics]string{aboutInstruction: instruction}
}

func (b *board) show(phase launchspec.Phase) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Phase = phase
}

func (b *board) say(about topic, message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages[about] = message
}

// sayIn and waitIn are for those who prepare an attempt: when it has been given
// up in favour of another, they speak no more.
func (b *board) sayIn(attempt int32, about topic, message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status.Attempt == attempt {
		b.messages[about] = message
	}
}

func (b *board) waitIn(attempt int32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status.Attempt == attempt && b.status.Phase == launchspec.PhaseStarting {
		b.status.Phase = launchspec.PhaseWaitingForPeers
	}
}

func (b *board) started(again bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.StartedAt = b.now()
	if again {
		b.status.Restarts++
	}
}

func (b *board) exited(code, signal int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := int32(code)
	b.status.ExitCode, b.status.Signal, b.status.ExitedAt = &c, int32(signal), b.now()
}

func (b *board) progress(u progress.Update) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.tracker.Apply(u, *now)
	if u.Step != nil && b.status.FirstStepAt == nil {
		b.status.FirstStepAt = now
	}
}

func (b *board) checkpoint(c launchspec.Checkpoint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Attempt == b.status.Attempt {
		b.status.Checkpoint = &c
	}
}

func (b *board) now() *time.Time {
	now := b.clock.Now().UTC()
	return &now
}
