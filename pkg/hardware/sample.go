package hardware

import "time"

// Sample is one reading of a node. Values that were not read are absent from
// Vars, never zero.
type Sample struct {
	// Time is when the reading was complete.
	Time time.Time
	// BootID names the boot of the machine (/proc/sys/kernel/random/boot_id).
	BootID string
	// Node holds the node's variables.
	Node Vars
	// Devices holds one entry a device that is, or was, known on this node.
	Devices []DeviceSample
}

// DeviceSample is one reading of one device.
type DeviceSample struct {
	// UUID names the device; Serial the board, across slots and nodes.
	UUID, Serial string
	// Epoch changes whenever the device was reset or its driver loaded anew.
	Epoch string
	// Owners are the workloads that hold the device, as "namespace/workload":
	// one, several where it is shared, none when it is free or when that is not
	// known.
	Owners []string
	// Readable is false when the device did not answer this time.
	Readable bool
	Vars     Vars
}

// EventKind tells the sources of events apart.
type EventKind string

// The kinds of event.
const (
	// Xid is an error of the GPU's driver.
	Xid EventKind = "Xid"
	// SXid is an error of an NVSwitch.
	SXid EventKind = "SXid"
)

// Hint is what the text of an event says about its own weight.
type Hint string

// The hints. NVLink 5 errors (Xid 144-150) and NVSwitch errors carry one.
const (
	HintNone     Hint = ""
	HintFatal    Hint = "Fatal"
	HintNonFatal Hint = "NonFatal"
)

// Event is one thing that a driver reported.
type Event struct {
	Time   time.Time
	BootID string
	Kind   EventKind
	Code   int
	// Device is the UUID; empty for an NVSwitch and for a device not known.
	Device string
	Serial string
	Epoch  string
	// Owners are the workloads that held the device at that time.
	Owners []string
	Hint   Hint
	// Text is what the driver wrote, shortened; it may be empty.
	Text string
}

// VarID names a variable in a sample; see Variables.
type VarID uint8

// Vars is a set of optional numbers, small enough to copy.
type Vars struct {
	known  [2]uint64
	values [numVars]float64
}

// Set gives a variable a value.
func (v *Vars) Set(id VarID, value float64) {
	v.values[id] = value
	v.known[id/64] |= 1 << (id % 64)
}

// SetFlag gives a variable the value 1 or 0.
func (v *Vars) SetFlag(id VarID, value bool) {
	if value {
		v.Set(id, 1)
		return
	}
	v.Set(id, 0)
}

// Unset makes a variable absent.
func (v *Vars) Unset(id VarID) { v.known[id/64] &^= 1 << (id % 64) }

// Get returns a variable and whether it is known.
func (v *Vars) Get(id VarID) (float64, bool) {
	return v.values[id], v.known[id/64]&(1<<(id%64)) != 0
}

// overlay adds the variables of w that v lacks.
func (v *Vars) overlay(w *Vars) {
	for id := range numVars {
		if _, known := v.Get(id); known {
			continue
		}
		if value, known := w.Get(id); known {
			v.Set(id, value)
		}
	}
}
