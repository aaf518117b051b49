package placement

import "slices"

// pick is a number of pods of a group put on a node.
type pick struct {
	group int32
	node  NodeID
	count int32
}

// item is a child of a domain: a domain inside it, or a node of its own.
type item struct {
	room  int64
	order int32 // among equals
	child int32 // a domain, or -1
	node  NodeID
}

// scratch is memory that is used again and again.
type scratch struct {
	items []item
	order []int32
}

// pack picks places for so many pods within a domain that has room for them:
// the child with the least room that takes all of them, or else the largest
// ones and then the one with the least room that takes the rest. Nodes are
// treated as racks are.
func (s *State) pack(t *trial, group int32, ix *index, d int32, count int64) {
	if one, ok := s.tightest(ix, d, count); ok {
		s.packItem(t, group, ix, one, count)
		return
	}
	from := len(s.scratch.items)
	s.eachItem(ix, d, func(it item) { s.scratch.items = append(s.scratch.items, it) })
	items := s.scratch.items[from:]
	slices.SortFunc(items, func(a, b item) int {
		if a.room != b.room {
			return int(b.room - a.room)
		}
		return int(a.order - b.order)
	})
	for i := range items {
		last := i
		for last+1 < len(items) && items[last+1].room >= count {
			last++
		}
		for last > i && items[last-1].room == items[last].room {
			last--
		}
		n := min(count, items[last].room)
		s.packItem(t, group, ix, items[last], n)
		if count -= n; count == 0 {
			break
		}
	}
	s.scratch.items = s.scratch.items[:from]
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
	domain := &s.topo.domains[d]
	for _, c := range domain.children {
		if room := ix.sums[c]; room >= count && (!found || room < best.room) {
			best, found = item{room: room, child: c}, true
		}
	}
	for _, n := range s.topo.order[domain.first:domain.direct] {
		if room := int64(ix.slots[n]); room >= count && (!found || room < best.room) {
			best, found = item{room: room, child: -1, node: n}, true
		}
	}
	return best, found
}

// eachItem visits the children of a domain that have room.
func (s *State) eachItem(ix *index, d int32, visit func(item)) {
	domain := &s.topo.domains[d]
	for _, n := range s.topo.order[domain.first:domain.direct] {
		if room := int64(ix.slots[n]); room > 0 {
			visit(item{room: room, order: s.topo.rank[n], child: -1, node: n})
		}
	}
	for _, c := range domain.children {
		if room := ix.sums[c]; room > 0 {
			visit(item{room: room, order: s.topo.domains[c].first, child: c})
		}
	}
}
