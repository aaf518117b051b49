package hardware

import (
	"strings"
	"time"
)

// maxSpans bounds what is remembered for a condition that must hold for a share
// of a window; beyond it the oldest span is forgotten, so it holds for less.
const maxSpans = 128

type span struct{ from, to time.Time }

// conditionState follows one condition on one device.
type conditionState struct {
	last   Truth
	held   time.Duration // without a break
	quiet  time.Duration // known to be false, since it was last true
	silent time.Duration // undecided
	spans  []span        // when it was true, where the rule has a window

	active  bool
	next    bool // a reset did not help
	since   time.Time
	seen    time.Time
	boot    string
	epoch   string
	numbers string
}

// where is the place and time at which a state is advanced.
type where struct {
	clock       *steady
	wall        time.Time
	boot, epoch string
}

// advance takes the condition's truth at the clock's time and reports whether
// the finding has just begun.
func (s *conditionState) advance(rule *Rule, t Truth, w where) (raised bool) {
	s.hold(rule, t, w.clock)
	s.last = t
	if t == True {
		s.seen = w.wall
		if s.fulfilled(rule, w.clock.now) {
			return s.raise(w)
		}
		return false
	}
	if s.active && t == False && s.clears(rule, w) {
		*s = conditionState{last: t}
	}
	return false
}

// hold keeps the durations. Only time between two samples that agree counts.
func (s *conditionState) hold(rule *Rule, t Truth, clock *steady) {
	step := clock.watched
	switch t {
	case True:
		s.quiet, s.silent = 0, 0
		if s.last == False || step == 0 {
			s.held = 0
		}
		if s.last == True {
			s.held += step
		}
	case False:
		s.held, s.silent = 0, 0
		s.quiet += step
	case Undecided:
		if s.silent += step; s.silent > maxGap {
			s.held = 0
		}
	}
	if rule.Within > 0 {
		s.remember(rule.Within, t == True && s.last == True, clock)
	}
}

func (s *conditionState) remember(within time.Duration, held bool, clock *steady) {
	if held && clock.watched > 0 {
		from := clock.now.Add(-clock.watched)
		if n := len(s.spans); n > 0 && s.spans[n-1].to.Equal(from) {
			s.spans[n-1].to = clock.now
		} else {
			s.spans = append(s.spans, span{from, clock.now})
		}
	}
	horizon, old := clock.now.Add(-within), 0
	for old < len(s.spans) && (!s.spans[old].to.After(horizon) || len(s.spans)-old > maxSpans) {
		old++
	}
	s.spans = append(s.spans[:0], s.spans[old:]...)
}

func (s *conditionState) fulfilled(rule *Rule, now time.Time) bool {
	if rule.Within == 0 {
		return s.held >= rule.For
	}
	horizon, sum := now.Add(-rule.Within), time.Duration(0)
	for _, sp := range s.spans {
		from := sp.from
		if from.Before(horizon) {
			from = horizon
		}
		sum += sp.to.Sub(from)
	}
	return sum >= rule.For
}

func (s *conditionState) raise(w where) bool {
	if s.active {
		s.next = s.next || s.boot == w.boot && differ(s.epoch, w.epoch)
		return false
	}
	s.active, s.since, s.boot, s.epoch = true, w.wall, w.boot, w.epoch
	return true
}

func (s *conditionState) clears(rule *Rule, w where) bool {
	return cleared(rule, s.quiet, w.boot != s.boot, differ(w.epoch, s.epoch))
}

// cleared says whether quiet, a reset and a reboot suffice to end a finding.
func cleared(rule *Rule, quiet time.Duration, rebooted, reset bool) bool {
	switch rule.ClearOn {
	case ClearReboot:
		if !rebooted {
			return false
		}
	case ClearReset:
		if !rebooted && !reset {
			return false
		}
	case ClearQuiet:
	}
	return quiet >= rule.ClearAfter || rebooted && rule.ClearOn != ClearQuiet
}

// differ says that two epochs are both known and not the same.
func differ(a, b string) bool { return a != b && a != "" && b != "" }

func (s *conditionState) finding(rule *Rule) Finding {
	f := Finding{
		Rule: rule.Name, Outcome: rule.Outcome, Since: s.since, Seen: s.seen, Count: 1,
		BootID: s.boot, Observed: rule.Mode == Observe,
	}
	if s.next && rule.Next != "" {
		f.Outcome.Action = rule.Next
	}
	f.Reason = strings.TrimPrefix(s.numbers+": "+rule.Outcome.Advice, ": ")
	return f
}
