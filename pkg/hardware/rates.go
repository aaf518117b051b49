package hardware

import (
	"slices"
	"time"
)

// rate derives a rate from a running counter.
type rate struct {
	counter, rate VarID
	// per is the span of the rate's unit.
	per time.Duration
	// perLane divides by the lanes of the PCIe link.
	perLane bool
	// over is how far back the rate looks.
	over time.Duration
}

var deviceRates = []rate{
	{VarPCIeReplays, VarPCIeReplayRate, time.Minute, true, 5 * time.Minute},
	{VarLinkCRCErrors, VarLinkCRCRate, time.Second, false, time.Minute},
	{VarLinkReplays, VarLinkReplayRate, time.Second, false, time.Minute},
	{VarLinkRecoveries, VarLinkRecoveryRate, time.Second, false, time.Minute},
}

var nodeRates = []rate{
	{VarMemoryCorrected, VarMemoryCorrectedRate, time.Hour, false, time.Hour},
	{VarCPUThrottleEvents, VarCPUThrottleRate, time.Minute, false, 10 * time.Minute},
	{VarFabricErrors, VarFabricErrorRate, time.Hour, false, time.Hour},
}

// maxReadings bounds the readings kept for a rate: it needs the oldest in its
// window and the newest, and a few between to let the window slide.
const maxReadings = 16

type reading struct {
	at    time.Time
	value float64
}

// counterState remembers readings of one counter, spread over its window.
type counterState struct{ readings []reading }

// advance takes a reading and sets the rate once the window is long enough to
// say anything: a tenth of it.
func (s *counterState) advance(r *rate, vars *Vars, clock *steady) {
	value, known := vars.Get(r.counter)
	if !known {
		return
	}
	now := clock.now
	if n := len(s.readings); n > 0 && (value < s.readings[n-1].value || clock.watched == 0) {
		s.readings = s.readings[:0] // the counter was reset, or nobody watched
	}
	for len(s.readings) > 1 && now.Sub(s.readings[1].at) >= r.over {
		s.readings = slices.Delete(s.readings, 0, 1)
	}
	if n := len(s.readings); n > 0 {
		if span := now.Sub(s.readings[0].at); span >= r.over/10 {
			vars.Set(r.rate, s.rate(r, value, span, vars))
		}
	}
	s.keep(reading{now, value}, r.over)
}

func (s *counterState) rate(r *rate, value float64, span time.Duration, vars *Vars) float64 {
	result := (value - s.readings[0].value) * float64(r.per) / float64(span)
	if lanes, known := vars.Get(VarPCIeWidth); r.perLane && known && lanes > 0 {
		result /= lanes
	}
	return result
}

// keep adds the reading if the last one kept is old enough to matter, and
// remembers the newest value to notice a reset.
func (s *counterState) keep(r reading, over time.Duration) {
	n := len(s.readings)
	if n > 1 && s.readings[n-1].at.Sub(s.readings[n-2].at) < over/(maxReadings-2) {
		s.readings[n-1] = r
		return
	}
	s.readings = append(s.readings, r)
}
