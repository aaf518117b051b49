package placement

import (
	"cmp"
	"slices"
)

// trial is an attempt to place groups of pods.
type trial struct {
	groups  []group
	layer   layer
	exclude []NodeID
	// near is a domain to stay in, or close to, if possible.
	near  int32
	picks []pick
}

// outcome is how a trial ended.
type outcome uint8

const (
	fits    outcome = iota
	never           // proved impossible
	unknown         // not found with bounded effort
)

// attempts bounds how many domains of a level are tried for several groups.
const attempts = 4

// fit places all groups of the trial, or none. What it takes is in the journal,
// and where, in the trial's picks.
func (s *State) fit(t *trial) outcome {
	t.picks = t.picks[:0]
	if t.layer == bare {
		t.exclude = nil
	}
	out := s.fitGroups(t)
	s.touched.add(t.exclude...)
	return out
}

func (s *State) fitGroups(t *trial) outcome {
	if s.short(t) >= 0 {
		return never
	}
	if t.near != root {
		for d := t.near; d != root; d = s.topo.domains[d].parent {
			if s.fitInto(t, d) {
				return fits
			}
		}
	} else if s.fitDomain(t) {
		return fits
	}
	if s.fitInto(t, root) {
		return fits
	}
	if len(t.groups) == 1 {
		return never
	}
	return s.search(t)
}

// short is the first group for which there are too few slots, or -1.
func (s *State) short(t *trial) int {
	for i := range t.groups {
		g := &t.groups[i]
		if s.indexOf(s.shapes[g.shape], t.layer, t.exclude).sums[root] < int64(g.count) {
			return i
		}
	}
	return -1
}

// fitDomain places the groups into the smallest domain that takes them, the
// innermost level first.
func (s *State) fitDomain(t *trial) bool {
	for level := len(s.topo.levels) - 1; level > 0; level-- {
		candidates := s.scratch.order[:0]
		for _, d := range s.topo.levels[level] {
			if s.roomy(t, d) {
				candidates = append(candidates, d)
			}
		}
		s.scratch.order = candidates
		first := s.shapes[t.groups[0].shape].index[t.layer]
		slices.SortFunc(candidates, func(a, b int32) int {
			return cmp.Or(cmp.Compare(first.sums[a], first.sums[b]), cmp.Compare(a, b))
		})
		for _, d := range candidates[:min(attempts, len(candidates))] {
			if s.fitInto(t, d) {
				return true
			}
		}
	}
	return false
}

// roomy tells whether each group alone fits into the domain. The indexes are up
// to date.
func (s *State) roomy(t *trial, d int32) bool {
	for i := range t.groups {
		g := &t.groups[i]
		if s.shapes[g.shape].index[t.layer].sums[d] < int64(g.count) {
			return false
		}
	}
	return true
}

// fitInto places the groups into the domain one after the other, that with the
// least room to spare first.
func (s *State) fitInto(t *trial, d int32) bool {
	mark := len(s.journal)
	for _, i := range s.tightFirst(t, d) {
		g := &t.groups[i]
		ix := s.indexOf(s.shapes[g.shape], t.layer, t.exclude)
		if ix.sums[d] < int64(g.count) {
			s.rollback(mark)
			t.picks = t.picks[:0]
			return false
		}
		from := len(t.picks)
		s.pack(t, i, ix, d, int64(g.count))
		for _, p := range t.picks[from:] {
			s.take(p.node, g.shape, p.count, t.layer)
		}
	}
	return true
}

// tightFirst orders the groups by the room that they leave in the domain.
func (s *State) tightFirst(t *trial, d int32) []int32 {
	order := make([]int32, len(t.groups))
	for i := range order {
		order[i] = int32(i)
	}
	if len(order) == 1 {
		return order
	}
	spare := func(i int32) float64 {
		g := &t.groups[i]
		ix := s.indexOf(s.shapes[g.shape], t.layer, t.exclude)
		return float64(ix.sums[d]) / float64(g.count)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(spare(a), spare(b)) })
	return order
}

// runs lists the picks as ranges of ranks, neighbours on neighbouring nodes.
func (s *State) runs(t *trial, out []Run) []Run {
	slices.SortFunc(t.picks, func(a, b pick) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(s.topo.rank[a.node], s.topo.rank[b.node]))
	})
	next := 0
	for i := range t.groups {
		for _, w := range t.groups[i].wants {
			for w.count > 0 {
				p := &t.picks[next]
				n := min(w.count, p.count)
				out = append(out, Run{Set: w.set, Node: p.node, First: w.first, Count: n})
				w.first, w.count = w.first+n, w.count-n
				if p.count -= n; p.count == 0 {
					next++
				}
			}
		}
	}
	return out
}
