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
	s.touch(t.exclude...)
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
	} else if s.fitDomain(t, true) || s.fitDomain(t, false) {
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
// innermost level first; if it is to be thrifty, without nodes whose devices
// they have no use for.
func (s *State) fitDomain(t *trial, thrifty bool) bool {
	outermost := 1
	if thrifty {
		if !s.wasteful(t) || !s.roomy(t, root, true) {
			return false
		}
		outermost = 0
	}
	for level := len(s.topo.levels) - 1; level >= outermost; level-- {
		candidates := s.scratch.order[:0]
		for _, d := range s.topo.levels[level] {
			if s.roomy(t, d, thrifty) {
				candidates = append(candidates, d)
			}
		}
		s.scratch.order = candidates
		ix := s.shapes[t.groups[0].shape].index[t.layer]
		for range min(attempts, len(candidates)) {
			best := 0
			for i, d := range candidates {
				if ix.rather(d, candidates[best]) {
					best = i
				}
			}
			if s.fitInto(t, candidates[best]) {
				return true
			}
			candidates = slices.Delete(candidates, best, best+1)
		}
	}
	return false
}

// wasteful tells whether any group could end on devices that it has no use for.
// The indexes are up to date, here and in roomy.
func (s *State) wasteful(t *trial) bool {
	return slices.ContainsFunc(t.groups, func(g group) bool {
		return s.shapes[g.shape].index[t.layer].waste[root] > 0
	})
}

// roomy tells whether each group alone fits into the domain.
func (s *State) roomy(t *trial, d int32, thrifty bool) bool {
	for i := range t.groups {
		ix := s.shapes[t.groups[i].shape].index[t.layer]
		room := ix.sums[d]
		if thrifty {
			room -= ix.waste[d]
		}
		if room < int64(t.groups[i].count) {
			return false
		}
	}
	return true
}

// fitInto places the groups into the domain one after the other, that with the
// fewest slots, the largest pods, first.
func (s *State) fitInto(t *trial, d int32) bool {
	mark := len(s.journal)
	for _, i := range s.largestFirst(t, d) {
		g := &t.groups[i]
		ix := s.indexOf(s.shapes[g.shape], t.layer, t.exclude)
		if ix.sums[d] < int64(g.count) {
			s.rollback(mark)
			s.short(t) // brings the indexes up to date again
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

// largestFirst orders the groups by their slots in the domain, and then by how
// many of them they take. The indexes are up to date.
func (s *State) largestFirst(t *trial, d int32) []int32 {
	order := s.scratch.groups[:0]
	for i := range t.groups {
		order = append(order, int32(i))
	}
	s.scratch.groups = order
	slots := func(i int32) int64 { return s.shapes[t.groups[i].shape].index[t.layer].sums[d] }
	slices.SortStableFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(slots(a), slots(b)), cmp.Compare(t.groups[b].count, t.groups[a].count))
	})
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
