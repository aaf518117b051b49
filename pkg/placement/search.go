package placement

// searchSteps bounds the effort of an exact search.
const searchSteps = 2048

// searcher looks for a placement of several groups by trying, node after node
// and group after group, every number of pods.
type searcher struct {
	state *State
	trial *trial
	steps int
	// nodes that any group could use, and for each group and position the slots
	// from there on, an upper bound for what it can still get.
	nodes []NodeID
	ahead [][]int64
	left  []int32
}

// search places the groups where a greedy order did not. It goes over the nodes
// in their order and tries the largest numbers first.
func (s *State) search(t *trial) outcome {
	x := searcher{state: s, trial: t, steps: searchSteps}
	x.prepare()
	if len(x.nodes) > searchSteps {
		return unknown
	}
	if x.place(0, 0) {
		for _, p := range t.picks {
			s.shift(p.node, t.groups[p.group].shape, p.count, t.layer)
		}
		for _, p := range t.picks {
			s.take(p.node, t.groups[p.group].shape, p.count, t.layer)
		}
		return fits
	}
	if x.steps <= 0 {
		return unknown
	}
	return never
}

func (x *searcher) prepare() {
	s, t := x.state, x.trial
	indexes := make([]*index, len(t.groups))
	for g := range t.groups {
		indexes[g] = s.indexOf(s.shapes[t.groups[g].shape], t.layer, t.exclude)
		x.left = append(x.left, t.groups[g].count)
	}
	for _, n := range s.topo.order {
		for _, ix := range indexes {
			if ix.slots[n] > 0 {
				x.nodes = append(x.nodes, n)
				break
			}
		}
	}
	x.ahead = make([][]int64, len(indexes))
	for g, ix := range indexes {
		x.ahead[g] = make([]int64, len(x.nodes)+1)
		for i := len(x.nodes) - 1; i >= 0; i-- {
			x.ahead[g][i] = x.ahead[g][i+1] + int64(ix.slots[x.nodes[i]])
		}
	}
}

// place decides how many pods of a group the node at a position takes, and goes
// on with the next group or node.
func (x *searcher) place(at, group int) bool {
	if group == len(x.left) {
		at, group = at+1, 0
		if x.done() {
			return true
		}
	}
	if at == len(x.nodes) || !x.hopeful(at, group) {
		return x.done()
	}
	s, n, g := x.state, x.nodes[at], &x.trial.groups[group]
	most := int32(0)
	if ix := s.shapes[g.shape].index[x.trial.layer]; ix.slots[n] > 0 {
		most = min(x.left[group], s.slots(s.shapes[g.shape], x.trial.layer, n))
	}
	for count := most; count >= 0; count-- {
		if x.steps--; x.steps <= 0 {
			return false
		}
		if x.with(n, group, count, func() bool { return x.place(at, group+1) }) {
			return true
		}
	}
	return false
}

// with puts pods on the node, goes on, and takes them back if that led nowhere.
func (x *searcher) with(n NodeID, group int, count int32, on func() bool) bool {
	if count == 0 {
		return on()
	}
	s, t, shape := x.state, x.trial, x.trial.groups[group].shape
	picks := len(t.picks)
	t.picks = append(t.picks, pick{int32(group), n, count})
	x.left[group] -= count
	s.shift(n, shape, -count, t.layer)
	if on() {
		return true
	}
	s.shift(n, shape, count, t.layer)
	x.left[group] += count
	t.picks = t.picks[:picks]
	return false
}

// hopeful tells whether the nodes ahead could suffice for each group alone. Of
// the node at hand only the groups not yet asked can still use anything.
func (x *searcher) hopeful(at, group int) bool {
	for g := range x.left {
		ahead := x.ahead[g][at]
		if g < group {
			ahead = x.ahead[g][at+1]
		}
		if int64(x.left[g]) > ahead {
			return false
		}
	}
	return true
}

func (x *searcher) done() bool {
	for _, left := range x.left {
		if left > 0 {
			return false
		}
	}
	return true
}
