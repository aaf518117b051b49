package progress

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTracker(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0).UTC() }
	tests := map[string]struct {
		updates []Update
		want    *Snapshot
	}{
		"nothing yet": {nil, nil},
		"the last of each value": {
			[]Update{
				{Step: ptr(int64(1)), Epoch: ptr(1.0), Metrics: []Metric{{"loss", 0.5}}},
				{Step: ptr(int64(2)), Metrics: []Metric{{"accuracy", 0.7}}, ComputeSeconds: ptr(0.2)},
			},
			&Snapshot{Step: ptr(int64(2)), Epoch: ptr(1.0), ComputeSeconds: ptr(0.2), Metrics: map[string]float64{"loss": 0.5, "accuracy": 0.7}, Time: at(2)},
		},
		"a program may set its own step back": {
			[]Update{{Step: ptr(int64(9))}, {Step: ptr(int64(4))}},
			&Snapshot{Step: ptr(int64(4)), Time: at(2)},
		},
		"a log rule may not": {
			[]Update{{Step: ptr(int64(9)), TotalSteps: ptr(int64(10))}, {Step: ptr(int64(4)), TotalSteps: ptr(int64(5)), Epoch: ptr(2.0), inferred: true}},
			&Snapshot{Step: ptr(int64(9)), TotalSteps: ptr(int64(10)), Epoch: ptr(2.0), Time: at(2)},
		},
		"a metric that is not finite is flagged until it is": {
			[]Update{{Metrics: []Metric{{"loss", 1}, {"b", math.Inf(1)}, {"a", math.Inf(-1)}}}, {Metrics: []Metric{{"loss", math.NaN()}, {"b", 2}}}},
			&Snapshot{Metrics: map[string]float64{"b": 2}, NonFinite: []string{"a", "loss"}, Time: at(2)},
		},
		"what was not understood adds up": {
			[]Update{{Invalid: 2}, {Invalid: 1}},
			&Snapshot{Invalid: 3, Time: at(2)},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var tracker Tracker
			for i, u := range tc.updates {
				tracker.Apply(u, at(i+1))
			}
			if diff := cmp.Diff(tc.want, tracker.Snapshot()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTrackerBoundsNames(t *testing.T) {
	var tracker Tracker
	for i := range 10 * MaxMetrics {
		v := float64(i)
		if i%2 == 0 {
			v = math.NaN()
		}
		tracker.Apply(Update{Metrics: []Metric{{fmt.Sprintf("m%d", i), v}}}, time.Time{})
	}
	tracker.Apply(Update{Metrics: []Metric{{"m1", 99}}}, time.Time{})
	s := tracker.Snapshot()
	if n := len(s.Metrics) + len(s.NonFinite); n != MaxMetrics || !s.Truncated {
		t.Errorf("%d names kept, truncated %v", n, s.Truncated)
	}
	if s.Metrics["m1"] != 99 {
		t.Error("a name that was kept is no longer updated")
	}
}

func TestSnapshotDoesNotChangeAfterwards(t *testing.T) {
	var tracker Tracker
	tracker.Apply(Update{Step: ptr(int64(1)), Metrics: []Metric{{"loss", 1}}}, time.Time{})
	before := tracker.Snapshot()
	tracker.Apply(Update{Step: ptr(int64(2)), Metrics: []Metric{{"loss", 2}}}, time.Time{})
	if *before.Step != 1 || before.Metrics["loss"] != 1 {
		t.Errorf("changed to %+v", before)
	}
}
