package hardware

import (
	"slices"
	"time"
)

// MaxFaults bounds the ring of faults.
const MaxFaults = 32

// Fault is one entry of a node's record: a burst of events, or a condition that
// began. The record is what survives a restart of the agent; Restore reads it.
type Fault struct {
	// First and Last are the times of the first and last occurrence.
	First, Last time.Time
	BootID      string
	// Kind is empty for a condition.
	Kind     EventKind
	Code     int
	Hint     Hint
	Rule     string
	Device   string
	Serial   string
	Epoch    string
	Owners   []string
	Count    int
	Severity Severity
	Class    Class
	Action   Action
}

// event is the fault as the event that caused it.
func (f *Fault) event() Event {
	return Event{
		Time: f.First, BootID: f.BootID, Kind: f.Kind, Code: f.Code, Device: f.Device,
		Serial: f.Serial, Epoch: f.Epoch, Owners: f.Owners, Hint: f.Hint,
	}
}

func (f *Fault) sameBurst(g *Fault, window time.Duration) bool {
	return f.Kind == g.Kind && f.Code == g.Code && f.Hint == g.Hint && f.Device == g.Device && f.Rule == g.Rule &&
		(f.BootID == g.BootID || g.BootID == "") &&
		(len(g.Owners) == 0 || len(f.Owners) == 0 || slices.Equal(f.Owners, g.Owners)) &&
		g.First.Sub(f.Last) < window && f.First.Sub(g.Last) < window
}

// absorb merges a later or earlier part of the same burst.
func (f *Fault) absorb(g *Fault) {
	if g.Last.After(f.Last) {
		f.Last = g.Last
	}
	if g.First.Before(f.First) {
		f.First = g.First
	}
	f.Owners = orElse(f.Owners, g.Owners)
	f.Epoch = newer(f.Epoch, g.Epoch)
	f.Count += g.Count
	if g.Severity.Rank() > f.Severity.Rank() {
		f.Severity, f.Class, f.Action = g.Severity, g.Class, g.Action
	}
}

// ring is the record, in order of time. When it is full the oldest of the
// least severe entries goes first, so that a tenant who provokes errors cannot
// wash a fatal one out.
type ring []Fault

func (r *ring) add(f Fault, window time.Duration) {
	for i := range slices.Backward(*r) {
		if (*r)[i].sameBurst(&f, window) {
			(*r)[i].absorb(&f)
			return
		}
	}
	at, _ := slices.BinarySearchFunc(*r, f.First, func(x Fault, t time.Time) int {
		if x.First.After(t) {
			return 1
		}
		return -1
	})
	*r = slices.Insert(*r, at, f)
	if len(*r) > MaxFaults {
		r.evict()
	}
}

func (r *ring) evict() {
	least := 0
	for i := range *r {
		if (*r)[i].Severity.Rank() < (*r)[least].Severity.Rank() {
			least = i
		}
	}
	*r = slices.Delete(*r, least, least+1)
}
