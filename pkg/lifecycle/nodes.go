package lifecycle

import (
	"fmt"
	"time"
)

// Times by which a node's silence is judged. A lease is renewed every 10 s
// with the kubelet's default settings.
const (
	// LeaseLate is the age at which a lease counts as late: one renewal was
	// missed, and three seconds of grace for a slow API server.
	LeaseLate = 13 * time.Second
	// UnreachableForLong is when a node that the control plane calls
	// unreachable is given up without a second witness.
	UnreachableForLong = 5 * time.Minute
)

// NodeSigns is what is known of a node's life.
type NodeSigns struct {
	Exists       bool
	OutOfService bool // carries node.kubernetes.io/out-of-service
	// Unready says that the node's Ready condition is not True, and since when.
	Unready      bool
	UnreadySince time.Time
	LeaseRenewed time.Time // zero: it has no lease
	// Launchers says that launchers run there that have answered before;
	// LastAnswer is the last time that one of them did. Silent says that every
	// one of them has since failed to answer, twice in a row.
	Launchers  bool
	Silent     bool
	LastAnswer time.Time
}

// JudgeNode says whether a node lives. A late lease alone is no proof: the
// node may be cut from the API server while its ranks go on. Launchers that
// fell silent are the second witness. quiet says that so many nodes fell
// silent at once that the control plane itself is suspected: then nothing is
// moved but what its own objects say.
func JudgeNode(now time.Time, s NodeSigns, quiet bool) Node {
	proven := later(s.LeaseRenewed, s.LastAnswer)
	n := Node{Proven: proven}
	switch {
	case !s.Exists:
		n.Health, n.Witness = Removed, "its object is gone"
	case s.OutOfService:
		n.Health, n.Witness = Removed, "it is marked out of service"
	case !s.late(now):
	case s.Launchers && !s.Silent:
		// Cut from the API server only: the ranks go on.
	case s.Unready && now.Sub(s.UnreadySince) >= UnreachableForLong:
		n.Health = Lost
		n.Witness = fmt.Sprintf("not ready since %s", s.UnreadySince.UTC().Format(time.RFC3339))
	case quiet:
		n.Health, n.Witness = Suspect, "many nodes fell silent at once; the control plane is suspected"
	case s.Launchers:
		n.Health = Lost
		n.Witness = fmt.Sprintf("%s and no launcher on it has answered for %s", s.lease(now), age(now, s.LastAnswer))
	case s.Unready:
		n.Health = Lost
		n.Witness = s.lease(now) + " and it is not ready"
	default:
		n.Health, n.Witness = Suspect, s.lease(now)
	}
	if n.Health == Alive && s.Silent {
		n.Health, n.Witness = Suspect, fmt.Sprintf("no launcher on it has answered for %s", age(now, s.LastAnswer))
	}
	return n
}

// late says whether the node has missed a renewal of its lease. A node
// without a lease is judged by its condition.
func (s *NodeSigns) late(now time.Time) bool {
	if s.LeaseRenewed.IsZero() {
		return s.Unready
	}
	return now.Sub(s.LeaseRenewed) >= LeaseLate
}

// lease says in words what the lease tells.
func (s *NodeSigns) lease(now time.Time) string {
	if s.LeaseRenewed.IsZero() {
		return "it has no lease"
	}
	return fmt.Sprintf("its lease is %s old", age(now, s.LeaseRenewed))
}

// Quiet says whether so many leases are late at once that the control plane,
// not the nodes, is to be suspected: more than one and more than a fifth.
func Quiet(late, nodes int) bool {
	return late > 1 && late*5 > nodes
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func age(now, t time.Time) time.Duration {
	return now.Sub(t).Round(100 * time.Millisecond)
}
