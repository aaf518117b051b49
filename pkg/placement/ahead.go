package placement

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The first gang that waits is promised the time at which it will fit if those
// that run end when they say, and no gang behind it may take room that would
// break the promise (Lifka, "The ANL/IBM SP Scheduling System", 1995, known as
// EASY backfilling). A gang without a known end never makes room, and one whose
// own length is unknown counts as endless.

// ending is a gang that gives its room back at a time.
type ending struct {
	at   time.Time
	gang *gang
	runs []Run
}

// promise is what the first gang that waits is promised.
type promise struct {
	gang *gang
	at   time.Time // zero where no time is known
}

// byEnd orders gangs by when they are expected to end.
func byEnd(a, b *gang) int {
	return cmp.Or(a.EndsBy.Compare(b.EndsBy), strings.Compare(a.ID, b.ID))
}

// ends tells whether the gang runs whole and says until when.
func (g *gang) ends() bool {
	return !g.EndsBy.IsZero() && !g.Leaving && len(g.Held) > 0 && len(g.missing) == 0
}

// promiseTo makes the gang the first that waits.
func (r *round) promiseTo(g *gang) {
	r.first, r.moving = promise{gang: g}, len(r.begun) > 0
	from := r.endings()
	if len(from) == 0 {
		return
	}
	r.changesAt(from[0].at)
	mark, next := len(r.journal), 1
	for i := range from {
		r.give(&from[i])
		if last := i == len(from)-1; i+1 < next && !last {
			continue
		}
		next = after(i+1, g)
		if r.kept() {
			r.first.at = from[i].at
			r.countOn(from[:i+1])
			return
		}
	}
	r.rollback(mark)
}

// after is how many gangs have to be gone before it is worth to look again. With
// several shapes, where looking is expensive, they double, and the promise may
// name a later time than the first that would do.
func after(gone int, g *gang) int {
	if len(g.missing) > 1 {
		return 2 * gone
	}
	return gone + 1
}

// endings are the gangs that end in the future, the earliest first: those that
// run, and those that this round has placed.
func (r *round) endings() []ending {
	out := make([]ending, 0, len(r.ending)+len(r.begun))
	begun := r.begun
	for _, g := range r.ending {
		if !g.EndsBy.After(r.now) || g.out == r.rounds {
			continue
		}
		for len(begun) > 0 && begun[0].at.Before(g.EndsBy) {
			out, begun = append(out, begun[0]), begun[1:]
		}
		out = append(out, ending{at: g.EndsBy, gang: g, runs: g.Held})
	}
	return append(out, begun...)
}

// give gives back what a gang will have left by the time of the promise.
func (r *round) give(e *ending) {
	for _, run := range e.runs {
		r.take(run.Node, e.gang.Sets[run.Set].Shape, -run.Count, promised)
	}
}

// countOn notes whose end the promise counts on.
func (r *round) countOn(gone []ending) {
	for i := range gone {
		gone[i].gang.gone = r.rounds
	}
}

// begins notes by when what was placed just now ends, with what it held before.
func (r *round) begins(g *gang, runs []Run) {
	if g.Takes <= 0 {
		return
	}
	e := ending{at: r.now.Add(g.Takes), gang: g, runs: runs}
	switch {
	case r.first.gang == nil:
		at, _ := slices.BinarySearchFunc(r.begun, e, func(a, b ending) int {
			return cmp.Or(a.at.Compare(b.at), strings.Compare(a.gang.ID, b.gang.ID))
		})
		r.begun = slices.Insert(r.begun, at, e)
	case !e.at.After(r.first.at):
		r.give(&e)
	}
}

// delays tells whether what the trial just placed for the gang breaks the
// promise to the first one that waits. A gang that lost ranks is never held up
// by a promise: what it holds would lie idle. When one ends that waits for
// leavers is not known.
func (r *round) delays(g *gang, t *trial) bool {
	at := r.first.at
	if at.IsZero() || g.partial() {
		return false
	}
	if t.layer == current && g.Takes > 0 && !r.now.Add(g.Takes).After(at) {
		r.moving = true
		return false
	}
	if r.kept() {
		return false
	}
	r.late = true
	return true
}

// kept tells whether the first gang that waits fits at the time of its promise.
func (r *round) kept() bool {
	g := r.first.gang
	return r.feasible(&trial{groups: g.missing, layer: promised, exclude: g.Exclude})
}
