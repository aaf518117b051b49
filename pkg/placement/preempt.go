package placement

import "slices"

// reserved tries to find room that others hold: those who are leaving already,
// those of lower priority that may be told to, and for a gang that lost ranks
// those later ones in the same plight. The room is kept for the gang, and
// nothing is to be created before they have gone.
func (r *round) reserved(g *gang) bool {
	t := &r.claiming
	*t = trial{groups: g.missing, layer: later, exclude: g.Exclude, near: r.home(g), picks: t.picks}
	switch {
	case r.leavers() && r.fitBehind(g, t):
	case r.evicted(g, t, r.outranked(g), Preempt, Outranked):
	case g.partial() && r.evicted(g, t, r.stuck(g, t), Release, Deadlock):
	default:
		return false
	}
	r.say(Decision{Gang: g.ID, Verb: Reserve, Reason: Leavers, Runs: r.picked(t)})
	return true
}

// leavers tells whether anybody has left or will leave room.
func (r *round) leavers() bool { return r.leaving > 0 || r.told > 0 }

// outranked are the gangs that may be preempted for g, the cheapest first.
func (r *round) outranked(g *gang) []*gang {
	end, _ := slices.BinarySearchFunc(r.victims, g.Priority, func(v *gang, priority int32) int {
		if v.Priority < priority {
			return -1
		}
		return 1
	})
	return r.victims[:end]
}

// stuck are the later gangs that hold a part of their pods and have no place
// for the rest, if giving up what they hold could help at all.
func (r *round) stuck(g *gang, t *trial) []*gang {
	at, _ := slices.BinarySearchFunc(r.waiting, g, inOrder)
	var partial []*gang
	for _, other := range r.waiting[at+1:] {
		if other.partial() && other.out != r.rounds {
			partial = append(partial, other)
		}
	}
	slices.Reverse(partial)
	mark := len(r.journal)
	if r.gather(t, partial) == nil {
		return nil
	}
	r.rollback(mark)
	return slices.DeleteFunc(partial, func(other *gang) bool {
		able := r.tryNow(other) || r.tryAnew(other)
		r.rollback(mark)
		return able
	})
}

// evicted tells as few of the gangs to leave as will do for the trial, and
// places it; or does nothing.
func (r *round) evicted(g *gang, t *trial, from []*gang, verb Verb, why Reason) bool {
	if len(from) == 0 || (verb == Preempt && r.hopeless(g)) {
		return false
	}
	mark := len(r.journal)
	chosen := r.gather(t, from)
	if chosen == nil {
		if verb == Preempt {
			r.remember(g)
		}
		return false
	}
	chosen = r.spare(t, chosen)
	if !r.fitBehind(g, t) {
		r.rollback(mark)
		return false
	}
	for _, victim := range chosen {
		r.tell(Decision{Gang: victim.ID, Verb: verb, For: g.ID, Reason: why}, victim)
	}
	return true
}

// tell says that a gang has to leave.
func (r *round) tell(d Decision, g *gang) {
	g.out = r.rounds
	r.told++
	r.say(d)
}

// gather lets one gang after the other leave until the trial fits, and returns
// them, or nil. With several groups it looks after 1, 2, 4, … of them.
func (r *round) gather(t *trial, from []*gang) []*gang {
	var chosen []*gang
	mark, next := len(r.journal), 1
	for i, victim := range from {
		if victim.out != r.rounds && r.useful(t, victim) {
			r.vacate(victim, -1)
			chosen = append(chosen, victim)
		}
		if last := i == len(from)-1; len(chosen) < next && !last {
			continue
		}
		if len(t.groups) > 1 {
			next = 2 * len(chosen)
		} else {
			next = len(chosen) + 1
		}
		if len(chosen) > 0 && r.feasible(t) {
			return chosen
		}
	}
	r.rollback(mark)
	return nil
}

// spare lets every gang stay that need not leave, the most important first.
func (r *round) spare(t *trial, chosen []*gang) []*gang {
	for again := true; again; {
		again = false
		for i := len(chosen) - 1; i >= 0; i-- {
			r.vacate(chosen[i], +1)
			if r.feasible(t) {
				chosen = slices.Delete(chosen, i, i+1)
				again = len(t.groups) > 1
				continue
			}
			r.vacate(chosen[i], -1)
		}
	}
	return chosen
}

// feasible tells whether the trial fits, and takes nothing.
func (r *round) feasible(t *trial) bool {
	if len(t.groups) == 1 {
		short := r.short(t)
		r.touch(t.exclude...)
		return short < 0
	}
	mark := len(r.journal)
	ok := r.fit(t) == fits
	r.rollback(mark)
	return ok
}

// useful tells whether the gang holds a node that the trial could use.
func (r *round) useful(t *trial, victim *gang) bool {
	for _, run := range victim.Held {
		for i := range t.groups {
			if r.shapes[t.groups[i].shape].eligible.Has(run.Node) {
				return true
			}
		}
	}
	return false
}

// vacate gives what the gang holds back to those who come later (-1), or takes
// it again (+1).
func (r *round) vacate(g *gang, sign int32) {
	l := later
	if g.gone == r.rounds {
		l = laterOnly
	}
	for _, run := range g.Held {
		r.take(run.Node, g.Sets[run.Set].Shape, sign*run.Count, l)
	}
}

// futile remembers that not even the departure of every gang of lower priority
// would make room for so many pods of a shape.
type futile struct {
	round    uint64
	told     int
	priority int32
	count    int32
}

// hopeless tells whether preemption for a gang that asked for no more failed in
// this round, since when nobody was told to leave.
func (r *round) hopeless(g *gang) bool {
	for i := range g.missing {
		f := r.shapes[g.missing[i].shape].futile
		if f.round == r.rounds && f.told == r.told && g.Priority <= f.priority && g.missing[i].count >= f.count {
			return true
		}
	}
	return false
}

func (r *round) remember(g *gang) {
	if len(g.missing) == 1 && len(g.Exclude) == 0 {
		only := &g.missing[0]
		r.shapes[only.shape].futile = futile{round: r.rounds, told: r.told, priority: g.Priority, count: only.count}
	}
}
