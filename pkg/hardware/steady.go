package hardware

import "time"

// maxGap is the longest silence between two samples that still counts as
// having watched. Longer ones add nothing to how long a condition held or was
// quiet, so that a leap of the clock or a dead agent decides nothing.
const maxGap = 2 * time.Minute

// steady is a clock made of the samples' own times that never runs backwards.
type steady struct {
	// now is the steady time, wall the last time that was told.
	now, wall time.Time
	// watched is how much of the last step counts as having watched.
	watched time.Duration
}

// step moves the clock to the time of a sample.
func (s *steady) step(wall time.Time) {
	if s.wall.IsZero() {
		s.now, s.wall, s.watched = wall, wall, 0
		return
	}
	elapsed := max(wall.Sub(s.wall), 0)
	s.wall, s.now, s.watched = wall, s.now.Add(elapsed), elapsed
	if elapsed > maxGap {
		s.watched = 0
	}
}

// at translates the time of an event; the future is now.
func (s *steady) at(wall time.Time) time.Time {
	if s.wall.IsZero() || wall.After(s.wall) {
		return s.latest(wall)
	}
	return s.now.Add(wall.Sub(s.wall))
}

func (s *steady) latest(wall time.Time) time.Time {
	if s.now.IsZero() {
		return wall
	}
	return s.now.Add(min(wall.Sub(s.wall), maxGap))
}
