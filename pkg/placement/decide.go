package placement

import (
	"slices"
	"time"
)

// Decide says what to do about every gang that waits. Asked again before
// anything changed, it returns the same plan.
func (s *State) Decide(now time.Time) Plan {
	if s.planned && (s.plan.Next.IsZero() || now.Before(s.plan.Next)) {
		return s.plan
	}
	if s.topoStale {
		s.topo.rebuild(s.nodes)
		s.topoStale = false
	}
	s.touched.trim(4 * len(s.nodes))
	r := round{State: s, now: now}
	r.plan.Decisions = make([]Decision, 0, len(s.waiting))
	s.round++
	for _, g := range s.waiting {
		if g.out != s.round {
			r.decide(g)
		}
	}
	s.rollback(0)
	s.plan, s.planned = r.plan, true
	return s.plan
}

// round is one pass over the waiting gangs. What it decides is taken from the
// room before the next gang is asked, and given back at the end.
type round struct {
	*State
	now   time.Time
	plan  Plan
	head  string // the first gang that could not be placed though it may be one day
	arena []Run
}

func (r *round) decide(g *gang) {
	switch {
	case r.placed(g):
	case g.partial() || r.possible(g):
		r.stay(g, Wait)
	default:
		r.stay(g, Impossible)
	}
}

// placed tries to find room now.
func (r *round) placed(g *gang) bool {
	t := &r.trial
	*t = trial{groups: g.missing, exclude: g.Exclude, near: r.home(g), picks: t.picks}
	verb := Admit
	if len(g.Held) > 0 {
		verb = Replace
	}
	if r.fit(t) != fits {
		return g.partial() && r.moved(g)
	}
	r.say(r.placement(g, verb, t))
	return true
}

// moved tries to place a gang that lost ranks anew as a whole, as if what it
// holds were free.
func (r *round) moved(g *gang) bool {
	mark := len(r.journal)
	for _, run := range g.Held {
		r.take(run.Node, g.Sets[run.Set].Shape, -run.Count, current)
	}
	t := &r.trial
	*t = trial{groups: g.all, exclude: g.Exclude, picks: t.picks}
	if r.fit(t) != fits {
		r.rollback(mark)
		return false
	}
	r.say(r.placement(g, Admit, t))
	return true
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

// placement is the decision to use the trial's picks.
func (r *round) placement(g *gang, verb Verb, t *trial) Decision {
	d := Decision{Gang: g.ID, Verb: verb}
	if r.head != "" {
		d.Reason, d.For = FitsAhead, r.head
	}
	from := len(r.arena)
	r.arena = r.runs(t, r.arena)
	d.Runs = slices.Clip(r.arena[from:])
	return d
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
	if verb == Impossible {
		d.Reason, d.Shortage = r.shortage(g, g.all, bare)
	} else {
		d.Reason, d.Shortage = r.shortage(g, g.missing, current)
	}
	if g.partial() && !g.HoldUntil.IsZero() {
		if !r.now.Before(g.HoldUntil) {
			d.Verb, d.Reason = Release, HeldTooLong
		} else if r.plan.Next.IsZero() || g.HoldUntil.Before(r.plan.Next) {
			r.plan.Next = g.HoldUntil
		}
	}
	if d.Verb == Wait && r.head == "" {
		r.head = g.ID
	}
	r.say(d)
}

func (r *round) say(d Decision) { r.plan.Decisions = append(r.plan.Decisions, d) }
