package placement

import "time"

// Verb is what is to be done about a gang.
type Verb uint8

// The verbs of a plan.
const (
	// Admit places the whole gang on Runs. A gang that held places elsewhere
	// leaves them.
	Admit Verb = iota
	// Replace places the ranks that a gang lost on Runs; the rest stay.
	Replace
	// Reserve keeps Runs for a gang until those who leave have gone. Nothing is
	// to be created yet.
	Reserve
	// Preempt tells a running gang to leave For another.
	Preempt
	// Release tells a gang that waits for lost ranks to give up what it still
	// holds, For another where one is named.
	Release
	// Wait leaves the gang where it is.
	Wait
	// Impossible says that the gang could not be placed even if every node that
	// its pods may use were empty.
	Impossible
)

// Reason is why.
type Reason uint8

// The reasons of a decision.
const (
	// Fits: there is room. (Admit, Replace)
	Fits Reason = iota
	// FitsAhead: there is room, and the gang For, which comes first, cannot use
	// it. (Admit, Replace)
	FitsAhead
	// Leavers: the room is held by gangs that are leaving. (Reserve)
	Leavers
	// Outranked: a gang of higher priority needs the place. (Preempt)
	Outranked
	// Deadlock: an earlier gang that lost ranks can go on with what this one
	// holds, and this one cannot go on itself. (Release)
	Deadlock
	// HeldTooLong: no place was found for the lost ranks until HoldUntil.
	// (Release)
	HeldTooLong
	// Behind: there is room, now or once others have left, and taking it would
	// delay the gang For beyond At. (Wait)
	Behind
	// NoEligibleNode: there is no node that the pods may use at all. (Wait,
	// Impossible)
	NoEligibleNode
	// Insufficient: a resource is short, see Shortage. (Wait, Impossible)
	Insufficient
	// Fragmented: of each resource there is enough, but not together on one
	// node. (Wait, Impossible)
	Fragmented
	// Together: each set finds room alone, but not all of them at once. (Wait,
	// Impossible)
	Together
)

var verbs = [...]string{"Admit", "Replace", "Reserve", "Preempt", "Release", "Wait", "Impossible"}

// String names the verb.
func (v Verb) String() string { return verbs[v] }

var reasons = [...]string{
	"Fits", "FitsAhead", "Leavers", "Outranked", "Deadlock", "HeldTooLong",
	"Behind", "NoEligibleNode", "Insufficient", "Fragmented", "Together",
}

// String names the reason as a condition's reason is spelt.
func (r Reason) String() string { return reasons[r] }

// NodeShort counts the nodes where a resource does not suffice for one pod.
type NodeShort struct {
	Resource int32
	Nodes    int32
}

// Shortage says what kept a set from being placed. It is measured at the point
// of the order where the gang was asked, after everything decided before it.
type Shortage struct {
	Set int32
	// Pods need a place, of which Fit could be had.
	Pods, Fit int32
	// Resource is the scarcest one. Need of it is asked for, Free of it is there
	// on the nodes tried, Usable of it in pieces that are large enough for a pod.
	Resource           int32
	Need, Free, Usable int64
	// Tried counts the nodes that may be used, Unready and Excluded those that
	// may not for the moment.
	Tried, Unready, Excluded int32
	// Short counts the tried nodes by the resource that they lack.
	Short []NodeShort
	// Refused counts the nodes that are not eligible, by class.
	Refused []Refusal
}

// By is how much of the scarcest resource is missing.
func (s *Shortage) By() int64 { return max(0, s.Need-s.Usable) }

// Decision is what the plan says about one gang.
type Decision struct {
	Gang string
	Verb Verb
	// Runs are places, for Admit, Replace and Reserve.
	Runs []Run
	// For names the other gang that the reason speaks of.
	For    string
	Reason Reason
	// At is when the first gang that waits is expected to fit; zero where that
	// is unknown. (Wait)
	At time.Time
	// Shortage goes with Wait, Impossible and Release, unless the gang is Behind.
	Shortage Shortage
}

// Plan is a decision for every gang that is pending or lost ranks, in the order
// in which they were asked, and for every gang that has to leave, before the
// one that it leaves for. It is shared: read it, do not change it.
type Plan struct {
	Decisions []Decision
	// Next is when time alone would change a decision; zero is never.
	Next time.Time
}
