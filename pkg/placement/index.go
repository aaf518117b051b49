package placement

// index knows how many pods of a shape each node could take in a layer, summed
// up the tree of domains. It catches up with the log of touched nodes when it
// is asked, so that a change costs nothing to the shapes that nobody waits for.
type index struct {
	slots    []int32
	sums     []int64 // by domain
	position int     // in the log
	topology uint64
	version  uint64 // counts the touched nodes that it looked at
}

// indexOf returns the shape's index, up to date, with no slots on the excluded
// nodes. Whoever excludes nodes must touch them afterwards.
func (s *State) indexOf(sh *shape, l layer, exclude []NodeID) *index {
	ix := sh.index[l]
	if ix == nil {
		ix = &index{}
		sh.index[l] = ix
	}
	touched, known := s.touched.since(ix.position)
	if known && ix.topology == s.topo.version {
		for _, n := range touched {
			if sh.eligible.Has(n) {
				ix.set(&s.topo, n, s.slots(sh, l, n))
				ix.version++
			}
		}
	} else {
		s.fillIndex(ix, sh, l)
	}
	ix.position = s.touched.end()
	for _, n := range exclude {
		if int(n) < len(ix.slots) {
			ix.set(&s.topo, n, 0)
		}
	}
	return ix
}

// fillIndex reads all nodes.
func (s *State) fillIndex(ix *index, sh *shape, l layer) {
	ix.topology = s.topo.version
	ix.version++
	ix.slots = append(ix.slots[:0], make([]int32, len(s.nodes))...)
	ix.sums = append(ix.sums[:0], make([]int64, len(s.topo.domains))...)
	for _, n := range s.topo.order {
		if sh.eligible.Has(n) {
			k := s.slots(sh, l, n)
			ix.slots[n] = k
			ix.sums[s.topo.leaf[n]] += int64(k)
		}
	}
	for d := len(ix.sums) - 1; d > root; d-- {
		ix.sums[s.topo.domains[d].parent] += ix.sums[d]
	}
}

func (ix *index) set(t *topology, n NodeID, slots int32) {
	change := int64(slots - ix.slots[n])
	if change == 0 {
		return
	}
	ix.slots[n] = slots
	for d := t.leaf[n]; d >= 0; d = t.domains[d].parent {
		ix.sums[d] += change
	}
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
