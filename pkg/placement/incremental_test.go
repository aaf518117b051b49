package placement

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// model keeps the facts that a State was told, to plan from them anew.
type model struct {
	rng  *rand.Rand
	now  time.Time
	full Snapshot
}

func put[T any](list []T, v T, same func(T) bool) []T {
	if at := slices.IndexFunc(list, same); at >= 0 {
		list[at] = v
		return list
	}
	return append(list, v)
}

func (m *model) apply(d Delta) {
	for _, r := range d.Resources {
		m.full.Resources = put(m.full.Resources, r, func(o Resource) bool { return o.ID == r.ID })
	}
	for _, sh := range d.Shapes {
		m.full.Shapes = put(m.full.Shapes, sh, func(o Shape) bool { return o.ID == sh.ID })
	}
	for _, n := range d.Nodes {
		m.full.Nodes = put(m.full.Nodes, n, func(o Node) bool { return o.ID == n.ID })
	}
	m.full.Nodes = slices.DeleteFunc(m.full.Nodes, func(n Node) bool { return slices.Contains(d.GoneNodes, n.ID) })
	m.full.Gangs = slices.DeleteFunc(m.full.Gangs, func(g Gang) bool { return slices.Contains(d.GoneGangs, g.ID) })
	for _, g := range d.Gangs {
		m.full.Gangs = put(m.full.Gangs, g, func(o Gang) bool { return o.ID == g.ID })
	}
	m.full.Shapes = slices.DeleteFunc(m.full.Shapes, func(sh Shape) bool { return slices.Contains(d.GoneShapes, sh.ID) })
}

// delta is some change of the world.
func (m *model) delta(plan Plan) Delta {
	rng, s := m.rng, &m.full
	switch rng.IntN(12) {
	case 0:
		id := 3 + rng.IntN(len(s.Resources)-2)
		return Delta{Resources: []Resource{{ID: ResourceID(id), Name: "extra" + strconv.Itoa(id), Each: int64(1 + rng.IntN(2))}}}
	case 1, 2, 3:
		return Delta{Nodes: []Node{randomNode(rng, NodeID(rng.IntN(10)))}}
	case 4:
		return Delta{GoneNodes: []NodeID{NodeID(rng.IntN(10))}}
	case 5:
		return Delta{Shapes: []Shape{randomShape(rng, ShapeID(rng.IntN(6)), 10)}}
	case 6:
		return m.dropShape()
	case 7:
		return Delta{GoneGangs: []string{"g" + strconv.Itoa(rng.IntN(12))}}
	case 8, 9:
		if len(s.Nodes) > 0 && len(s.Shapes) > 0 {
			return Delta{Gangs: []Gang{randomGang(rng, "g"+strconv.Itoa(rng.IntN(12)), s, newLedger(s))}}
		}
		return Delta{}
	default:
		return m.follow(plan)
	}
}

func (m *model) dropShape() Delta {
	for _, sh := range m.full.Shapes {
		if !slices.ContainsFunc(m.full.Gangs, func(g Gang) bool {
			return slices.ContainsFunc(g.Sets, func(set Set) bool { return set.Shape == sh.ID })
		}) {
			return Delta{GoneShapes: []ShapeID{sh.ID}}
		}
	}
	return Delta{}
}

// follow does what some of the plan's decisions say.
func (m *model) follow(plan Plan) Delta {
	var out Delta
	for _, d := range plan.Decisions {
		at := slices.IndexFunc(m.full.Gangs, func(g Gang) bool { return g.ID == d.Gang })
		if at < 0 || m.rng.IntN(3) == 0 {
			continue
		}
		if g := obey(m.full.Gangs[at], &d); g != nil {
			out.Gangs = append(out.Gangs, *g)
		}
	}
	return out
}

// obey is the gang after a decision took effect, or nil if nothing changes.
func obey(g Gang, d *Decision) *Gang {
	switch d.Verb {
	case Admit:
		g.Held, g.YieldsTo = slices.Clone(d.Runs), ""
	case Replace:
		g.Held = append(slices.Clone(g.Held), d.Runs...)
	case Preempt, Release:
		g.Leaving, g.YieldsTo = true, d.For
	default:
		return nil
	}
	return &g
}

// TestDecideEqualsFull feeds random changes and plans after each of them, both
// from what is remembered and from nothing.
func TestDecideEqualsFull(t *testing.T) {
	for seed := range uint64(120) {
		if !decideEqualsFull(t, rand.New(rand.NewPCG(seed, 3)), 60) {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzDecideEqualsFull(f *testing.F) {
	f.Add(uint64(301), uint64(310)) // comes to have no nodes
	f.Fuzz(func(t *testing.T, a, b uint64) {
		decideEqualsFull(t, rand.New(rand.NewPCG(a, b)), 40)
	})
}

func decideEqualsFull(t *testing.T, rng *rand.Rand, steps int) bool {
	m := &model{rng: rng, now: epoch}
	m.full = random(rng, 1+rng.IntN(8), 1+rng.IntN(8))
	state, err := New(m.full)
	if err != nil {
		t.Fatal(err)
	}
	for step := range steps {
		plan := state.Decide(m.now)
		want, err := Full(m.full, m.now)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(plan, want) {
			t.Errorf("step %d: incremental and full plan differ (-full +incremental):\n%s", step, cmp.Diff(want, plan))
			return false
		}
		m.now = m.now.Add(time.Duration(rng.IntN(3)-1) * time.Second)
		delta := m.delta(plan)
		for range 1 + rng.IntN(2) {
			if err := state.Apply(delta); err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			m.apply(delta)
		}
	}
	return true
}
