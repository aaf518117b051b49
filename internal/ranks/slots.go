package ranks

import (
	"fmt"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// Slot is the place of one rank.
type Slot struct {
	// Node is the node that the rank's pod is pinned to; empty for a rank
	// without a place.
	Node string
	// Attempt is the attempt that the rank's pod was created for, from 1.
	Attempt int32
}

// Expand turns the runs of an admission into one slot a rank, by flat rank. It
// fails unless the runs give each rank of the job exactly one place.
func (l Layout) Expand(assignments []v1alpha1.Assignment) ([]Slot, error) {
	slots := make([]Slot, l.Total())
	placed := int32(0)
	for i := range assignments {
		a := &assignments[i]
		first, err := l.run(a)
		if err != nil {
			return nil, fmt.Errorf("assignments[%d]: %w", i, err)
		}
		for rank := first; rank < first+a.Count; rank++ {
			if slots[rank].Node != "" {
				return nil, fmt.Errorf("assignments[%d]: %s/%d has a place already, on node %s", i, a.Set, rank-first+*a.First, slots[rank].Node)
			}
			slots[rank] = Slot{Node: a.Node, Attempt: a.Attempt}
		}
		placed += a.Count
	}
	if placed != l.Total() {
		return nil, fmt.Errorf("assignments: %d of %d ranks have a place", placed, l.Total())
	}
	return slots, nil
}

// run checks one run and returns its first flat rank.
func (l Layout) run(a *v1alpha1.Assignment) (int32, error) {
	set, ok := l.Set(a.Set)
	switch {
	case !ok:
		return 0, fmt.Errorf("set %q is not in the job", a.Set)
	case a.First == nil:
		return 0, fmt.Errorf("set %q: first is not given", a.Set)
	case *a.First < 0 || a.Count < 1 || *a.First > l.Replicas(set)-a.Count:
		return 0, fmt.Errorf("set %q has %d replicas, which first %d and count %d exceed", a.Set, l.Replicas(set), *a.First, a.Count)
	case a.Node == "":
		return 0, fmt.Errorf("set %q: node is not given", a.Set)
	case a.Attempt < 1:
		return 0, fmt.Errorf("set %q: attempt %d must be at least 1", a.Set, a.Attempt)
	}
	return l.Rank(set, *a.First), nil
}

// Compact turns slots by flat rank into the fewest runs, in the order of the
// ranks. A slot without a node is left out.
func (l Layout) Compact(slots []Slot) []v1alpha1.Assignment {
	var out []v1alpha1.Assignment
	for set := range l.names {
		out = l.compactSet(out, set, slots[l.first[set]:l.first[set+1]])
	}
	return out
}

func (l Layout) compactSet(out []v1alpha1.Assignment, set int, slots []Slot) []v1alpha1.Assignment {
	for first := 0; first < len(slots); {
		end := first + 1
		for end < len(slots) && slots[end] == slots[first] {
			end++
		}
		if slots[first].Node != "" {
			index := int32(first)
			out = append(out, v1alpha1.Assignment{
				RankRange: v1alpha1.RankRange{Set: l.names[set], First: &index, Count: int32(end - first)},
				Node:      slots[first].Node,
				Attempt:   slots[first].Attempt,
			})
		}
		first = end
	}
	return out
}
