package placement

import (
	"fmt"
	"testing"
	"time"
)

// fleet is 5000 nodes of 8 GPUs in racks of 16 and blocks of 20 racks, and eight
// shapes of 1, 2, 4 and 8 GPUs with little or much CPU.
func fleet() Snapshot {
	s := Snapshot{Resources: catalogue}
	for i := range 5000 {
		s.Nodes = append(s.Nodes, Node{
			ID: NodeID(i), Name: fmt.Sprintf("n%04d", i),
			Path:  []string{fmt.Sprintf("b%02d", i/320), fmt.Sprintf("r%03d", i/16)},
			Alloc: Vec{96000, 8, 110},
		})
	}
	for i := range 8 {
		gpus := int64(1) << (i % 4)
		s.Shapes = append(s.Shapes, Shape{ID: ShapeID(i), Req: Vec{gpus * int64(2000+8000*(i/4)), gpus, 1}, Eligible: all(5000)})
	}
	return s
}

// crowd is a thousand gangs of 1 to 16 pods.
func crowd(s *Snapshot, prefix string) {
	for i := range 1000 {
		g := job(fmt.Sprintf("%s%04d", prefix, i), ShapeID(i%8), int32(1)<<(i%5))
		g.Arrived = epoch.Add(time.Duration(i) * time.Second)
		s.Gangs = append(s.Gangs, g)
	}
}

func newState(b *testing.B, s Snapshot) *State {
	b.Helper()
	state, err := New(s)
	if err != nil {
		b.Fatal(err)
	}
	return state
}

func apply(b *testing.B, state *State, d Delta) {
	b.Helper()
	if err := state.Apply(d); err != nil {
		b.Fatal(err)
	}
}

// full is a fleet whose GPUs are taken, but for one here and there, with a
// thousand gangs that wait.
func full() Snapshot {
	s := fleet()
	for i := range s.Nodes {
		s.Nodes[i].Used = Vec{8000, 8 - int64(i%50/49), 8}
	}
	crowd(&s, "wait")
	return s
}

// BenchmarkDecideAll places a thousand gangs on an empty fleet.
func BenchmarkDecideAll(b *testing.B) {
	s := fleet()
	crowd(&s, "g")
	state := newState(b, s)
	placed := 0
	b.ReportAllocs()
	for b.Loop() {
		apply(b, state, Delta{Nodes: s.Nodes[:1]})
		placed = 0
		for _, d := range state.Decide(epoch).Decisions {
			if d.Verb == Admit {
				placed++
			}
		}
	}
	if placed != len(s.Gangs) {
		b.Fatalf("%d of %d gangs are placed", placed, len(s.Gangs))
	}
	b.ReportMetric(float64(placed)*float64(b.N)/b.Elapsed().Seconds(), "gangs/s")
	apply(b, state, Delta{Nodes: s.Nodes[:1]})
	b.ReportMetric(testing.AllocsPerRun(1, func() {
		apply(b, state, Delta{Nodes: s.Nodes[:1]})
		state.Decide(epoch)
	})/float64(placed), "allocs/decision")
}

// BenchmarkDecideOne changes one node of a full fleet and plans.
func BenchmarkDecideOne(b *testing.B) {
	s := full()
	state := newState(b, s)
	state.Decide(epoch)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := s.Nodes[i%len(s.Nodes)]
		n.Used = Vec{8000, 7 + int64(i/len(s.Nodes)%2), 8}
		apply(b, state, Delta{Nodes: []Node{n}})
		state.Decide(epoch)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/plan")
}

// BenchmarkDecideIncremental plans the same after each change and from nothing,
// in turn, and reports what the former takes of the latter.
func BenchmarkDecideIncremental(b *testing.B) {
	s := full()
	state := newState(b, s)
	state.Decide(epoch)
	var one, all time.Duration
	for i := 0; b.Loop(); i++ {
		n := s.Nodes[i*7%len(s.Nodes)]
		n.Used = Vec{8000, 7, 8}
		start := b.Elapsed()
		apply(b, state, Delta{Nodes: []Node{n}})
		state.Decide(epoch)
		one += b.Elapsed() - start
		s.Nodes[n.ID] = n
		start = b.Elapsed()
		if _, err := Full(s, epoch); err != nil {
			b.Fatal(err)
		}
		all += b.Elapsed() - start
	}
	b.ReportMetric(one.Seconds()/all.Seconds(), "incremental/full")
}

// BenchmarkDecideUnchanged asks again.
func BenchmarkDecideUnchanged(b *testing.B) {
	state := newState(b, full())
	b.ReportAllocs()
	for b.Loop() {
		state.Decide(epoch)
	}
}

// BenchmarkPreempt makes room for gangs of higher priority on a fleet that is
// full of preemptible ones.
func BenchmarkPreempt(b *testing.B) {
	s := fleet()
	for i := range s.Nodes {
		g := job(fmt.Sprintf("run%04d", i), 3, 1)
		g.Held, g.Preemptible = []Run{{Node: NodeID(i), Count: 1}}, true
		s.Gangs = append(s.Gangs, g)
	}
	for i := range 50 {
		g := job(fmt.Sprintf("wait%04d", i), ShapeID(i%4), 16)
		g.Priority = 1
		s.Gangs = append(s.Gangs, g)
	}
	state := newState(b, s)
	b.ReportAllocs()
	for b.Loop() {
		apply(b, state, Delta{Nodes: s.Nodes[:1]})
		state.Decide(epoch)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/plan")
}

// BenchmarkPromise plans for a full fleet of 5000 gangs that say when they end,
// a large one that waits for half of them, and a thousand that fit behind it
// and would delay it.
func BenchmarkPromise(b *testing.B) {
	s := fleet()
	for i := range s.Nodes {
		g := job(fmt.Sprintf("run%04d", i), 2, 1)
		g.Held = []Run{{Node: NodeID(i), First: 0, Count: 1}}
		g.EndsBy = epoch.Add(time.Duration(1+i) * time.Minute)
		s.Gangs = append(s.Gangs, g)
	}
	first := job("first", 3, 2500)
	first.Arrived = epoch.Add(-time.Hour)
	s.Gangs = append(s.Gangs, first)
	crowd(&s, "wait")
	state := newState(b, s)
	one := s.Gangs[len(s.Gangs)-1]
	for b.Loop() {
		apply(b, state, Delta{Gangs: []Gang{one}})
		state.Decide(epoch)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/plan")
}
