package agent

import (
	"slices"
	"time"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/kmsg"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// echo is within how long the same error may come by both ways, from NVML and
// from the kernel's log.
const echo = 15 * time.Second

// maxHeard bounds how many events are remembered for that.
const maxHeard = 1024

// Core judges what the sampler and the drivers say. It is for one goroutine.
type Core struct {
	// Heard is told of every event, from the driver or the kernel's log, as it is
	// judged; it may be nil.
	Heard func(hardware.Event)

	classifier *hardware.Classifier
	policy     v1alpha1.PolicyInForce
	last       *Snapshot
	recent     []heard
	// known is until when, in which boot, an earlier life of the agent heard and
	// published everything.
	known struct {
		boot  string
		until time.Time
	}
}

type heard struct {
	device string
	code   int
	at     time.Time
}

// Report is what a core concluded, ready to be shown. Nobody changes it.
type Report struct {
	Snapshot *Snapshot
	Status   v1alpha1.NodeHardwareStatus
	// Findings counts what holds, by device; the metrics show it.
	Assessment hardware.Assessment
	Changed    bool
}

// BuiltIn is the name of the built-in policy.
const BuiltIn = "built-in"

// NewCore makes a core that judges by a policy.
func NewCore(policy hardware.Policy) (*Core, error) {
	classifier, err := hardware.New(policy)
	if err != nil {
		return nil, err
	}
	return &Core{classifier: classifier, policy: v1alpha1.PolicyInForce{Name: policy.Name}}, nil
}

// Restore takes what an earlier life of the agent published.
func (c *Core) Restore(status *v1alpha1.NodeHardwareStatus) {
	c.classifier.Restore(FaultsOf(status))
	if status.HeartbeatTime != nil {
		c.known.boot, c.known.until = status.BootID, status.HeartbeatTime.Add(time.Second) // it tells whole seconds
	}
}

// SetPolicy judges by another policy from now on; nil is the built-in one. A
// policy that is wrong changes nothing but what is said about it.
func (c *Core) SetPolicy(p *v1alpha1.HardwarePolicy) error {
	next, inForce := hardware.Defaults(), v1alpha1.PolicyInForce{Name: BuiltIn}
	if p != nil {
		var err error
		if next, err = PolicyFor(p); err != nil {
			c.policy.Problem = short(err.Error(), maxReason)
			return err
		}
		inForce = v1alpha1.PolicyInForce{Name: p.Name, Generation: p.Generation}
	}
	if err := c.classifier.SetPolicy(next); err != nil {
		c.policy.Problem = short(err.Error(), maxReason)
		return err
	}
	c.policy = inForce
	return nil
}

// Looked says that there is a snapshot, by which events can be judged.
func (c *Core) Looked() bool { return c.last != nil }

// Take judges a snapshot.
func (c *Core) Take(snap *Snapshot) *Report {
	c.last = snap
	return c.report(c.classifier.Observe(&snap.Sample), snap)
}

// Event judges an event at once, by the last snapshot. It reports nil before
// there is one.
func (c *Core) Event(e nvml.Event) *Report {
	if c.last == nil || e.Kind != nvml.EventXid {
		return nil
	}
	code := int(min(e.Data, 1<<20)) //nolint:gosec // bounded in the same expression
	c.remember(heard{e.UUID, code, e.Time})
	c.hear(hardware.Event{Time: e.Time, Kind: hardware.Xid, Code: code, Device: e.UUID})
	return c.again(e.Time)
}

// remember keeps what was heard for as long as the kernel's log may repeat it.
func (c *Core) remember(h heard) {
	c.recent = slices.DeleteFunc(c.recent, func(old heard) bool { return h.at.Sub(old.at) > time.Hour })
	if len(c.recent) >= maxHeard {
		c.recent = slices.Delete(c.recent, 0, 1)
	}
	c.recent = append(c.recent, h)
}

// hear completes an event with who held its device.
func (c *Core) hear(e hardware.Event) {
	for i := range c.last.Sample.Devices {
		if d := &c.last.Sample.Devices[i]; d.UUID == e.Device {
			e.Serial, e.Epoch = d.Serial, d.Epoch
			if e.Owners == nil && c.last.Sample.Time.Sub(e.Time) < echo {
				e.Owners = d.Owners
			}
		}
	}
	if e.BootID == "" {
		e.BootID = c.last.Sample.BootID
	}
	if c.Heard != nil {
		c.Heard(e)
	}
	c.classifier.Report(e)
}

// Messages judges what the kernel's log said. What NVML said just now is left
// out unless the log adds its weight. It reports whether anything was new.
func (c *Core) Messages(messages []kmsg.Message, booted time.Time) (news bool) {
	if c.last == nil {
		return false
	}
	for _, m := range messages {
		at := booted.Add(m.SinceBoot)
		if c.last.Sample.BootID == c.known.boot && at.Before(c.known.until) {
			continue // told once more it would come after the reset that cured it
		}
		device := c.deviceAt(m.PCI)
		if m.Kind == hardware.Xid && m.Hint == hardware.HintNone && c.wasHeard(device, m.Code, at) {
			continue
		}
		c.hear(hardware.Event{Time: at, Kind: m.Kind, Code: m.Code, Device: device, Hint: m.Hint, Text: m.Text})
		news = true
	}
	return news
}

func (c *Core) deviceAt(pci string) string {
	for i := range c.last.Readings {
		if c.last.Readings[i].PCI == pci {
			return c.last.Readings[i].UUID
		}
	}
	return ""
}

func (c *Core) wasHeard(device string, code int, at time.Time) bool {
	return slices.ContainsFunc(c.recent, func(h heard) bool {
		return h.device == device && h.code == code && at.Sub(h.at).Abs() < echo
	})
}

// Again judges the last snapshot once more, by what has become known since.
func (c *Core) Again(now time.Time) *Report {
	if c.last == nil {
		return nil
	}
	return c.again(now)
}

// Stale judges as if no device had answered, since no look has ended for too
// long.
func (c *Core) Stale(now time.Time) *Report {
	if c.last == nil {
		return nil
	}
	for i := range c.last.Sample.Devices {
		c.last.Sample.Devices[i].Readable = false
	}
	return c.again(now)
}

// again judges the last snapshot once more.
func (c *Core) again(now time.Time) *Report {
	if now.After(c.last.Sample.Time) {
		c.last.Sample.Time = now
	}
	return c.report(c.classifier.Observe(&c.last.Sample), c.last)
}

// report copies what the classifier will overwrite.
func (c *Core) report(a *hardware.Assessment, snap *Snapshot) *Report {
	r := &Report{Snapshot: snap, Assessment: *a, Changed: a.Changed}
	r.Assessment.NodeFindings = slices.Clone(a.NodeFindings)
	r.Assessment.Devices = slices.Clone(a.Devices)
	for i := range r.Assessment.Devices {
		r.Assessment.Devices[i].Findings = slices.Clone(a.Devices[i].Findings)
	}
	r.Status = StatusOf(a, snap, c.classifier.Faults())
	policy := c.policy
	r.Status.Policy = &policy
	return r
}

// Faults is the record.
func (c *Core) Faults() []hardware.Fault { return c.classifier.Faults() }
