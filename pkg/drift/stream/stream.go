// Package stream watches one number a point in time, such as an error or a drift
// score, and says when its level has changed. ADWIN and PageHinkley follow River,
// step for step; Watch feeds either in order of event time.
package stream

import (
	"slices"
	"time"
)

// Detector learns one value at a time and says whether the level has changed by
// now. After it has said so it begins anew.
type Detector interface {
	Add(value float64) bool
}

// Point is a value and when the event happened, as opposed to when it arrived.
type Point struct {
	Time  time.Time
	Value float64
}

// Alarm is a change of level: the event that gave it away.
type Alarm struct {
	Index int
	Time  time.Time
}

// Watch feeds points to a detector in order of event time, ties in the order
// given, and returns the alarms; Index counts in that order. The points
// themselves are not reordered.
func Watch(points []Point, detector Detector) []Alarm {
	ordered := slices.Clone(points)
	slices.SortStableFunc(ordered, func(a, b Point) int { return a.Time.Compare(b.Time) })
	var alarms []Alarm
	for i, p := range ordered {
		if detector.Add(p.Value) {
			alarms = append(alarms, Alarm{Index: i, Time: p.Time})
		}
	}
	return alarms
}
