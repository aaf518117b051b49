package placement

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// replay follows a plan over a plain account of the room and fails where it
// takes what is not there, leaves a gang half placed, or gives up too early.
type replay struct {
	t        *testing.T
	snapshot *Snapshot
	gangs    map[string]*Gang
	// now is the room at the moment, less what others reserved; later the room
	// when those that leave have left.
	now, later *ledger
	out        map[string]bool
	promises
}

func newReplay(t *testing.T, s *Snapshot) *replay {
	r := &replay{t: t, snapshot: s, gangs: map[string]*Gang{}, out: map[string]bool{}}
	r.now, r.later = newLedger(s), newLedger(s)
	for i := range s.Gangs {
		g := &s.Gangs[i]
		r.gangs[g.ID] = g
		for _, run := range g.Held {
			r.now.take(g, run, 1)
			if !g.Leaving {
				r.later.take(g, run, 1)
			}
		}
	}
	return r
}

// room is what can be had now: no more than will be there later.
func (r *replay) room() *ledger {
	out := r.now.clone()
	for n, row := range out.room {
		for i := range row {
			row[i] = min(row[i], r.later.room[n][i])
		}
	}
	return out
}

func (r *replay) follow(plan Plan) {
	var victims []*Gang
	for i := range plan.Decisions {
		d := &plan.Decisions[i]
		g := r.gangs[d.Gang]
		switch d.Verb {
		case Admit, Replace:
			r.place(d, g)
		case Reserve:
			r.check(d, g, r.later, g.Held)
			r.minimal(g, victims)
			victims = nil
			for _, run := range d.Runs {
				r.later.take(g, run, 1)
			}
			r.keeps(d, g)
		case Preempt, Release:
			r.leave(d, g)
			if d.For != "" {
				victims = append(victims, g)
			}
		case Wait:
			r.wait(d, g)
		case Impossible:
			r.impossible(g)
		}
	}
	for _, g := range r.gangs {
		if waits := !g.Leaving && g.missing(); waits != said(plan, g.ID) && !r.out[g.ID] {
			r.t.Errorf("gang %s: waits %v, but decided %v", g.ID, waits, !waits)
		}
	}
}

func said(plan Plan, id string) bool {
	return slices.ContainsFunc(plan.Decisions, func(d Decision) bool { return d.Gang == id })
}

func (g *Gang) missing() bool { return len(groups(g.Sets, g.Held)) > 0 }

func (r *replay) place(d *Decision, g *Gang) {
	held := g.Held
	if d.Verb == Admit {
		for _, run := range g.Held {
			r.now.take(g, run, -1)
			r.later.take(g, run, -1)
		}
		held = nil
	}
	r.check(d, g, r.room(), held)
	for _, run := range d.Runs {
		r.now.take(g, run, 1)
		r.later.take(g, run, 1)
	}
	r.begin(d, g)
	r.keeps(d, g)
}

// wait wants that the gang cannot be helped, or that helping it delays another.
func (r *replay) wait(d *Decision, g *Gang) {
	if d.Reason == Behind {
		r.behind(d, g)
		return
	}
	r.waits(g)
	r.helpless(g)
	if r.first == nil {
		r.promised(d, g)
	}
}

// check wants runs that fit, on nodes that the gang may use, whole.
func (r *replay) check(d *Decision, g *Gang, room *ledger, held []Run) {
	room = room.clone()
	for _, run := range d.Runs {
		if !room.allowed(g, run) {
			r.t.Errorf("%s %s: %+v is on a node that it may not use", d.Gang, d.Verb, run)
		}
		if !room.fits(g, run) {
			r.t.Errorf("%s %s: %+v takes more than there is", d.Gang, d.Verb, run)
		}
		room.take(g, run, 1)
	}
	whole := *g
	whole.Held = append(slices.Clone(held), d.Runs...)
	if err := checkHeld(&whole); err != nil || whole.missing() {
		r.t.Errorf("%s %s: not placed whole: %v, error %v", d.Gang, d.Verb, d.Runs, err)
	}
}

func (r *replay) leave(d *Decision, g *Gang) {
	if d.For == "" && d.Reason != HeldTooLong {
		r.t.Errorf("%s %s for nobody", d.Gang, d.Verb)
	}
	if b := r.gangs[d.For]; d.Verb == Preempt && (!g.Preemptible || b.Priority <= g.Priority) {
		r.t.Errorf("%s of priority %d, preemptible %v, is preempted for priority %d", g.ID, g.Priority, g.Preemptible, b.Priority)
	}
	if r.out[g.ID] || g.Leaving || len(g.Held) == 0 {
		r.t.Errorf("%s is told to leave, but has left or holds nothing", g.ID)
	}
	if d.Verb == Release {
		r.waits(g)
	}
	r.out[g.ID] = true
	r.free(r.later, g, 1)
}

// free gives back (1) or takes (-1) what a gang holds.
func (r *replay) free(l *ledger, g *Gang, sign int64) {
	for _, run := range g.Held {
		l.take(g, run, -sign)
	}
}

// minimal wants that the room is not enough if any one of the victims stays.
func (r *replay) minimal(g *Gang, victims []*Gang) {
	for _, v := range victims {
		r.free(r.later, v, -1)
		if r.later.placeable(g, g.Held, r.later.allowed) {
			r.t.Errorf("%s has to leave for %s, which does not need it", v.ID, g.ID)
		}
		r.free(r.later, v, 1)
	}
}

// waits wants that there is really no room now.
func (r *replay) waits(g *Gang) {
	if r.hasRoom(g) {
		r.t.Errorf("%s waits, but it could be placed", g.ID)
	}
	if len(g.Held) > 0 {
		room := r.now.clone()
		for _, run := range g.Held {
			room.take(g, run, -1)
		}
		for n, row := range room.room {
			for i := range row {
				freed := row[i] - r.now.room[n][i]
				row[i] = min(row[i], r.later.room[n][i]+freed)
			}
		}
		if room.placeable(g, nil, room.allowed) {
			r.t.Errorf("%s waits, but it could be placed anew as a whole", g.ID)
		}
	}
}

// hasRoom tells whether there is room now.
func (r *replay) hasRoom(g *Gang) bool {
	room := r.room()
	return room.placeable(g, g.Held, room.allowed)
}

// helpless wants that not even the departure of all that may be preempted, and
// of those that leave, makes room.
func (r *replay) helpless(g *Gang) {
	if r.helpable(g) {
		r.t.Errorf("%s waits, but others could make room for it", g.ID)
	}
}

func (r *replay) helpable(g *Gang) bool {
	room := r.later.clone()
	for _, v := range r.gangs {
		if v.Preemptible && v.Priority < g.Priority && !v.Leaving && !r.out[v.ID] {
			r.free(room, v, 1)
		}
	}
	return room.placeable(g, g.Held, room.allowed)
}

// impossible wants that empty nodes would not help either.
func (r *replay) impossible(g *Gang) {
	empty := newLedger(r.snapshot)
	for _, n := range r.snapshot.Nodes {
		for i, used := range n.Used {
			empty.room[n.ID][i] += used
		}
	}
	if empty.placeable(g, nil, func(g *Gang, run Run) bool { return empty.shape(g, run.Set).Eligible.Has(run.Node) }) {
		r.t.Errorf("%s is called impossible, but empty nodes would take it", g.ID)
	}
}

// TestPlansAreSound checks plans of many small worlds against brute force.
func TestPlansAreSound(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(4000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := random(rng, 1+rng.IntN(4), 1+rng.IntN(6))
		plan := mustFull(t, s)
		for _, d := range plan.Decisions {
			seen[d.Verb.String()+" "+d.Reason.String()]++
		}
		newReplay(t, &s).follow(plan)
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, show(plan))
		}
	}
	for _, want := range []string{
		"Admit Fits", "Admit FitsAhead", "Replace Fits", "Replace FitsAhead", "Reserve Leavers", "Preempt Outranked",
		"Release Deadlock", "Release HeldTooLong", "Wait Insufficient", "Wait Fragmented", "Wait Together",
		"Wait NoEligibleNode", "Wait Behind", "Impossible Insufficient", "Impossible Fragmented", "Impossible Together", "Impossible NoEligibleNode",
	} {
		if seen[want] == 0 {
			t.Errorf("no world led to %s: the test proves nothing about it", want)
		}
	}
	t.Log("decisions seen:", seen)
}

// TestInputOrderIsIrrelevant shuffles what the planner is given.
func TestInputOrderIsIrrelevant(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 2))
		s := random(rng, 1+rng.IntN(8), 1+rng.IntN(10))
		want := mustFull(t, s)
		rng.Shuffle(len(s.Nodes), func(i, j int) { s.Nodes[i], s.Nodes[j] = s.Nodes[j], s.Nodes[i] })
		rng.Shuffle(len(s.Shapes), func(i, j int) { s.Shapes[i], s.Shapes[j] = s.Shapes[j], s.Shapes[i] })
		rng.Shuffle(len(s.Gangs), func(i, j int) { s.Gangs[i], s.Gangs[j] = s.Gangs[j], s.Gangs[i] })
		if diff := cmp.Diff(want, mustFull(t, s)); diff != "" {
			t.Fatalf("seed %d: the plan depends on the order of the input (-want +got):\n%s", seed, diff)
		}
	}
}
