package placement

import (
	"cmp"
	"slices"
)

// pick is a number of pods of a group put on a node.
type pick struct {
	group int32
	node  NodeID
	count int32
}

// item is a child of a domain: a domain inside it, or a node of its own.
type item struct {
	room  int64
	waste bool  // there are devices that the pods have no use for
	order int32 // among equals
	child int32 // a domain, or -1
	node  NodeID
}

// scratch is memory that is used again and again.
type scratch struct {
	items  []item
	order  []int32
	groups []int32
	needs  []needTally
	// seen has the mark of the latest pass over nodes that met a node.
	seen []uint32
	mark uint32
}

// stamp is a mark for a new pass over so many nodes.
func (s *scratch) stamp(nodes int) uint32 {
	if s.mark++; len(s.seen) < nodes || s.mark == 0 {
		s.seen, s.mark = make([]uint32, nodes), 1
	}
	return s.mark
}

// pack picks places for so many pods within a domain that has room for them:
// the child with the least room that takes all of them, or else the largest
// ones and then the one with the least room that takes the rest. Nodes are
// treated as racks are, and children with devices that the pods have no use for
// come last.
func (s *State) pack(t *trial, group int32, ix *index, d int32, count int64) {
	if one, ok := s.tightest(ix, d, count); ok {
		s.packItem(t, group, ix, one, count)
		return
	}
	from := len(s.scratch.items)
	s.eachItem(ix, d, func(it item) { s.scratch.items = append(s.scratch.items, it) })
	items := s.scratch.items[from:]
	slices.SortFunc(items, func(a, b item) int {
		if a.waste != b.waste {
			return compareBool(a.waste, b.waste)
		}
		return cmp.Or(cmp.Compare(b.room, a.room), cmp.Compare(a.order, b.order))
	})
	for i := range items {
		it := rest(items[i:], count)
		n := min(count, it.room)
		s.packItem(t, group, ix, it, n)
		if count -= n; count == 0 {
			break
		}
	}
	s.scratch.items = s.scratch.items[:from]
}

// rest is the item to take next of a sorted list: the first, or if that takes
// all, the one with the least room that does.
func rest(items []item, count int64) item {
	last := 0
	for last+1 < len(items) && items[last+1].room >= count && items[last+1].waste == items[0].waste {
		last++
	}
	for last > 0 && items[last-1].room == items[last].room {
		last--
	}
	return items[last]
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

func (s *State) packItem(t *trial, group int32, ix *index, it item, count int64) {
	if it.child >= 0 {
		s.pack(t, group, ix, it.child, count)
		return
	}
	t.picks = append(t.picks, pick{group, it.node, int32(count)})
}

// tightest is the child with the least room that takes so many pods.
func (s *State) tightest(ix *index, d int32, count int64) (best item, found bool) {
	s.eachItem(ix, d, func(it item) {
		if it.room < count {
			return
		}
		better := it.room < best.room
		if it.waste != best.waste {
			better = best.waste
		}
		if !found || better {
			best, found = it, true
		}
	})
	return best, found
}

// eachItem visits the children of a domain that have room.
func (s *State) eachItem(ix *index, d int32, visit func(item)) {
	domain := &s.topo.domains[d]
	for _, n := range s.topo.order[domain.first:domain.direct] {
		if room := int64(ix.slots[n]); room > 0 {
			visit(item{room: room, waste: s.wasted(ix.shape, n), order: s.topo.rank[n], child: -1, node: n})
		}
	}
	for _, c := range domain.children {
		if room := ix.sums[c]; room > 0 {
			visit(item{room: room, waste: ix.waste[c] > 0, order: s.topo.domains[c].first, child: c})
		}
	}
}
