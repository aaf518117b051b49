package launcher

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

const (
	// askEvery is how often a rank asks rank 0, askPerMember how much less
	// often for every pod of the job, so that rank 0 is not kept busy.
	askEvery     = 5 * time.Second
	askPerMember = 2 * time.Millisecond
)

// askRankZero asks rank 0 from time to time while the child runs. Its answer is
// a contact, or tells that this attempt is over.
func (l *Launcher) askRankZero(ctx context.Context) {
	for {
		select {
		case <-l.clock.After(l.askInterval()):
		case <-ctx.Done():
			return
		}
		attempt := l.board.attempt()
		if l.board.phase() != launchspec.PhaseRunning {
			continue
		}
		s, err := l.peers.Status(ctx, l.cfg.Peers)
		switch {
		case err != nil || s.Rank != 0:
		case s.Attempt == attempt:
			l.heard()
		case s.Attempt > attempt:
			select {
			case l.superseded <- s.Attempt:
			case <-ctx.Done():
			}
		}
	}
}

// askInterval is jittered by a tenth, and at most a third of the time after
// which silence is fatal.
func (l *Launcher) askInterval() time.Duration {
	every := askEvery + time.Duration(l.cfg.First.Members)*askPerMember
	if orphan := l.cfg.Policy.Orphan; orphan > 0 {
		every = min(every, orphan/3)
	}
	return every - rand.N(every/10+1) // spreads load, guards nothing
}

// heard notes a contact. It never waits: one that is noted already will do.
func (l *Launcher) heard() {
	select {
	case l.contacts <- struct{}{}:
	default:
	}
}
