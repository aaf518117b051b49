package placement

import (
	"cmp"
	"fmt"
	"slices"
)

// validate refuses a delta that refers to what is not there or leaves the
// bounds of the arithmetic.
func (s *State) validate(d *Delta) error {
	width := len(s.resources)
	for i, r := range d.Resources {
		if r.ID < 0 || r.ID >= MaxResource {
			return fmt.Errorf("resources[%d] %q: id %d is outside of [0, %d): number the resources densely", i, r.Name, r.ID, MaxResource)
		}
		if r.Name == "" || r.Each < 0 || r.Each > MaxQuantity {
			return fmt.Errorf("resources[%d] %q: needs a name and an each in [0, %d], not %d", i, r.Name, int64(MaxQuantity), r.Each)
		}
		if int(r.ID) < len(s.resources) {
			if former := s.resources[r.ID]; former.Name != "" && (former.Each == 0) != (r.Each == 0) {
				return fmt.Errorf("resources[%d] %q: replaces %q, whose each is %d, by %d: what nodes have by themselves and what they declare do not mix",
					i, r.Name, former.Name, former.Each, r.Each)
			}
		}
		width = max(width, int(r.ID)+1)
	}
	for i := range d.Nodes {
		if err := checkNode(&d.Nodes[i], width); err != nil {
			return fmt.Errorf("nodes[%d] %q: %w", i, d.Nodes[i].Name, err)
		}
	}
	for i, id := range d.GoneNodes {
		if id < 0 {
			return fmt.Errorf("goneNodes[%d]: %d is negative", i, id)
		}
	}
	shapes, err := s.checkShapes(d, width)
	if err != nil {
		return err
	}
	return s.checkGangs(d, shapes)
}

func checkNode(n *Node, width int) error {
	if n.ID < 0 || n.ID >= MaxIndex {
		return fmt.Errorf("id %d is outside of [0, %d): number the nodes densely", n.ID, MaxIndex)
	}
	if n.Name == "" {
		return fmt.Errorf("name is empty")
	}
	if err := checkVec(n.Alloc, width); err != nil {
		return fmt.Errorf("alloc: %w", err)
	}
	if err := checkVec(n.Used, width); err != nil {
		return fmt.Errorf("used: %w", err)
	}
	return nil
}

func checkVec(v Vec, width int) error {
	if len(v) > width {
		return fmt.Errorf("%d quantities for a catalogue of %d resources: add the resource first", len(v), width)
	}
	for r, q := range v {
		if q < 0 || q > MaxQuantity {
			return fmt.Errorf("quantity %d of resource %d is outside of [0, %d]", q, r, int64(MaxQuantity))
		}
	}
	return nil
}

// checkShapes returns a test for whether a shape is there once the delta is
// applied.
func (s *State) checkShapes(d *Delta, width int) (func(ShapeID) bool, error) {
	added, gone := make(map[ShapeID]bool, len(d.Shapes)), map[ShapeID]bool(nil)
	for i := range d.Shapes {
		sh := &d.Shapes[i]
		if sh.ID < 0 || sh.ID >= MaxIndex {
			return nil, fmt.Errorf("shapes[%d]: id %d is outside of [0, %d): number the shapes densely", i, sh.ID, MaxIndex)
		}
		if err := checkVec(sh.Req, width); err != nil {
			return nil, fmt.Errorf("shapes[%d]: req: %w", i, err)
		}
		if len(sh.Eligible) > MaxIndex/64 {
			return nil, fmt.Errorf("shapes[%d]: eligible has more than %d bits", i, MaxIndex)
		}
		added[sh.ID] = true
	}
	users := s.shapeUsers(d)
	for i, id := range d.GoneShapes {
		if users[id] {
			return nil, fmt.Errorf("goneShapes[%d]: a gang still refers to shape %d: drop the gang first", i, id)
		}
		if gone == nil {
			gone = map[ShapeID]bool{}
		}
		gone[id] = true
	}
	return func(id ShapeID) bool {
		return id >= 0 && !gone[id] && (added[id] || s.shapeAt(id) != nil)
	}, nil
}

// shapeUsers is which shapes the gangs that the delta leaves alone refer to. It
// is asked for only where a shape is to go.
func (s *State) shapeUsers(d *Delta) map[ShapeID]bool {
	users := map[ShapeID]bool{}
	if len(d.GoneShapes) == 0 {
		return users
	}
	changed := map[string]bool{}
	for _, id := range d.GoneGangs {
		changed[id] = true
	}
	for i := range d.Gangs {
		changed[d.Gangs[i].ID] = true
	}
	for id, g := range s.gangs {
		for i := range g.Sets {
			if !changed[id] {
				users[g.Sets[i].Shape] = true
			}
		}
	}
	return users
}

func (s *State) checkGangs(d *Delta, known func(ShapeID) bool) error {
	seen := make(map[string]bool, len(d.Gangs))
	for i := range d.Gangs {
		g := &d.Gangs[i]
		if seen[g.ID] {
			return fmt.Errorf("gangs[%d]: id %q is given twice", i, g.ID)
		}
		seen[g.ID] = true
		err := g.Validate()
		for k := range g.Sets {
			if err == nil && !known(g.Sets[k].Shape) {
				err = fmt.Errorf("sets[%d] %q: there is no shape %d: add it first", k, g.Sets[k].Name, g.Sets[k].Shape)
			}
		}
		if err != nil {
			return fmt.Errorf("gangs[%d] %q: %w", i, g.ID, err)
		}
	}
	return nil
}

// Validate tells what is wrong with a gang in itself: Apply refuses a delta with
// such a gang in it.
func (g *Gang) Validate() error {
	if g.ID == "" {
		return fmt.Errorf("id is empty")
	}
	if g.YieldsTo == g.ID {
		return fmt.Errorf("yieldsTo %q: a gang cannot yield to itself", g.YieldsTo)
	}
	pods := int64(0)
	for i, set := range g.Sets {
		if set.Count < 1 {
			return fmt.Errorf("sets[%d] %q: count %d is not positive", i, set.Name, set.Count)
		}
		pods += int64(set.Count)
	}
	if pods < 1 || pods > MaxPods {
		return fmt.Errorf("sets: %d pods in all are outside of [1, %d]", pods, MaxPods)
	}
	if g.Takes < 0 {
		return fmt.Errorf("takes: %s is negative", g.Takes)
	}
	for i, n := range g.Exclude {
		if n < 0 || n >= MaxIndex {
			return fmt.Errorf("exclude[%d]: node %d is outside of [0, %d)", i, n, MaxIndex)
		}
	}
	return checkHeld(g)
}

// checkHeld wants runs within their sets and no rank twice.
func checkHeld(g *Gang) error {
	for i, run := range g.Held {
		if run.Set < 0 || int(run.Set) >= len(g.Sets) {
			return fmt.Errorf("held[%d]: there is no set %d", i, run.Set)
		}
		if run.Node < 0 || run.Node >= MaxIndex {
			return fmt.Errorf("held[%d]: node %d is outside of [0, %d)", i, run.Node, MaxIndex)
		}
		if count := g.Sets[run.Set].Count; run.First < 0 || run.Count < 1 || run.Count > count-run.First {
			return fmt.Errorf("held[%d]: %d pods from %d are outside of set %q of %d", i, run.Count, run.First, g.Sets[run.Set].Name, count)
		}
	}
	runs := slices.Clone(g.Held)
	slices.SortFunc(runs, func(a, b Run) int {
		return cmp.Or(cmp.Compare(a.Set, b.Set), cmp.Compare(a.First, b.First))
	})
	for i := 1; i < len(runs); i++ {
		if a, b := runs[i-1], runs[i]; a.Set == b.Set && a.First+a.Count > b.First {
			return fmt.Errorf("held: pod %d of set %q is held twice", b.First, g.Sets[b.Set].Name)
		}
	}
	return nil
}
