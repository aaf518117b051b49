package placement

import (
	"cmp"
	"slices"
	"strings"
)

// shape is what a State keeps of a Shape.
type shape struct {
	id       ShapeID
	needs    []need
	devices  uint64 // a bit for each of the first 64 resources that it needs
	eligible Bitset
	refused  []Refusal
	// waiters counts the waiting gangs that ask for it; gangs all of them.
	waiters, gangs int
	// index knows its slots in each layer; it is made when it is needed. It is
	// kept while it rests, for the next gang that asks for the shape.
	index   [layers]*index
	resting bool
	// bare is the tally of empty nodes, as of that capacity.
	bare   tally
	bareAt uint64
	// futile is the last failure to make room for it by preemption.
	futile futile
}

// need is a resource that a pod of the shape takes.
type need struct {
	resource int32
	amount   int64
}

func (s *State) shapeAt(id ShapeID) *shape {
	if int(id) >= len(s.shapes) {
		return nil
	}
	return s.shapes[id]
}

// putShape replaces a shape. The capacity that gangs hold by it is given back
// at its former size and taken at its new one.
func (s *State) putShape(in *Shape) {
	if int(in.ID) >= len(s.shapes) {
		s.shapes = append(s.shapes, make([]*shape, int(in.ID)+1-len(s.shapes))...)
	}
	next := &shape{id: in.ID, eligible: in.Eligible.Clone(), refused: slices.Clone(in.Refused)}
	for r, amount := range in.Req {
		if amount > 0 {
			next.needs = append(next.needs, need{resource: int32(r), amount: amount})
			next.devices |= 1 << r // nothing from the 65th on
		}
	}
	s.sortNeeds(next)
	s.capacity++
	former := s.shapes[in.ID]
	if former == nil {
		s.shapes[in.ID] = next
		return
	}
	next.waiters, next.gangs = former.waiters, former.gangs
	resized := former.gangs > 0 && !slices.Equal(former.needs, next.needs)
	if resized {
		s.holdShape(in.ID, +1)
	}
	s.shapes[in.ID] = next
	if resized {
		s.holdShape(in.ID, -1)
	}
}

// sortNeeds orders needs by name: what is said about them does not depend on
// how resources are numbered.
func (s *State) sortNeeds(sh *shape) {
	slices.SortFunc(sh.needs, func(a, b need) int {
		return cmp.Or(
			strings.Compare(s.resources[a.resource].Name, s.resources[b.resource].Name),
			cmp.Compare(a.resource, b.resource),
		)
	})
}

// maxResting bounds the shapes that nobody waits for and that keep an index.
const maxResting = 256

// rest notes that nobody waits for the shape any more.
func (s *State) rest(sh *shape) {
	if !sh.resting {
		sh.resting = true
		s.resting = append(s.resting, sh)
	}
	if len(s.resting) > maxResting {
		s.dropIndexes()
	}
}

// dropIndexes drops the indexes of all shapes that nobody waits for.
func (s *State) dropIndexes() {
	for _, sh := range s.resting {
		if sh.resting = false; sh.waiters == 0 {
			sh.index, sh.bare, sh.bareAt = [layers]*index{}, tally{}, 0
		}
	}
	clear(s.resting)
	s.resting = s.resting[:0]
}

// holdShape gives back (+1) or takes (-1) everything held by a shape.
func (s *State) holdShape(id ShapeID, sign int32) {
	for _, g := range s.gangs {
		for _, run := range g.Held {
			if g.Sets[run.Set].Shape == id {
				s.touch(run.Node)
				s.shift(run.Node, id, sign*run.Count, g.layer())
			}
		}
	}
}
