package placement

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// life runs gangs to their end on a cluster whose nodes fail and come back, and
// does what the plans say.
type life struct {
	t     *testing.T
	rng   *rand.Rand
	state *State
	full  Snapshot
	gangs map[string]*liveGang
	now   time.Time
}

// liveGang is a gang with the work that is left, in rounds.
type liveGang struct {
	Gang
	work, leaving int
	done          bool
}

func newLife(t *testing.T, rng *rand.Rand) *life {
	l := &life{t: t, rng: rng, full: cluster(6, 1, 4, 8), gangs: map[string]*liveGang{}, now: epoch}
	state, err := New(l.full)
	if err != nil {
		t.Fatal(err)
	}
	l.state = state
	for i := range 25 {
		id := "g" + strconv.Itoa(i)
		g := job(id, ShapeID(rng.IntN(3)), int32(1+rng.IntN(5)))
		g.Priority, g.Preemptible = int32(rng.IntN(3)), rng.IntN(4) > 0
		if rng.IntN(2) == 0 {
			g.Sets = append(g.Sets, Set{Name: "more", Shape: ShapeID(rng.IntN(2)), Count: 1})
		}
		g.Arrived = epoch.Add(time.Duration(i) * time.Second)
		l.gangs[id] = &liveGang{Gang: g, work: 1 + rng.IntN(4)}
		l.tell(l.gangs[id])
	}
	return l
}

func (l *life) apply(d Delta) {
	l.t.Helper()
	if err := l.state.Apply(d); err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) tell(g *liveGang) { l.apply(Delta{Gangs: []Gang{g.Gang}}) }

func (l *life) each(do func(*liveGang)) {
	for i := range len(l.gangs) {
		if g := l.gangs["g"+strconv.Itoa(i)]; !g.done {
			do(g)
		}
	}
}

// round lets every gang work, leave or end, and then plans.
func (l *life) round(failures bool) {
	l.now = l.now.Add(time.Second)
	if failures && l.rng.IntN(3) == 0 {
		l.fail(&l.full.Nodes[l.rng.IntN(len(l.full.Nodes))])
	}
	l.each(func(g *liveGang) {
		switch {
		case g.Leaving:
			if g.leaving--; g.leaving <= 0 {
				g.Leaving, g.Held = false, nil
				l.tell(g)
			}
		case len(g.Held) > 0 && !g.missing():
			if g.work--; g.work == 0 {
				g.done = true
				l.apply(Delta{GoneGangs: []string{g.ID}})
			}
		}
	})
	plan := l.state.Decide(l.now)
	for i := range plan.Decisions {
		l.obey(&plan.Decisions[i])
	}
}

func (l *life) obey(d *Decision) {
	g := l.gangs[d.Gang]
	next := obey(g.Gang, d)
	if next == nil {
		return
	}
	g.Gang = *next
	switch d.Verb {
	case Preempt, Release:
		g.leaving = 1 + l.rng.IntN(3)
	default:
		g.HoldUntil = time.Time{}
	}
	l.tell(g)
}

// fail takes a node away or brings it back; its ranks are lost.
func (l *life) fail(n *Node) {
	n.Health = 1 - n.Health
	l.apply(Delta{Nodes: []Node{*n}})
	if n.Health == Healthy {
		return
	}
	l.each(func(g *liveGang) {
		kept := slices.DeleteFunc(slices.Clone(g.Held), func(r Run) bool { return r.Node == n.ID })
		if len(kept) != len(g.Held) {
			g.Held, g.HoldUntil = kept, l.now.Add(5*time.Second)
			g.Leaving = g.Leaving && len(kept) > 0
			l.tell(g)
		}
	})
}

// TestEveryGangEnds wants that nobody waits for ever, however gangs preempt each
// other, lose nodes and wait for each other's halves, and that preemption does
// not go round in circles.
func TestEveryGangEnds(t *testing.T) {
	for seed := range uint64(150) {
		l := newLife(t, rand.New(rand.NewPCG(seed, 6)))
		rounds, left := 0, len(l.gangs)
		for ; rounds < 400 && left > 0; rounds++ {
			l.round(rounds < 60)
			if rounds == 60 {
				for i := range l.full.Nodes {
					l.full.Nodes[i].Health = Healthy
				}
				l.apply(Delta{Nodes: l.full.Nodes})
			}
			left = 0
			l.each(func(*liveGang) { left++ })
		}
		if left > 0 {
			t.Fatalf("seed %d: %d gangs have not ended after %d rounds", seed, left, rounds)
		}
	}
}

// TestSeveralShapes counts how many gangs of several shapes find a place that
// they are known to have: nodes are cut into pods at random until they are full,
// and the pods, or nine in ten of them, are the gang.
func TestSeveralShapes(t *testing.T) {
	tests := []struct {
		name    string
		percent int32
		want    float64
	}{
		{"nodes are full", 100, 0.7},
		{"a tenth is left", 90, 0.95},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			const worlds = 400
			placed := 0
			for seed := range uint64(worlds) {
				switch d := mustFull(t, cutUp(rand.New(rand.NewPCG(seed, 7)), test.percent)).Decisions[0]; d.Verb {
				case Admit:
					placed++
				case Impossible:
					t.Fatalf("seed %d: what is possible by construction is called impossible", seed)
				}
			}
			if share := float64(placed) / worlds; share < test.want {
				t.Errorf("%.3f were placed, want at least %.3f", share, test.want)
			} else {
				t.Logf("%.3f were placed", share)
			}
		})
	}
}

// cutUp is a gang of so many of a hundred pods that some nodes can be cut into.
func cutUp(rng *rand.Rand, percent int32) Snapshot {
	s := cluster(5+rng.IntN(20), 1, 2, 3, 5)
	for i := range s.Shapes {
		s.Shapes[i].Req[0] = int64(2000 + rng.IntN(14000))
	}
	g := Gang{ID: "g"}
	for i := range s.Shapes {
		g.Sets = append(g.Sets, Set{Name: strconv.Itoa(i), Shape: ShapeID(i)})
	}
	account := newLedger(&s)
	for _, n := range s.Nodes {
		for range 12 {
			run := Run{Set: int32(rng.IntN(len(s.Shapes))), Node: n.ID, Count: 1}
			if account.fits(&g, run) {
				account.take(&g, run, 1)
				g.Sets[run.Set].Count++
			}
		}
	}
	for i := range g.Sets {
		g.Sets[i].Count = g.Sets[i].Count * percent / 100
	}
	g.Sets = slices.DeleteFunc(g.Sets, func(set Set) bool { return set.Count == 0 })
	s.Gangs = []Gang{g}
	return s
}
