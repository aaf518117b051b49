package placement

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// promises is what a replay knows of the first gang that waits.
type promises struct {
	first *Gang
	at    time.Time
	// begun are the ends of what the plan placed.
	begun map[string]time.Time
	held  map[string][]Run
}

// begin notes when a gang that was placed ends.
func (r *replay) begin(d *Decision, g *Gang) {
	if r.begun == nil {
		r.begun, r.held = map[string]time.Time{}, map[string][]Run{}
	}
	if g.Takes > 0 {
		r.begun[g.ID], r.held[g.ID] = epoch.Add(g.Takes), d.Runs
		if d.Verb == Replace {
			r.held[g.ID] = append(slices.Clone(g.Held), d.Runs...)
		}
	}
}

// ends are the times in the future at which gangs end.
func (r *replay) ends() []time.Time {
	var out []time.Time
	for _, g := range r.gangs {
		if at := r.end(g); at.After(epoch) {
			out = append(out, at)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// end is when a gang gives back what it holds, zero where that is unknown.
func (r *replay) end(g *Gang) time.Time {
	switch {
	case g.Leaving || r.out[g.ID]:
		return time.Time{}
	case !r.begun[g.ID].IsZero():
		return r.begun[g.ID]
	case len(g.Held) > 0 && !g.missing():
		return g.EndsBy
	default:
		return time.Time{}
	}
}

// fitsAt tells whether the gang fits when all that end until then have ended.
func (r *replay) fitsAt(g *Gang, at time.Time) bool {
	room := r.later.clone()
	for _, other := range r.gangs {
		end := r.end(other)
		if !end.After(epoch) || end.After(at) {
			continue
		}
		held, begun := r.held[other.ID]
		if !begun {
			held = other.Held
		}
		for _, run := range held {
			room.take(other, run, -1)
		}
	}
	return room.placeable(g, g.Held, room.allowed)
}

// promised wants the earliest time at which the gang fits, or for several shapes
// one at which it does.
func (r *replay) promised(d *Decision, g *Gang) {
	r.first, r.at = g, d.At
	if !d.At.IsZero() && !r.fitsAt(g, d.At) {
		r.t.Errorf("%s is promised %v, but it does not fit then", g.ID, d.At)
	}
	for _, at := range r.ends() {
		if len(groups(g.Sets, g.Held)) == 1 && (d.At.IsZero() || at.Before(d.At)) && r.fitsAt(g, at) {
			r.t.Errorf("%s is promised %v, but it fits at %v", g.ID, d.At, at)
		}
	}
}

// keeps wants that what was decided leaves the promise as it was.
func (r *replay) keeps(d *Decision, g *Gang) {
	if r.first == nil || r.at.IsZero() || len(g.Held) > 0 {
		return
	}
	if !r.fitsAt(r.first, r.at) {
		r.t.Errorf("%s %s breaks the promise to %s, %v", d.Gang, d.Verb, r.first.ID, r.at)
	}
}

// behind wants that the gang could be placed, but for the promise.
func (r *replay) behind(d *Decision, g *Gang) {
	if r.first == nil || d.For != r.first.ID || !d.At.Equal(r.at) || r.at.IsZero() {
		r.t.Errorf("%s is behind %s until %v, but the first that waits is %v until %v", g.ID, d.For, d.At, r.first, r.at)
	}
	if r.hasRoom(g) && g.Takes > 0 && !epoch.Add(g.Takes).After(r.at) {
		r.t.Errorf("%s is behind %s, though it ends before %v", g.ID, d.For, r.at)
	}
	if !r.hasRoom(g) && !r.helpable(g) {
		r.t.Errorf("%s is behind %s, but there is no room for it anyway", g.ID, d.For)
	}
}

// TestPromises follows clusters whose gangs end when they say, with new ones
// coming all the time: whoever was promised a time is placed by then.
func TestPromises(t *testing.T) {
	kept, held := 0, 0
	for seed := range uint64(60) {
		k, h := keepsPromises(t, rand.New(rand.NewPCG(seed, 8)))
		kept, held = kept+k, held+h
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if kept == 0 || held == 0 {
		t.Errorf("%d promises were kept, %d gangs held back: the test proves nothing", kept, held)
	}
}

func keepsPromises(t *testing.T, rng *rand.Rand) (kept, held int) {
	state, err := New(cluster(4, 1, 4, 8))
	if err != nil {
		t.Fatal(err)
	}
	promised := map[string]time.Time{}
	running := map[string]Gang{}
	now := epoch
	for step := range 120 {
		now = now.Add(time.Second)
		var d Delta
		for id, g := range running {
			if len(g.Held) > 0 && !g.EndsBy.After(now) {
				d.GoneGangs = append(d.GoneGangs, id)
				delete(running, id)
			}
		}
		g := job("g"+strconv.Itoa(step), ShapeID(rng.IntN(3)), int32(1+rng.IntN(3)))
		g.Arrived, g.Takes = now, time.Duration(1+rng.IntN(12))*time.Second
		d.Gangs = append(d.Gangs, g)
		running[g.ID] = g
		if err := state.Apply(d); err != nil {
			t.Fatal(err)
		}
		var placed Delta
		for _, d := range state.Decide(now).Decisions {
			switch at := promised[d.Gang]; {
			case d.Verb == Admit:
				g := running[d.Gang]
				g.Held, g.EndsBy = slices.Clone(d.Runs), now.Add(g.Takes)
				running[d.Gang] = g
				placed.Gangs = append(placed.Gangs, g)
				if !at.IsZero() {
					kept++
				}
				delete(promised, d.Gang)
			case d.Reason == Behind:
				held++
			case !at.IsZero() && !now.Before(at):
				t.Errorf("step %d: %s was promised %v and still waits", step, d.Gang, at)
			case !d.At.IsZero() && at.IsZero():
				promised[d.Gang] = d.At
			}
		}
		if err := state.Apply(placed); err != nil {
			t.Fatal(err)
		}
	}
	return kept, held
}
