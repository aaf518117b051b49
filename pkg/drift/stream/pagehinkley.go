package stream

import "math"

// PageHinkley is the Page-Hinkley test (Page, "Continuous Inspection Schemes",
// 1954) with a fading sum, in both directions: the sum of deviations from the
// running mean, less a drift Delta that is tolerated, against its own extreme.
type PageHinkley struct {
	// MinInstances is the number of values before the first alarm.
	MinInstances int
	// Delta is the deviation a step that is tolerated.
	Delta float64
	// Threshold is the rise of the sum that is an alarm.
	Threshold float64
	// Alpha is the share of the sum that is kept from step to step.
	Alpha float64

	seen                  int
	mean                  float64
	increase, decrease    float64
	lowest, highest       float64
	changedSinceLastReset bool
}

// NewPageHinkley has River's defaults: 30, 0.005, 50, 0.9999.
func NewPageHinkley() *PageHinkley {
	return &PageHinkley{MinInstances: 30, Delta: 0.005, Threshold: 50, Alpha: 0.9999}
}

// Add implements Detector.
func (p *PageHinkley) Add(value float64) bool {
	if p.seen == 0 || p.changedSinceLastReset {
		p.reset()
	}
	p.seen++
	p.mean += (value - p.mean) / float64(p.seen)
	deviation := value - p.mean
	p.increase = p.Alpha*p.increase + deviation - p.Delta
	p.decrease = p.Alpha*p.decrease + deviation + p.Delta
	p.lowest = math.Min(p.lowest, p.increase)
	p.highest = math.Max(p.highest, p.decrease)
	p.changedSinceLastReset = p.seen >= p.MinInstances &&
		(p.increase-p.lowest > p.Threshold || p.highest-p.decrease > p.Threshold)
	return p.changedSinceLastReset
}

func (p *PageHinkley) reset() {
	p.seen, p.mean, p.increase, p.decrease = 0, 0, 0, 0
	// River starts the maximum at -1, not at minus infinity.
	p.lowest, p.highest = math.Inf(1), -1
	p.changedSinceLastReset = false
}
