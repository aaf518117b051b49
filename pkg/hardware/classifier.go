package hardware

import (
	"maps"
	"slices"
	"time"
)

// The bounds of what a classifier remembers.
const (
	maxDevices = 128
	maxCodes   = 64
)

// Classifier follows one node. It is not safe for concurrent use.
type Classifier struct {
	policy  *compiled
	clock   steady
	boot    string
	devices map[string]*deviceState // the node itself is ""
	order   []string                // devices of the last sample
	past    history
	faults  ring
	scratch []float64
	// assessment is reused; see Observe.
	assessment Assessment
}

// deviceState is what is known of one device, or of the node.
type deviceState struct {
	uuid, serial, epoch string
	conditions          []conditionState
	events              map[eventClaim]*eventState
	driver              driverState
	counters            []counterState
	unreadable          time.Duration
	everRead, readable  bool
	healthySince        time.Time
	severity            Severity
	findings            []Finding
	signature           uint64
}

// New makes a classifier for a policy, which must be whole: Merge a partial one
// over Defaults first.
func New(p Policy) (*Classifier, error) {
	c, err := compile(p)
	if err != nil {
		return nil, err
	}
	return &Classifier{policy: c, devices: map[string]*deviceState{}, past: history{}}, nil
}

// Policy is the policy in force.
func (c *Classifier) Policy() Policy { return c.policy.policy }

// SetPolicy replaces the policy and keeps what was observed: events are judged
// anew, and a condition whose rule did not change goes on holding.
func (c *Classifier) SetPolicy(p Policy) error {
	next, err := compile(p)
	if err != nil {
		return err
	}
	for uuid, d := range c.devices {
		before, after := c.policy.conditions(uuid), next.conditions(uuid)
		d.conditions = carryOver(before, after, d.conditions)
		for claim, e := range d.events {
			e.rule = next.ruleFor(&Event{Kind: claim.kind, Code: claim.code, Hint: claim.hint})
			if e.rule == nil {
				delete(d.events, claim)
				continue
			}
			e.reached = e.active && e.threshold(e.bursts[len(e.bursts)-1].last)
		}
	}
	c.policy = next
	return nil
}

// conditions are the rules that apply to a device, or to the node.
func (c *compiled) conditions(uuid string) []compiledCondition {
	if uuid == "" {
		return c.node
	}
	return c.device
}

func carryOver(before, after []compiledCondition, states []conditionState) []conditionState {
	carried := make([]conditionState, len(after))
	for i, a := range after {
		for j, b := range before {
			if a.rule.Name == b.rule.Name && a.rule.When == b.rule.When && j < len(states) {
				carried[i] = states[j]
			}
		}
	}
	return carried
}

// state finds or makes the state of a device.
func (c *Classifier) state(uuid string) *deviceState {
	d := c.devices[uuid]
	if d == nil {
		d = &deviceState{
			uuid: uuid, events: map[eventClaim]*eventState{}, severity: Healthy, healthySince: c.clock.wall,
			conditions: make([]conditionState, len(c.policy.conditions(uuid))),
		}
		c.devices[uuid] = d
	}
	return d
}

// Report takes an event. It may arrive late, twice, or out of order.
func (c *Classifier) Report(e Event) {
	if e.BootID == "" {
		e.BootID = c.boot
	}
	d := c.state(e.Device)
	if e.Serial == "" {
		e.Serial = d.serial
	}
	if e.Epoch == "" && e.BootID == c.boot {
		e.Epoch = d.epoch
	}
	c.record(d, &e, c.take(d, &e))
}

// take counts an event and returns its state, or nil where no rule wants it.
func (c *Classifier) take(d *deviceState, e *Event) *eventState {
	rule := c.policy.ruleFor(e)
	if rule == nil {
		return nil
	}
	claim := eventClaim{e.Kind, e.Code, e.Hint}
	s := d.events[claim]
	if s == nil {
		s = &eventState{rule: rule, kind: e.Kind, code: e.Code}
		d.events[claim] = s
		d.boundCodes(claim)
	}
	at := c.clock.at(e.Time)
	fresh := s.add(e, at, c.policy.policy.BurstWindow)
	s.related = d.beside(claim, at, c.policy.policy.BurstWindow)
	if outcome, ok := s.outcome(); ok && fresh && outcome.Severity == Fatal && rule.Mode != Observe {
		c.past.add(e.Serial, past{at, e.Time, e.BootID, rule.Name, e.Code})
	}
	return s
}

// record writes the event into the ring.
func (c *Classifier) record(d *deviceState, e *Event, s *eventState) {
	if s == nil {
		return
	}
	f := Fault{
		First: e.Time, Last: e.Time, BootID: e.BootID, Kind: e.Kind, Code: e.Code, Hint: e.Hint, Rule: s.rule.Name,
		Device: d.uuid, Serial: e.Serial, Epoch: e.Epoch, Owners: e.Owners, Count: 1, Severity: Healthy,
	}
	if outcome, ok := s.outcome(); ok {
		f.Severity, f.Class, f.Action = outcome.Severity, outcome.Class, outcome.Action
	}
	c.faults.add(f, c.policy.policy.BurstWindow)
}

// beside names another event of the device within the window.
func (d *deviceState) beside(claim eventClaim, at time.Time, window time.Duration) string {
	var found *eventState
	for other, s := range d.events {
		if other == claim || s.rule.Outcome.Class == ClassSecondary {
			continue
		}
		if last := s.bursts[len(s.bursts)-1].last; at.Sub(last).Abs() < window && (found == nil || s.code < found.code) {
			found = s
		}
	}
	if found == nil {
		return ""
	}
	return string(found.kind) + " " + itoa(found.code)
}

// boundCodes forgets the code that was silent longest when there are too many.
func (d *deviceState) boundCodes(keep eventClaim) {
	if len(d.events) <= maxCodes {
		return
	}
	var oldest eventClaim
	var at time.Time
	for claim, s := range d.events {
		if claim == keep || s.active && s.rule.Outcome.Severity == Fatal {
			continue
		}
		if last := s.bursts[len(s.bursts)-1].last; at.IsZero() || last.Before(at) {
			oldest, at = claim, last
		}
	}
	delete(d.events, oldest)
}

// Restore takes the record of an earlier life, before the first sample.
func (c *Classifier) Restore(faults []Fault) {
	for _, f := range slices.SortedFunc(slices.Values(faults), func(a, b Fault) int { return a.First.Compare(b.First) }) {
		if c.clock.wall.Before(f.Last) {
			c.clock.step(f.Last)
		}
		c.faults.add(f, 0)
		if f.Kind == "" {
			if f.Severity == Fatal {
				c.past.add(f.Serial, past{c.clock.at(f.First), f.First, f.BootID, f.Rule, f.Code})
			}
			continue
		}
		c.restoreEvent(f)
	}
}

func (c *Classifier) restoreEvent(f Fault) {
	d := c.state(f.Device)
	d.serial = f.Serial
	e := f.event()
	c.take(d, &e)
	if f.Last.After(f.First) {
		e.Time = f.Last
		c.take(d, &e)
	}
}

// Faults is the record, oldest first. The slice is the caller's.
func (c *Classifier) Faults() []Fault { return slices.Clone(c.faults) }

// forget drops devices that neither exist nor have anything left to say.
func (c *Classifier) forget() {
	if len(c.devices) <= maxDevices {
		return
	}
	maps.DeleteFunc(c.devices, func(uuid string, d *deviceState) bool {
		return uuid != "" && !slices.Contains(c.order, uuid) && len(d.findings) == 0
	})
}
