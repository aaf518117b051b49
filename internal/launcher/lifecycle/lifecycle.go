// Package lifecycle decides what a launcher does next. It starts nothing and
// waits for nothing: events go in with the time at which they happened, what is
// to be done comes out, and Next tells when to look at the clock again.
package lifecycle

import (
	"fmt"
	"syscall"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// Do is what a launcher has to do now.
type Do int

// The things to do.
const (
	Nothing Do = iota
	// Prepare gets the Current attempt ready: its directory, its peers. What
	// was being prepared before is given up.
	Prepare
	// Start starts the child of the Current attempt.
	Start
	// Forward sends Signal to the child.
	Forward
	// Exit ends the launcher with Code.
	Exit
)

// Todo is a Do with what it needs.
type Todo struct {
	Do     Do
	Signal syscall.Signal
	Code   int
}

// Policy holds the times that a job gives its launchers.
type Policy struct {
	// Hold is how long to wait for a new attempt after the child failed.
	Hold time.Duration
	// Orphan is how long a child may run without contact; 0 is for ever.
	Orphan time.Duration
	// Grace is the time from SIGTERM to SIGKILL.
	Grace time.Duration
	// Alone tells that there is neither a peer to hear from nor one to harm.
	Alone bool
}

type state int

const (
	preparing state = iota
	running
	exited
	fenced
)

// Machine is one launcher's life. It is not safe for concurrent use.
type Machine struct {
	policy  Policy
	state   state
	current launchspec.Instruction
	// next is to be started when the child is gone, fence is why nothing is.
	next  *launchspec.Instruction
	fence string
	// ending is the signal that ends the launcher once the child is gone.
	ending syscall.Signal
	code   int
	// contact, killAt and holdUntil are zero where they do not count.
	contact, killAt, holdUntil time.Time
}

// New is a machine before its first attempt.
func New(policy Policy, first launchspec.Instruction) *Machine {
	return &Machine{policy: policy, current: first}
}

// Begin starts the first attempt.
func (m *Machine) Begin() Todo { return m.prepare(m.current) }

// Current is the attempt that is prepared, runs or ran last.
func (m *Machine) Current() launchspec.Instruction { return m.current }

// Phase is the phase to show. Where peers are waited for it is Starting too:
// the barrier itself knows better.
func (m *Machine) Phase() launchspec.Phase {
	switch m.state {
	case running:
		return launchspec.PhaseRunning
	case exited:
		return launchspec.PhaseExited
	case fenced:
		return launchspec.PhaseFenced
	default:
		return launchspec.PhaseStarting
	}
}

// Reason says why the child is being stopped, or why none runs.
func (m *Machine) Reason() string {
	switch {
	case m.ending != 0 && m.state == running:
		return "ending on " + m.ending.String()
	case m.next != nil:
		return fmt.Sprintf("stopping for attempt %d", m.next.Attempt)
	default:
		return m.fence
	}
}

// Prepared tells that the current attempt may start.
func (m *Machine) Prepared(now time.Time) Todo {
	if m.state != preparing {
		return Todo{}
	}
	m.state = running
	m.contact = now
	return Todo{Do: Start}
}

// Instruct takes an instruction; one that is not of a higher attempt is old.
func (m *Machine) Instruct(in launchspec.Instruction, now time.Time) Todo {
	m.contact = now
	newest := m.current.Attempt
	if m.next != nil {
		newest = m.next.Attempt
	}
	if m.ending != 0 || in.Attempt <= newest {
		return Todo{}
	}
	if in.Members == 0 {
		in.Members = m.current.Members
	}
	if m.state != running {
		return m.prepare(in)
	}
	m.next = &in
	return m.stop(now)
}

// Contact tells that somebody who knows the attempt has been heard of.
func (m *Machine) Contact(now time.Time) { m.contact = now }

// Superseded tells that a peer is in a later attempt: this one is over, though
// nobody has said so yet.
func (m *Machine) Superseded(attempt int32, now time.Time) Todo {
	if m.state != running || m.next != nil || attempt <= m.current.Attempt {
		return Todo{}
	}
	m.fence = fmt.Sprintf("rank 0 is in attempt %d", attempt)
	return m.stop(now)
}

// Signal takes a signal that was sent to the launcher.
func (m *Machine) Signal(sig syscall.Signal) Todo {
	ends := sig == syscall.SIGTERM || sig == syscall.SIGINT || sig == syscall.SIGQUIT
	if ends && m.ending == 0 {
		m.ending, m.next = sig, nil
	}
	switch {
	case m.state == running:
		return Todo{Do: Forward, Signal: sig}
	case !ends:
		return Todo{}
	case m.state == exited:
		return Todo{Do: Exit, Code: m.code}
	default:
		return Todo{Do: Exit, Code: 128 + int(sig)}
	}
}

// Exited tells that the child has ended, or could not be started.
func (m *Machine) Exited(code int, now time.Time) Todo {
	m.state, m.code, m.killAt = exited, code, time.Time{}
	switch {
	case m.ending != 0:
		return Todo{Do: Exit, Code: code}
	case m.next != nil:
		return m.prepare(*m.next)
	case m.fence != "":
		m.state = fenced
		return Todo{}
	case code == 0 || m.policy.Hold <= 0:
		return Todo{Do: Exit, Code: code}
	}
	m.holdUntil = now.Add(m.policy.Hold)
	return Todo{}
}

// Tick looks at the clock.
func (m *Machine) Tick(now time.Time) Todo {
	at, ok := m.Next()
	if !ok || now.Before(at) {
		return Todo{}
	}
	switch {
	case m.state == exited:
		return Todo{Do: Exit, Code: m.code}
	case !m.killAt.IsZero():
		m.killAt = now.Add(m.policy.Grace + time.Second) // again, should it be stuck
		return Todo{Do: Forward, Signal: syscall.SIGKILL}
	}
	m.fence = fmt.Sprintf("no contact to the manager or a peer for %s", m.policy.Orphan)
	return m.stop(now)
}

// Next is when Tick has something to do, unless something happens before.
func (m *Machine) Next() (time.Time, bool) {
	switch {
	case m.state == exited:
		return m.holdUntil, true
	case m.state != running:
		return time.Time{}, false
	case !m.killAt.IsZero():
		return m.killAt, true
	case m.ending != 0 || m.policy.Orphan <= 0 || m.alone():
		return time.Time{}, false
	}
	return m.contact.Add(m.policy.Orphan), true
}

func (m *Machine) alone() bool {
	if m.current.Members > 0 {
		return m.current.Members == 1
	}
	return m.policy.Alone
}

func (m *Machine) prepare(in launchspec.Instruction) Todo {
	m.current, m.next, m.fence, m.state = in, nil, "", preparing
	m.holdUntil = time.Time{}
	return Todo{Do: Prepare}
}

// stop asks the child to end. While it is being stopped already its grace goes
// on.
func (m *Machine) stop(now time.Time) Todo {
	if !m.killAt.IsZero() {
		return Todo{}
	}
	m.killAt = now.Add(m.policy.Grace)
	return Todo{Do: Forward, Signal: syscall.SIGTERM}
}
