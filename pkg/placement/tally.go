package placement

// tally sums what the nodes that a shape may use have of its needs.
type tally struct {
	tried, unready int32
	needs          []needTally
}

// needTally sums one resource over the nodes tried.
type needTally struct {
	free    int64 // in all
	slots   int64 // pods that it alone would allow
	lacking int32 // nodes that have not enough for one pod
}

func newTally(sh *shape) tally { return tally{needs: make([]needTally, len(sh.needs))} }

// count adds (+1) or removes (-1) a node with so much room.
func (t *tally) count(sh *shape, st status, sign int64, room func(resource int32) int64) {
	switch st {
	case absent:
		return
	case unready:
		t.unready += int32(sign)
		return
	}
	t.tried += int32(sign)
	for i, need := range sh.needs {
		sum, free := &t.needs[i], max(0, room(need.resource))
		sum.free += sign * free
		if free < need.amount {
			sum.lacking += int32(sign)
			continue
		}
		sum.slots += sign * min(free/need.amount, MaxPods)
	}
}

// countNow adds or removes a node as it is in the current layer.
func (s *State) countNow(t *tally, sh *shape, n NodeID, sign int64) {
	t.count(sh, s.status(n), sign, func(r int32) int64 { return s.free(current, n, r) })
}

// scarcest is the need that alone allows the fewest pods, or -1.
func (t *tally) scarcest() int {
	best := -1
	for i := range t.needs {
		if best < 0 || t.needs[i].slots < t.needs[best].slots {
			best = i
		}
	}
	return best
}

// bareTally is the tally of empty nodes, read anew when what they offer changed.
func (s *State) bareTally(sh *shape) *tally {
	if sh.bareAt != s.capacity {
		sh.bare, sh.bareAt = newTally(sh), s.capacity
		for _, n := range s.topo.order {
			if sh.eligible.Has(n) {
				sh.bare.count(sh, ready, +1, func(r int32) int64 { return s.free(bare, n, r) })
			}
		}
	}
	return &sh.bare
}
