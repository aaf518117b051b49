package hardware

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxOccurrences bounds the bursts remembered for one code on one device.
const maxOccurrences = 32

// burst is a run of the same event on one device, counted once.
type burst struct {
	first, last time.Time // steady
	owners      []string
	boot, epoch string
}

// eventState follows one rule and code on one device.
type eventState struct {
	rule   *Rule
	kind   EventKind
	code   int
	bursts []burst

	quiet   time.Duration
	active  bool
	reached bool
	next    bool
	since   time.Time // wall
	seen    time.Time
	related string
}

// add takes an occurrence and reports whether it began a new burst.
func (s *eventState) add(e *Event, at time.Time, window time.Duration) (fresh bool) {
	before := len(s.bursts)
	s.next = s.next || s.resetDidNotHelp(e)
	s.insert(burst{first: at, last: at, owners: e.Owners, boot: e.BootID, epoch: e.Epoch}, window)
	fresh = len(s.bursts) > before
	if len(s.bursts) > maxOccurrences {
		s.bursts = slices.Delete(s.bursts, 0, len(s.bursts)-maxOccurrences)
	}
	s.quiet = 0
	if !s.active || e.Time.Before(s.since) {
		s.active, s.since = true, e.Time
	}
	if e.Time.After(s.seen) {
		s.seen = e.Time
	}
	s.reached = s.reached || s.threshold(s.bursts[len(s.bursts)-1].last)
	return fresh
}

// resetDidNotHelp says that the device was reset since the last burst, in the
// same boot and less than a day ago.
func (s *eventState) resetDidNotHelp(e *Event) bool {
	if len(s.bursts) == 0 {
		return false
	}
	last := s.bursts[len(s.bursts)-1]
	return last.boot == e.BootID && differ(last.epoch, e.Epoch) && e.Time.Sub(s.seen) < day
}

// insert keeps the bursts in order and merges those that touch, so that the
// order in which events arrive does not matter.
func (s *eventState) insert(b burst, window time.Duration) {
	at, _ := slices.BinarySearchFunc(s.bursts, b.first, func(x burst, t time.Time) int { return x.first.Compare(t) })
	s.bursts = slices.Insert(s.bursts, at, b)
	merged := s.bursts[:0]
	for _, next := range s.bursts {
		if i := joins(merged, &next, window); i >= 0 {
			merged[i].absorb(&next)
			continue
		}
		merged = append(merged, next)
	}
	s.bursts = merged
}

// joins finds the burst that the next one continues, or -1.
func joins(bursts []burst, next *burst, window time.Duration) int {
	for i := range slices.Backward(bursts) {
		if next.first.Sub(bursts[i].last) < window && sameBurst(&bursts[i], next) {
			return i
		}
	}
	return -1
}

func (b *burst) absorb(next *burst) {
	if next.last.After(b.last) {
		b.last = next.last
	}
	b.owners, b.epoch = orElse(b.owners, next.owners), newer(b.epoch, next.epoch)
}

// sameBurst keeps apart what different owners or boots saw; an event without an
// owner, as an old kernel message is, joins the one beside it.
func sameBurst(a, b *burst) bool {
	if a.boot != b.boot && a.boot != "" && b.boot != "" {
		return false
	}
	return len(a.owners) == 0 || len(b.owners) == 0 || slices.Equal(a.owners, b.owners)
}

func orElse(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	return a
}

func newer(a, b string) string {
	if b != "" {
		return b
	}
	return a
}

// threshold says whether count and owners suffice in the window that ends now.
func (s *eventState) threshold(now time.Time) bool {
	recent := s.bursts
	if s.rule.Window > 0 {
		horizon := now.Add(-s.rule.Window)
		from := slices.IndexFunc(recent, func(b burst) bool { return b.last.After(horizon) })
		recent = recent[max(from, 0):]
	}
	return len(recent) >= max(s.rule.Count, 1) && distinctOwners(recent) >= s.rule.Owners
}

// distinctOwners is a lower bound on how many different owners it takes to
// explain the bursts: the most bursts, taken in order, of which no two share an
// owner. On a shared device every holder may have done it, so {a,b} and {b,c}
// prove one owner, not two.
func distinctOwners(bursts []burst) int {
	var seen []string
	n := 0
	for _, b := range bursts {
		if len(b.owners) == 0 || slices.ContainsFunc(b.owners, func(o string) bool { return slices.Contains(seen, o) }) {
			continue
		}
		seen = append(seen, b.owners...)
		n++
	}
	return n
}

// advance lets time pass and ends the finding when it may end.
func (s *eventState) advance(w where) {
	s.quiet += w.clock.watched
	if !s.active {
		return
	}
	if !s.reached && s.rule.Below != nil && s.quiet >= pastBaseline {
		s.active = false // what is below the threshold is still counted, and no longer shown
		return
	}
	last := s.bursts[len(s.bursts)-1]
	rebooted := last.boot != "" && last.boot != w.boot
	if cleared(s.rule, s.quiet, rebooted, differ(last.epoch, w.epoch)) {
		s.active, s.reached, s.next = false, false, false
	}
}

// expired says that nothing of the state can matter any more.
func (s *eventState) expired(now time.Time) bool {
	return !s.active && now.Sub(s.bursts[len(s.bursts)-1].last) > max(s.rule.Window, day)
}

func (s *eventState) outcome() (Outcome, bool) {
	switch {
	case s.reached && s.next && s.rule.Next != "":
		o := s.rule.Outcome
		o.Action = s.rule.Next
		return o, true
	case s.reached:
		return s.rule.Outcome, true
	case s.rule.Below != nil:
		return *s.rule.Below, true
	}
	return Outcome{}, false
}

func (s *eventState) finding() (Finding, bool) {
	outcome, ok := s.outcome()
	if !ok || !s.active {
		return Finding{}, false
	}
	return Finding{
		Rule: s.rule.Name, Code: s.code, Outcome: outcome, Reason: s.reason(outcome), Since: s.since, Seen: s.seen,
		Count: len(s.bursts), Observed: s.rule.Mode == Observe, BootID: s.bursts[len(s.bursts)-1].boot,
	}, true
}

func (s *eventState) reason(outcome Outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", s.kind, s.code)
	if n := len(s.bursts); n > 1 {
		fmt.Fprintf(&b, ", %d times", n)
	}
	if owners := distinctOwners(s.bursts); s.rule.Owners > 1 {
		fmt.Fprintf(&b, ", %d of %d owners", min(owners, s.rule.Owners), s.rule.Owners)
	}
	if s.related != "" {
		fmt.Fprintf(&b, " beside %s", s.related)
	}
	return b.String() + ": " + outcome.Advice
}
