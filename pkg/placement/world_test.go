package placement

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// epoch is the time at which the tests decide.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// catalogue is what the test nodes have; quantities follow its order.
var catalogue = []Resource{{ID: 0, Name: "cpu", Unit: Milli}, {ID: 1, Name: "nvidia.com/gpu"}, {ID: 2, Name: "pods"}}

// cluster is a snapshot of n nodes with 8 GPUs each, two to a rack, two racks to
// a block, and one shape of so many GPUs for each of the given numbers.
func cluster(n int, gpus ...int64) Snapshot {
	s := Snapshot{Resources: catalogue}
	for i := range n {
		s.Nodes = append(s.Nodes, Node{
			ID: NodeID(i), Name: fmt.Sprintf("n%02d", i),
			Path:  []string{"block" + strconv.Itoa(i/4), "rack" + strconv.Itoa(i/2)},
			Alloc: Vec{64000, 8, 110},
		})
	}
	for i, g := range gpus {
		s.Shapes = append(s.Shapes, Shape{ID: ShapeID(i), Req: Vec{1000, g, 1}, Eligible: all(n)})
	}
	return s
}

func all(n int) Bitset {
	var b Bitset
	for i := range n {
		b.Add(NodeID(i))
	}
	return b
}

// job is a gang of one set.
func job(id string, shape ShapeID, count int32) Gang {
	return Gang{ID: id, Arrived: epoch, Sets: []Set{{Name: "worker", Shape: shape, Count: count}}}
}

func mustFull(t testing.TB, s Snapshot) Plan {
	t.Helper()
	plan, err := Full(s, epoch)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// random makes a small world with everything in it: several shapes, health,
// taints, gangs that wait, run, lost ranks, leave and yield.
func random(rng *rand.Rand, nodes, gangs int) Snapshot {
	s := Snapshot{Resources: slices.Clone(catalogue)}
	s.Resources = append(s.Resources, Resource{ID: 3, Name: "port", Each: 1})
	for i := range nodes {
		s.Nodes = append(s.Nodes, randomNode(rng, NodeID(i)))
	}
	for i := range 1 + rng.IntN(4) {
		s.Shapes = append(s.Shapes, randomShape(rng, ShapeID(i), nodes))
	}
	free := newLedger(&s)
	for i := range gangs {
		s.Gangs = append(s.Gangs, randomGang(rng, "g"+strconv.Itoa(i), &s, free))
	}
	for i := range s.Gangs {
		if g := &s.Gangs[i]; g.Leaving || (len(g.Held) == 0 && rng.IntN(6) == 0) {
			g.YieldsTo = "g" + strconv.Itoa((i+1+rng.IntN(max(1, gangs-1)))%(gangs+1))
			if g.YieldsTo == g.ID {
				g.YieldsTo = ""
			}
		}
	}
	return s
}

func randomNode(rng *rand.Rand, id NodeID) Node {
	n := Node{
		ID: id, Name: fmt.Sprintf("n%02d", id),
		Alloc: Vec{int64(4 + rng.IntN(9)), int64(rng.IntN(7)), int64(2 + rng.IntN(6))},
		Used:  Vec{int64(rng.IntN(3)), 0, int64(rng.IntN(2))},
	}
	if rng.IntN(8) == 0 {
		n.Health = NotReady
	}
	for depth := range rng.IntN(3) {
		n.Path = append(n.Path, "d"+strconv.Itoa(depth)+strconv.Itoa(rng.IntN(2)))
	}
	return n
}

func randomShape(rng *rand.Rand, id ShapeID, nodes int) Shape {
	sh := Shape{ID: id, Req: Vec{int64(1 + rng.IntN(4)), int64(rng.IntN(3)), 1, 0}}
	if rng.IntN(6) == 0 {
		sh.Req[3] = 1
	}
	for n := range nodes {
		if rng.IntN(6) != 0 {
			sh.Eligible.Add(NodeID(n))
		}
	}
	sh.Refused = []Refusal{{Class: "taint", Nodes: nodes - sh.Eligible.Len()}}
	return sh
}

func randomGang(rng *rand.Rand, id string, s *Snapshot, free *ledger) Gang {
	g := Gang{
		ID: id, Priority: int32(rng.IntN(3)), Arrived: epoch.Add(-time.Duration(rng.IntN(5)) * time.Second),
		Preemptible: rng.IntN(3) > 0,
	}
	for i := range 1 + rng.IntN(2) {
		g.Sets = append(g.Sets, Set{
			Name: "s" + strconv.Itoa(i), Shape: s.Shapes[rng.IntN(len(s.Shapes))].ID, Count: int32(1 + rng.IntN(3)),
		})
	}
	if rng.IntN(4) == 0 {
		g.Exclude = []NodeID{NodeID(rng.IntN(len(s.Nodes)))}
	}
	if rng.IntN(2) == 0 {
		holdAtRandom(rng, &g, s, free)
	}
	if rng.IntN(3) == 0 {
		g.HoldUntil = epoch.Add(time.Duration(rng.IntN(5)-2) * time.Second)
	}
	g.Leaving = len(g.Held) > 0 && rng.IntN(4) == 0
	if rng.IntN(3) > 0 {
		g.EndsBy = epoch.Add(time.Duration(rng.IntN(20)-2) * time.Second)
		g.Takes = time.Duration(rng.IntN(20)) * time.Second
	}
	return g
}

// holdAtRandom puts pods of the gang wherever there is room, and then loses some.
func holdAtRandom(rng *rand.Rand, g *Gang, s *Snapshot, free *ledger) {
	for set := range g.Sets {
		for rank := range g.Sets[set].Count {
			n := NodeID(rng.IntN(len(s.Nodes)))
			run := Run{Set: int32(set), Node: n, First: rank, Count: 1}
			if rng.IntN(5) > 0 && free.fits(g, run) {
				free.take(g, run, 1)
				g.Held = append(g.Held, run)
			}
		}
	}
}

// ledger is a plain account of the room on the nodes, to check the planner by.
type ledger struct {
	snapshot *Snapshot
	room     map[NodeID][]int64
}

func newLedger(s *Snapshot) *ledger {
	l := &ledger{snapshot: s, room: map[NodeID][]int64{}}
	for _, n := range s.Nodes {
		row := make([]int64, len(s.Resources))
		for r := range row {
			if row[r] = n.Alloc.at(r); s.Resources[r].Each > 0 {
				row[r] = s.Resources[r].Each
			}
			row[r] -= n.Used.at(r)
		}
		l.room[n.ID] = row
	}
	return l
}

func (l *ledger) clone() *ledger {
	out := &ledger{snapshot: l.snapshot, room: map[NodeID][]int64{}}
	for n, row := range l.room {
		out.room[n] = slices.Clone(row)
	}
	return out
}

func (l *ledger) shape(g *Gang, set int32) *Shape {
	for i := range l.snapshot.Shapes {
		if l.snapshot.Shapes[i].ID == g.Sets[set].Shape {
			return &l.snapshot.Shapes[i]
		}
	}
	return nil
}

func (l *ledger) take(g *Gang, run Run, sign int64) {
	row := l.room[run.Node]
	for r, amount := range l.shape(g, run.Set).Req {
		if row != nil {
			row[r] -= sign * amount * int64(run.Count)
		}
	}
}

// fits tells whether the node has room for the run.
func (l *ledger) fits(g *Gang, run Run) bool {
	row := l.room[run.Node]
	for r, amount := range l.shape(g, run.Set).Req {
		if row == nil || (amount > 0 && row[r] < amount*int64(run.Count)) {
			return false
		}
	}
	return true
}

// allowed tells whether the gang may use the node at all.
func (l *ledger) allowed(g *Gang, run Run) bool {
	for _, n := range l.snapshot.Nodes {
		if n.ID == run.Node {
			return n.Health == Healthy && l.shape(g, run.Set).Eligible.Has(n.ID) && !slices.Contains(g.Exclude, n.ID)
		}
	}
	return false
}

// placeable tries everything: whether the missing pods fit into the room.
func (l *ledger) placeable(g *Gang, held []Run, allowed func(*Gang, Run) bool) bool {
	var missing []Run
	for set := range g.Sets {
		for _, w := range gaps(int32(set), g.Sets[set].Count, held) {
			for i := range w.count {
				missing = append(missing, Run{Set: w.set, First: w.first + i, Count: 1})
			}
		}
	}
	return l.clone().tryAll(g, missing, 0, allowed)
}

// tryAll places pod after pod; pods of one set go to nodes of rising numbers.
func (l *ledger) tryAll(g *Gang, missing []Run, from int, allowed func(*Gang, Run) bool) bool {
	if len(missing) == 0 {
		return true
	}
	run := missing[0]
	for i := from; i < len(l.snapshot.Nodes); i++ {
		run.Node = l.snapshot.Nodes[i].ID
		if !allowed(g, run) || !l.fits(g, run) {
			continue
		}
		l.take(g, run, 1)
		next := 0
		if len(missing) > 1 && missing[1].Set == run.Set {
			next = i
		}
		if l.tryAll(g, missing[1:], next, allowed) {
			return true
		}
		l.take(g, run, -1)
	}
	return false
}
