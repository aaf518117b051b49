package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Assessment is what is known of a node at one time.
type Assessment struct {
	Time   time.Time
	BootID string
	// Node is the verdict about the node apart from its devices.
	Node         Verdict
	NodeFindings []Finding
	// Devices are in the order of the sample.
	Devices []DeviceAssessment
	// Worst is the worst of Node and all devices.
	Worst Verdict
	// Changed says that a verdict, a finding or the record changed.
	Changed bool
}

// DeviceAssessment is what is known of one device.
type DeviceAssessment struct {
	UUID, Serial string
	Verdict      Verdict
	Findings     []Finding
}

// Healthy counts the devices without fault.
func (a *Assessment) Healthy() int {
	n := 0
	for i := range a.Devices {
		if a.Devices[i].Verdict.Severity == Healthy {
			n++
		}
	}
	return n
}

// Observe takes a sample and judges the node. It completes the sample with what
// it derives: rates, and how devices compare with their neighbours. The
// assessment is valid until the next call.
func (c *Classifier) Observe(s *Sample) *Assessment {
	c.clock.step(s.Time)
	c.boot = s.BootID
	a := &c.assessment
	a.Time, a.BootID, a.Changed = s.Time, s.BootID, false
	c.order = c.order[:0]
	c.scratch = comparePeers(s.Devices, c.scratch)

	node := c.state("")
	c.follow(node, &s.Node, nodeRates, true, where{&c.clock, s.Time, s.BootID, ""})
	if cap(a.Devices) < len(s.Devices) {
		a.Devices = make([]DeviceAssessment, len(s.Devices))
	}
	a.Changed = len(a.Devices) != len(s.Devices)
	a.Devices = a.Devices[:len(s.Devices)]
	for i := range s.Devices {
		a.Changed = c.observeDevice(&s.Devices[i], s, &a.Devices[i]) || a.Changed
	}
	c.shared(node, a)
	a.Node, a.NodeFindings = c.verdict(node), node.findings
	a.Changed = node.changed() || a.Changed
	a.Worst = worst(a)
	c.past.prune(c.clock.now, c.longestEscalation())
	c.forget()
	return a
}

func (c *Classifier) observeDevice(ds *DeviceSample, s *Sample, out *DeviceAssessment) (changed bool) {
	d := c.state(ds.UUID)
	c.order = append(c.order, ds.UUID)
	d.serial = cmp.Or(ds.Serial, d.serial)
	d.epoch = cmp.Or(ds.Epoch, d.epoch)
	ds.Vars.overlay(&s.Node)
	c.follow(d, &ds.Vars, deviceRates, ds.Readable, where{&c.clock, s.Time, s.BootID, d.epoch})
	*out = DeviceAssessment{UUID: ds.UUID, Serial: d.serial, Verdict: c.verdict(d), Findings: d.findings}
	return d.changed()
}

// follow advances everything about one device, or the node.
func (c *Classifier) follow(d *deviceState, vars *Vars, rates []rate, readable bool, w where) {
	if d.counters == nil {
		d.counters = make([]counterState, len(rates))
	}
	for i := range rates {
		d.counters[i].advance(&rates[i], vars, w.clock)
	}
	d.read(readable, w)
	if d.driver.advance(vars, w) {
		c.recordFinding(d, "", w)
	}
	conditions := c.policy.conditions(d.uuid)
	for i := range conditions {
		c.advance(d, &conditions[i], &d.conditions[i], vars, w)
	}
	for claim, e := range d.events {
		e.advance(w)
		if e.expired(w.clock.now) {
			delete(d.events, claim)
		}
	}
	c.collect(d, w)
}

// changed says whether the findings differ from those of the last call.
func (d *deviceState) changed() bool {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	mix := func(s string) {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * prime
		}
		h = (h ^ 0xff) * prime
	}
	for i := range d.findings {
		f := &d.findings[i]
		mix(f.Rule)
		mix(string(f.Outcome.Severity))
		mix(string(f.Outcome.Action))
		h = (h ^ uint64(f.Code)) * prime
		h = (h ^ uint64(f.Count)) * prime
	}
	before := d.signature
	d.signature = h
	return before != h
}

// read follows whether the device answers.
func (d *deviceState) read(readable bool, w where) {
	if d.readable = readable; readable {
		d.everRead, d.unreadable = true, 0
		return
	}
	d.unreadable += w.clock.watched
}

// advance moves one condition.
func (c *Classifier) advance(d *deviceState, cond *compiledCondition, s *conditionState, vars *Vars, w where) {
	t := cond.when.Eval(vars)
	if raised := s.advance(cond.rule, t, w); !raised {
		return
	}
	s.numbers = cond.when.Describe(vars)
	c.recordFinding(d, cond.rule.Name, w)
	if cond.rule.Outcome.Severity == Fatal && cond.rule.Mode != Observe {
		c.past.add(d.serial, past{w.clock.now, w.wall, w.boot, cond.rule.Name, 0})
	}
}

// recordFinding writes a condition that began, or the driver's wish where rule
// is empty, into the ring. What is merely informational stays out of it.
func (c *Classifier) recordFinding(d *deviceState, rule string, w where) {
	f := Fault{
		First: w.wall, Last: w.wall, BootID: w.boot, Rule: rule, Device: d.uuid, Serial: d.serial, Epoch: w.epoch, Count: 1,
	}
	if rule == "" {
		finding, _ := d.driver.finding(c.policy.actions)
		f.Rule, f.Code = finding.Rule, finding.Code
		f.Severity, f.Class, f.Action = finding.Outcome.Severity, finding.Outcome.Class, finding.Outcome.Action
	} else {
		r := c.policy.rule(rule)
		if r.Outcome.Class == ClassInformational || r.Mode == Observe {
			return
		}
		f.Severity, f.Class, f.Action = r.Outcome.Severity, r.Outcome.Class, r.Outcome.Action
	}
	c.faults.add(f, c.policy.policy.BurstWindow)
}

func (c *compiled) rule(name string) *Rule {
	i := slices.IndexFunc(c.policy.Rules, func(r Rule) bool { return r.Name == name })
	return &c.policy.Rules[i]
}

// collect gathers the findings of a device, worst first.
func (c *Classifier) collect(d *deviceState, w where) {
	d.findings = d.findings[:0]
	conditions := c.policy.conditions(d.uuid)
	for i := range conditions {
		if s := &d.conditions[i]; s.active {
			d.findings = append(d.findings, s.finding(conditions[i].rule))
		}
	}
	for _, e := range d.events {
		if f, ok := e.finding(); ok {
			d.findings = append(d.findings, f)
		}
	}
	if f, ok := d.driver.finding(c.policy.actions); ok {
		d.findings = append(d.findings, f)
	}
	for i := range c.policy.policy.Escalations {
		if f, ok := c.past.escalate(&c.policy.policy.Escalations[i], d.serial, w.clock.now); ok {
			d.findings = append(d.findings, f)
		}
	}
	if f, ok := d.silence(c.policy.policy.UnknownAfter, w); ok {
		d.findings = append(d.findings, f)
	}
	for i := range d.findings {
		d.findings[i].Device, d.findings[i].Serial = d.uuid, d.serial
	}
	slices.SortFunc(d.findings, byWeight)
}

func byWeight(a, b Finding) int {
	switch {
	case a.Observed != b.Observed:
		if a.Observed {
			return 1
		}
		return -1
	case outweighs(&a, &b):
		return -1
	case outweighs(&b, &a):
		return 1
	}
	return cmp.Compare(a.Code, b.Code)
}

// silence is the finding about a device that cannot be read.
func (d *deviceState) silence(after time.Duration, w where) (Finding, bool) {
	if d.readable || d.everRead && d.unreadable < after {
		return Finding{}, false
	}
	advice := "too little is known to say more; see the agent's log"
	return Finding{
		Rule: unreadable, Since: w.wall.Add(-d.unreadable), Seen: w.wall, Count: 1, BootID: w.boot,
		Outcome: Outcome{Unknown, ClassNone, ActionObserve, advice},
		Reason:  fmt.Sprintf("not readable for %v: %s", d.unreadable.Round(time.Second), advice),
	}, true
}

// verdict judges a device and remembers since when it has been healthy.
func (c *Classifier) verdict(d *deviceState) Verdict {
	v := judge(d.findings, d.healthySince)
	if v.Severity == Healthy && d.severity != Healthy {
		d.healthySince = c.clock.wall
		v = judge(d.findings, d.healthySince)
	}
	d.severity = v.Severity
	return v
}

func (c *Classifier) longestEscalation() time.Duration {
	longest := time.Duration(0)
	for _, e := range c.policy.policy.Escalations {
		longest = max(longest, e.Window)
	}
	return longest
}

func worst(a *Assessment) Verdict {
	w := a.Node
	for i := range a.Devices {
		if v := a.Devices[i].Verdict; v.Severity.Rank() > w.Severity.Rank() {
			w = v
		}
	}
	return w
}
