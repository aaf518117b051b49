package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// judge compares what a server's agent says with what was done to the server.
type judge struct {
	m         *machine
	active    []*trial
	settled   []*trial
	nuisances []*happening
	incidents map[string][]time.Time // fatal ones, by serial number

	open     map[claim]*alarm
	trials   []*trial
	alarms   []alarm
	annoying []*happening
	spans    []span
	drivers  []driverSpan
	said     map[saidKey]int // open spans
}

// trial is one fault and what was said about it.
type trial struct {
	*happening
	// serials are those of the GPUs that it befell; none for a server's own.
	uuids []string
	heard bool
	// excused says that the agent was just being restarted.
	excused  bool
	after    time.Duration
	verdict  hardware.Verdict
	repaired time.Time
}

// claim is a finding on a device, or on the node where it is empty.
type claim struct {
	uuid, rule string
}

// alarm is a finding that nothing explains, or not any more.
type alarm struct {
	claim
	server string
	at     time.Time
	// blamed is the nuisance that came before it, if any did.
	blamed *happening
	stale  bool
	told   bool
}

func newJudge(m *machine) *judge {
	return &judge{m: m, incidents: map[string][]time.Time{}, open: map[claim]*alarm{}, said: map[saidKey]int{}}
}

func (j *judge) began(h *happening) {
	t := &trial{happening: h, excused: !j.m.agentRuns()}
	for i, g := range j.m.gpus {
		if !h.kind.onNode && (i == h.gpu || h.kind.everyGPU) {
			t.uuids = append(t.uuids, g.id.UUID)
			j.incidents[g.id.Serial] = append(j.incidents[g.id.Serial], j.m.now)
		}
	}
	j.active = append(j.active, t)
	j.trials = append(j.trials, t)
}

// again has what is still broken show itself once more after a reboot.
func (j *judge) again() {
	for _, t := range j.active {
		t.kind.begin(j.m, t.gpu)
	}
}

func (j *judge) repaired(h *happening) {
	i := slices.IndexFunc(j.active, func(t *trial) bool { return t.happening == h })
	t := j.active[i]
	t.repaired = j.m.now
	j.active = slices.Delete(j.active, i, i+1)
	j.settled = append(j.settled, t)
}

func (j *judge) annoyed(h *happening) {
	j.annoying = append(j.annoying, h)
	if h.nuisance == agentRestart {
		for _, t := range j.active {
			t.excused = t.excused || !t.heard
		}
	}
	j.nuisances = append(j.nuisances, h)
}

// waits says that something is shown that must still end.
func (j *judge) waits() bool { return len(j.active) == 0 && len(j.open) > 0 }

// hear takes the agent's last report.
func (j *judge) hear() {
	if !j.m.agentRuns() || j.m.report == nil {
		return
	}
	a := &j.m.report.Assessment
	j.settled = slices.DeleteFunc(j.settled, func(t *trial) bool { return j.m.now.Sub(t.repaired) > 2*time.Hour+t.kind.settles })
	j.nuisances = slices.DeleteFunc(j.nuisances, func(h *happening) bool { return j.m.now.Sub(h.to) > 30*time.Hour })
	shown := map[claim]bool{}
	j.weigh("", a.NodeFindings, a.Node, shown)
	for i := range a.Devices {
		j.weigh(a.Devices[i].UUID, a.Devices[i].Findings, a.Devices[i].Verdict, shown)
	}
	for c := range j.open {
		if !shown[c] {
			delete(j.open, c)
		}
	}
	j.note(a)
}

// weigh judges what is said about a device, or about the node.
func (j *judge) weigh(uuid string, findings []hardware.Finding, v hardware.Verdict, shown map[claim]bool) {
	for _, t := range j.active {
		if t.concerns(uuid) {
			j.credit(t, v)
		}
	}
	for i := range findings {
		f := &findings[i]
		if f.Observed || f.Outcome.Severity.Rank() < hardware.Degraded.Rank() {
			continue
		}
		c := claim{uuid, f.Rule}
		shown[c] = true
		explained, stale := j.explains(c)
		old := j.open[c]
		if old == nil {
			old = &alarm{claim: c, server: j.m.name, at: j.m.now, blamed: newest(j.nuisances)}
			j.open[c] = old
		}
		if !explained && !old.told {
			old.told, old.stale = true, stale
			j.alarms = append(j.alarms, *old)
		}
	}
}

// concerns says whether what is told about a device is about this fault.
func (t *trial) concerns(uuid string) bool {
	if t.kind.onNode {
		return uuid == ""
	}
	return len(t.uuids) > 0 && uuid == t.uuids[0]
}

func (j *judge) credit(t *trial, v hardware.Verdict) {
	if v.Severity.Rank() < t.kind.severity.Rank() {
		return
	}
	if !t.heard {
		t.heard, t.after = true, j.m.now.Sub(t.from)
	}
	t.verdict = v
}

// explains says whether a fault accounts for a finding. One that was repaired
// does for a while; after that the finding is stale.
func (j *judge) explains(c claim) (explained, stale bool) {
	for i := range escalations {
		if e := &escalations[i]; e.Name == c.rule {
			return j.repeats(c.uuid, e), false
		}
	}
	for _, t := range j.active {
		if t.touches(c.uuid) {
			return true, false
		}
	}
	for _, t := range j.settled {
		if t.touches(c.uuid) {
			if j.m.now.Sub(t.repaired) <= t.kind.settles {
				return true, false
			}
			stale = true
		}
	}
	return false, stale
}

var escalations = hardware.Defaults().Escalations

// repeats says whether a device's past deserves an escalation.
func (j *judge) repeats(uuid string, e *hardware.Escalation) bool {
	for _, g := range j.m.gpus {
		if g.id.UUID != uuid {
			continue
		}
		n := 0
		for _, at := range j.incidents[g.id.Serial] {
			if j.m.now.Sub(at) <= e.Window+time.Hour {
				n++
			}
		}
		return n >= max(e.Count, e.Boots)
	}
	return false
}

// touches is concerns, and what a GPU's fault says about its server.
func (t *trial) touches(uuid string) bool {
	if uuid == "" {
		return true
	}
	return slices.Contains(t.uuids, uuid)
}

// finish ends the year: what is still open was heard or not.
func (j *judge) finish() {
	for i := range j.spans {
		if j.spans[i].until.IsZero() {
			j.spans[i].until = j.m.now
		}
	}
}

// missed says that a fault was not told in time, or not at all.
func (t *trial) missed() bool {
	within := t.kind.within
	if t.excused {
		within += 10 * time.Minute
	}
	return !t.heard || t.after > within
}

func (t *trial) wrongAction() bool {
	return t.heard && !slices.Contains(t.kind.actions, t.verdict.Action)
}

func (a *alarm) String() string {
	blamed := "nothing"
	if a.blamed != nil {
		blamed = fmt.Sprintf("%s at %s", a.blamed.nuisance.name, a.blamed.from.Format(time.RFC3339))
	}
	return fmt.Sprintf("%s %s %s %s, stale %v, after %s", a.at.Format(time.RFC3339), a.server, a.uuid, a.rule, a.stale, blamed)
}
