package progress

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Tracker adds the updates of one attempt up. The zero value is ready; it is
// not safe for concurrent use.
type Tracker struct {
	now       Snapshot
	nonFinite map[string]struct{}
	seen      bool
}

// Apply takes an update in. A program that reports its step itself may set it
// back; a step that a log rule read may not go backwards within an attempt.
func (t *Tracker) Apply(u Update, now time.Time) {
	t.seen = true
	t.now.Time = now
	t.now.Invalid += int64(u.Invalid)
	if backwards := u.inferred && u.Step != nil && t.now.Step != nil && *u.Step < *t.now.Step; !backwards {
		replace(&t.now.Step, u.Step)
		replace(&t.now.TotalSteps, u.TotalSteps)
	}
	replace(&t.now.Epoch, u.Epoch)
	replace(&t.now.ComputeSeconds, u.ComputeSeconds)
	replace(&t.now.DataSeconds, u.DataSeconds)
	for _, m := range u.Metrics {
		t.metric(m)
	}
}

func replace[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

func (t *Tracker) metric(m Metric) {
	_, finite := t.now.Metrics[m.Name]
	_, flagged := t.nonFinite[m.Name]
	if !finite && !flagged && len(t.now.Metrics)+len(t.nonFinite) >= MaxMetrics {
		t.now.Truncated = true
		return
	}
	if math.IsNaN(m.Value) || math.IsInf(m.Value, 0) {
		delete(t.now.Metrics, m.Name)
		if t.nonFinite == nil {
			t.nonFinite = make(map[string]struct{})
		}
		t.nonFinite[m.Name] = struct{}{}
		return
	}
	delete(t.nonFinite, m.Name)
	if t.now.Metrics == nil {
		t.now.Metrics = make(map[string]float64)
	}
	t.now.Metrics[m.Name] = m.Value
}

// Snapshot is what is known now, or nil if nothing was reported yet. It shares
// nothing that changes with the tracker.
func (t *Tracker) Snapshot() *Snapshot {
	if !t.seen {
		return nil
	}
	s := t.now
	s.Metrics = maps.Clone(t.now.Metrics)
	s.NonFinite = slices.Sorted(maps.Keys(t.nonFinite))
	return &s
}
