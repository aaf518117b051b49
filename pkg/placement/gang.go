package placement

import (
	"cmp"
	"slices"
	"strings"
)

// gang is what a State keeps of a Gang.
type gang struct {
	Gang
	// all are its pods by shape, missing those that hold no place.
	all, missing []group
	// claimed says that others yield to it.
	claimed bool
	// out is the round of Decide in which it was told to leave.
	out uint64
	// gone is the round of Decide in which a promise counts on its end.
	gone uint64
	// possible is whether it fits into empty nodes, known at that capacity.
	possible   bool
	possibleAt uint64
}

// group is a number of pods of one shape, of one or more sets.
type group struct {
	shape ShapeID
	count int32
	wants []want
}

// want is a range of a set's pods.
type want struct {
	set, first, count int32
}

// partial tells whether the gang lost ranks and kept others.
func (g *gang) partial() bool { return len(g.Held) > 0 && len(g.missing) > 0 }

// waits tells whether there is something to decide for the gang.
func (g *gang) waits() bool { return !g.Leaving && len(g.missing) > 0 }

// layer is where what it holds counts: a leaving gang's room is later free.
func (g *gang) layer() layer {
	if g.Leaving {
		return currentOnly
	}
	return current
}

func (s *State) putGang(in *Gang) {
	s.dropGang(in.ID)
	g := &gang{Gang: *in, claimed: s.claims[in.ID] > 0}
	g.Sets, g.Exclude, g.Held = slices.Clone(in.Sets), slices.Clone(in.Exclude), slices.Clone(in.Held)
	g.all = groups(g.Sets, nil)
	g.missing = groups(g.Sets, g.Held)
	s.gangs[g.ID] = g
	for _, n := range g.Exclude {
		s.grow(n)
	}
	s.hold(g, -1)
	s.claim(g.YieldsTo, +1)
	s.enlist(g)
}

func (s *State) dropGang(id string) {
	g := s.gangs[id]
	if g == nil {
		return
	}
	s.delist(g)
	s.claim(g.YieldsTo, -1)
	s.hold(g, +1)
	delete(s.gangs, id)
}

// hold takes (-1) or gives back (+1) what the gang holds.
func (s *State) hold(g *gang, sign int32) {
	for _, run := range g.Held {
		s.grow(run.Node)
		s.touch(run.Node)
		s.shift(run.Node, g.Sets[run.Set].Shape, sign*run.Count, g.layer())
	}
	if g.Leaving && len(g.Held) > 0 {
		s.leaving -= int(sign)
	}
	for _, set := range g.Sets {
		s.shapes[set.Shape].gangs -= int(sign)
	}
}

// claim counts those that yield to the gang, which moves it up in the order.
func (s *State) claim(id string, n int) {
	if id == "" {
		return
	}
	s.claims[id] += n
	claimed := s.claims[id] > 0
	if !claimed {
		delete(s.claims, id)
	}
	if g := s.gangs[id]; g != nil && g.claimed != claimed {
		s.delist(g)
		g.claimed = claimed
		s.enlist(g)
	}
}

// enlist puts the gang where Decide looks for it.
func (s *State) enlist(g *gang) {
	if g.waits() {
		s.waiting = insert(s.waiting, g, inOrder)
		for i := range g.all {
			s.shapes[g.all[i].shape].waiters++
		}
	}
	if g.Preemptible && len(g.Held) > 0 && !g.Leaving {
		s.victims = insert(s.victims, g, byCost)
	}
	if g.ends() {
		s.ending = insert(s.ending, g, byEnd)
	}
}

func (s *State) delist(g *gang) {
	if g.waits() {
		s.waiting = remove(s.waiting, g, inOrder)
		for i := range g.all {
			shape := s.shapes[g.all[i].shape]
			if shape.waiters--; shape.waiters == 0 {
				s.rest(shape)
			}
		}
	}
	s.victims = remove(s.victims, g, byCost)
	s.ending = remove(s.ending, g, byEnd)
}

// inOrder is the order in which waiting gangs are asked.
func inOrder(a, b *gang) int {
	if c := cmp.Compare(b.Priority, a.Priority); c != 0 {
		return c
	}
	if x, y := a.partial() || a.claimed, b.partial() || b.claimed; x != y {
		if x {
			return -1
		}
		return 1
	}
	if c := a.Arrived.Compare(b.Arrived); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// byCost is the order in which gangs are preempted: the least important first,
// among equals the youngest, which has the least to lose.
func byCost(a, b *gang) int {
	if c := cmp.Compare(a.Priority, b.Priority); c != 0 {
		return c
	}
	if c := b.Arrived.Compare(a.Arrived); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

func insert(list []*gang, g *gang, order func(a, b *gang) int) []*gang {
	at, _ := slices.BinarySearchFunc(list, g, order)
	return slices.Insert(list, at, g)
}

func remove(list []*gang, g *gang, order func(a, b *gang) int) []*gang {
	if at, ok := slices.BinarySearchFunc(list, g, order); ok {
		return slices.Delete(list, at, at+1)
	}
	return list
}

// groups gathers the pods that hold no place by shape, in the order of the sets.
func groups(sets []Set, held []Run) []group {
	var out []group
	for i, set := range sets {
		for _, w := range gaps(int32(i), set.Count, held) {
			at := slices.IndexFunc(out, func(g group) bool { return g.shape == set.Shape })
			if at < 0 {
				at, out = len(out), append(out, group{shape: set.Shape})
			}
			out[at].count += w.count
			out[at].wants = append(out[at].wants, w)
		}
	}
	return out
}

// gaps are the ranges of a set's pods that no run holds.
func gaps(set, count int32, held []Run) []want {
	if len(held) == 0 {
		return []want{{set: set, count: count}}
	}
	var runs []Run
	for _, run := range held {
		if run.Set == set {
			runs = append(runs, run)
		}
	}
	slices.SortFunc(runs, func(a, b Run) int { return cmp.Compare(a.First, b.First) })
	var out []want
	next := int32(0)
	for _, run := range append(runs, Run{First: count}) {
		if run.First > next {
			out = append(out, want{set: set, first: next, count: run.First - next})
		}
		next = run.First + run.Count
	}
	return out
}
