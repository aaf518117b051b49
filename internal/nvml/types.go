package nvml

import (
	"context"
	"time"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// Mode says where a node's GPUs stand.
type Mode string

// The modes.
const (
	// ModeGPU: the driver answers and lists at least one GPU.
	ModeGPU Mode = "GPU"
	// ModeCPU: there is no library, or the driver lists no GPU.
	ModeCPU Mode = "CPU"
	// ModeDriverDown: the library is there and the driver does not answer.
	ModeDriverDown Mode = "DriverDown"
	// ModeReleased: the library was let go of on request.
	ModeReleased Mode = "Released"
)

// State is the state of a session.
type State struct {
	Mode          Mode
	DriverVersion string
	// Reason says in words why the mode is not ModeGPU.
	Reason string
}

// Identity is what a device is called.
type Identity struct {
	Index  int
	UUID   string
	Serial string
	Model  string
	// PCI is the bus id as sysfs writes it: 0000:18:00.0.
	PCI string
}

// Instance is a MIG device of a GPU.
type Instance struct {
	UUID string
	ID   int
}

// Reading is what one Poll learned of one device.
type Reading struct {
	Identity
	// Readable is false when the device did not answer in time, or at all.
	Readable bool
	// StuckPolls is how many polls a call has not returned for.
	StuckPolls int
	// Reset says that the device was reset since the last reading.
	Reset bool
	// MIG is true where the GPU is split, Instances are its parts.
	MIG       bool
	Instances []Instance
	// Vars are the values that were read; VarLost and VarAbsent among them.
	Vars hardware.Vars
	// EnergyIntegrated says that the energy was summed up here, since the device
	// does not count it.
	EnergyIntegrated bool
	// LinksActive is how many NVLinks are active; nil where it has none.
	LinksActive *int
}

// EventKind says what an event is about.
type EventKind int

// The kinds of event.
const (
	EventXid EventKind = iota
	EventECC
	EventRecoveryAction
)

// Event is something that the driver reported by itself.
type Event struct {
	Time time.Time
	Kind EventKind
	UUID string
	// Data is the Xid, or the recovery action.
	Data uint64
}

// Options are what a Session needs to be told.
type Options struct {
	// Library is the path of the library; empty for the loader's own search.
	Library string
	// Timeout is how long a Poll waits for a device.
	Timeout time.Duration
	// CallDone is told the duration of every call; it may be nil.
	CallDone func(call string, took time.Duration)
	// Event receives events, from a goroutine of the session.
	Event func(Event)
}

// Null is a session that finds no GPU.
type Null struct {
	// Reason says why, in words.
	Reason string
}

// Poll finds nothing.
func (n *Null) Poll(context.Context, bool) ([]Reading, State) {
	return nil, State{Mode: ModeCPU, Reason: n.Reason}
}

// Remember has nothing to remember.
func (*Null) Remember([]Identity) {}

// Release has nothing to release.
func (*Null) Release() {}

// Resume has nothing to take up.
func (*Null) Resume() {}

// Close has nothing to close.
func (*Null) Close() {}
