package placement

// index knows how many pods of a shape each node could take in a layer, summed
// up the tree of domains. It catches up with the log of touched nodes when it
// is asked, so that a change costs nothing to the shapes that nobody waits for.
type index struct {
	shape *shape
	slots []int32
	sums  []int64 // by domain
	// waste sums the slots on nodes with devices that the shape has no use for:
	// they are the last to be taken.
	waste    []int64
	tally    tally // kept for the current layer
	position int   // in the log
	topology uint64
}

// indexOf returns the shape's index, up to date, with no slots on the excluded
// nodes. Whoever excludes nodes must touch them afterwards.
func (s *State) indexOf(sh *shape, l layer, exclude []NodeID) *index {
	ix := sh.index[l]
	if ix == nil {
		ix = &index{shape: sh, position: -1}
		sh.index[l] = ix
	}
	from, known := s.touched.from(ix.position)
	if known && ix.topology == s.topo.version {
		s.catchUp(ix, sh, l, from)
	} else {
		s.fillIndex(ix, sh, l)
	}
	ix.position = s.touched.end()
	for _, n := range exclude {
		s.setSlots(ix, n, 0)
	}
	return ix
}

// catchUp reads the nodes in the log from a position on. What a node was is in
// its first entry there.
func (s *State) catchUp(ix *index, sh *shape, l layer, from int) {
	stamp := s.scratch.stamp(len(s.nodes))
	for i := from; i < len(s.touched.nodes); i++ {
		n := s.touched.nodes[i]
		if s.scratch.seen[n] == stamp || !sh.eligible.Has(n) {
			continue
		}
		s.scratch.seen[n] = stamp
		s.setSlots(ix, n, s.slots(sh, l, n))
		if l == current {
			row := s.touched.rows[i*len(s.resources):]
			ix.tally.count(sh, s.touched.status[i], -1, func(r int32) int64 { return row[r] })
			s.countNow(&ix.tally, sh, n, +1)
		}
	}
}

// fillIndex reads all nodes.
func (s *State) fillIndex(ix *index, sh *shape, l layer) {
	ix.topology = s.topo.version
	ix.slots = append(ix.slots[:0], make([]int32, len(s.nodes))...)
	ix.sums = append(ix.sums[:0], make([]int64, len(s.topo.domains))...)
	ix.waste = append(ix.waste[:0], make([]int64, len(s.topo.domains))...)
	ix.tally = newTally(sh)
	for _, n := range s.topo.order {
		if !sh.eligible.Has(n) {
			continue
		}
		k := s.slots(sh, l, n)
		ix.slots[n] = k
		ix.sums[s.topo.leaf[n]] += int64(k)
		if s.wasted(sh, n) {
			ix.waste[s.topo.leaf[n]] += int64(k)
		}
		if l == current {
			s.countNow(&ix.tally, sh, n, +1)
		}
	}
	for d := len(ix.sums) - 1; d > root; d-- {
		ix.sums[s.topo.domains[d].parent] += ix.sums[d]
		ix.waste[s.topo.domains[d].parent] += ix.waste[d]
	}
}

// rather tells whether a domain is to be preferred to another that would do as
// well: it wastes no devices, or has less room to spare.
func (ix *index) rather(a, b int32) bool {
	if x, y := ix.waste[a] > 0, ix.waste[b] > 0; x != y {
		return y
	}
	return ix.sums[a] < ix.sums[b]
}

func (s *State) setSlots(ix *index, n NodeID, slots int32) {
	change := int64(slots - ix.slots[n])
	if change == 0 {
		return
	}
	ix.slots[n] = slots
	wasted := s.wasted(ix.shape, n)
	for d := s.topo.leaf[n]; d >= 0; d = s.topo.domains[d].parent {
		ix.sums[d] += change
		if wasted {
			ix.waste[d] += change
		}
	}
}

// wasted tells whether the node has devices that the shape does not ask for.
func (s *State) wasted(sh *shape, n NodeID) bool {
	return s.nodes[n].devices&^sh.devices != 0
}

// slots counts the pods of the shape that the node could take. Eligibility is
// not asked; a node that is not ready counts as an empty one only.
func (s *State) slots(sh *shape, l layer, n NodeID) int32 {
	if node := &s.nodes[n]; !node.present || (node.health != Healthy && l != bare) {
		return 0
	}
	fit := int64(MaxPods)
	for _, need := range sh.needs {
		if free := s.free(l, n, need.resource); free < need.amount*fit {
			if free < need.amount {
				return 0
			}
			fit = free / need.amount
		}
	}
	return int32(fit)
}

// free is the room for a resource on a node.
func (s *State) free(l layer, n NodeID, resource int32) int64 {
	at := int(n)*len(s.resources) + int(resource)
	if l == current {
		return min(s.room[current][at], s.room[later][at])
	}
	return s.room[l][at]
}
