package placement

import (
	"slices"
	"time"
)

// Decide says what to do about every gang that waits. Asked again before
// anything changed, it returns the same plan.
func (s *State) Decide(now time.Time) Plan {
	if s.planned && !now.Before(s.plannedAt) && (s.plan.Next.IsZero() || now.Before(s.plan.Next)) {
		return s.plan
	}
	if s.topoStale {
		s.topo.rebuild(s.nodes)
		s.topoStale = false
	}
	r := round{State: s, now: now}
	r.plan.Decisions = make([]Decision, 0, len(s.waiting))
	s.rounds++
	for _, g := range s.waiting {
		if g.out != s.rounds {
			s.trim()
			r.decide(g)
		}
	}
	s.rollback(0)
	s.plan, s.planned, s.plannedAt = r.plan, !r.moving, now
	return s.plan
}

// trim forgets a log that takes longer to read than all nodes.
func (s *State) trim() {
	if len(s.touched.nodes) > 4*len(s.nodes) {
		s.touched.forget()
		s.dropIndexes()
	}
}

// round is one pass over the waiting gangs. What it decides is taken from the
// room before the next gang is asked, and given back at the end.
type round struct {
	*State
	now  time.Time
	plan Plan
	// told counts the gangs told to leave, or moved.
	told int
	// first is the first gang that could not be placed though it may be one day.
	first promise
	// begun are those placed before it that have a known end.
	begun []ending
	// moving says that the plan is for this moment only, since a promise counts
	// on what would begin now to end in time.
	moving bool
	// late says that the gang asked could be placed, and would delay the first.
	late  bool
	arena []Run
	// shorts is where the shortages of the plan keep their counts.
	shorts []NodeShort
}

func (r *round) decide(g *gang) {
	r.late = false
	switch {
	case r.placed(g):
	case g.partial():
		if !r.reserved(g) {
			r.stay(g, Wait)
		}
	case !r.possible(g):
		r.stay(g, Impossible)
	case !r.reserved(g):
		r.stay(g, Wait)
	}
}

// placed tries to find room now: for what is missing, or else for a gang that
// lost ranks anew as a whole.
func (r *round) placed(g *gang) bool {
	switch {
	case r.tryNow(g):
		verb := Admit
		if g.partial() {
			verb = Replace
		}
		r.place(g, verb)
	case g.partial() && r.tryAnew(g):
		r.told++
		r.place(g, Admit)
	default:
		return false
	}
	return true
}

// tryNow places the pods that hold no place.
func (r *round) tryNow(g *gang) bool {
	t := &r.trial
	*t = trial{groups: g.missing, exclude: g.Exclude, near: r.home(g), picks: t.picks}
	return r.fitBehind(g, t)
}

// fitBehind places the trial unless that delays the first gang that waits.
func (r *round) fitBehind(g *gang, t *trial) bool {
	mark := len(r.journal)
	if r.fit(t) != fits {
		return false
	}
	if r.delays(g, t) {
		r.rollback(mark)
		return false
	}
	return true
}

// tryAnew places all pods, as if what the gang holds were free.
func (r *round) tryAnew(g *gang) bool {
	mark := len(r.journal)
	for _, run := range g.Held {
		r.take(run.Node, g.Sets[run.Set].Shape, -run.Count, current)
	}
	t := &r.trial
	*t = trial{groups: g.all, exclude: g.Exclude, picks: t.picks}
	if r.fit(t) == fits {
		return true
	}
	r.rollback(mark)
	return false
}

// home is the innermost domain around what the gang holds.
func (r *round) home(g *gang) int32 {
	home := int32(-1)
	for _, run := range g.Held {
		if int(run.Node) >= len(r.nodes) || !r.nodes[run.Node].present {
			continue
		}
		if leaf := r.topo.leaf[run.Node]; home < 0 {
			home = leaf
		} else {
			home = r.topo.common(home, leaf)
		}
	}
	return max(home, root)
}

// place decides to use the trial's picks.
func (r *round) place(g *gang, verb Verb) {
	d := Decision{Gang: g.ID, Verb: verb, Runs: r.picked(&r.trial)}
	if r.first.gang != nil {
		d.Reason, d.For = FitsAhead, r.first.gang.ID
	}
	if verb == Replace {
		r.begins(g, slices.Concat(g.Held, d.Runs))
	} else {
		r.begins(g, d.Runs)
	}
	r.say(d)
}

// picked are a trial's picks as runs.
func (r *round) picked(t *trial) []Run {
	from := len(r.arena)
	r.arena = r.runs(t, r.arena)
	return slices.Clip(r.arena[from:])
}

// possible tells whether the gang would fit into empty nodes, whatever their
// health.
func (r *round) possible(g *gang) bool {
	if g.possibleAt != r.capacity {
		mark := len(r.journal)
		t := &r.trial
		*t = trial{groups: g.all, layer: bare, picks: t.picks}
		g.possible = r.fit(t) != never
		g.possibleAt = r.capacity
		r.rollback(mark)
	}
	return g.possible
}

// stay leaves the gang where it is, with the reason.
func (r *round) stay(g *gang, verb Verb) {
	d := Decision{Gang: g.ID, Verb: verb}
	switch {
	case verb == Impossible:
		d.Reason, d.Shortage = r.bareShortage(g)
	case r.late:
		d.Reason, d.For, d.At = Behind, r.first.gang.ID, r.first.at
	default:
		d.Reason, d.Shortage = r.shortage(g)
	}
	if g.partial() && !g.HoldUntil.IsZero() {
		if !r.now.Before(g.HoldUntil) {
			d.Verb, d.Reason = Release, HeldTooLong
			r.vacate(g, -1)
			r.tell(d, g)
			return
		}
		r.changesAt(g.HoldUntil)
	}
	if d.Verb == Wait && r.first.gang == nil {
		r.promiseTo(g)
		d.At = r.first.at
	}
	r.say(d)
}

// changesAt notes a time at which the plan may change though nothing else does.
func (r *round) changesAt(t time.Time) {
	if r.plan.Next.IsZero() || t.Before(r.plan.Next) {
		r.plan.Next = t
	}
}

func (r *round) say(d Decision) { r.plan.Decisions = append(r.plan.Decisions, d) }
