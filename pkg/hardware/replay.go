package hardware

import (
	"fmt"
	"iter"
	"time"
)

// Record is one line of a recording: a sample or an event.
type Record struct {
	Sample *Sample
	Event  *Event
}

// Statement is one thing that a policy says about a recording: a verdict that
// changed, when, and why.
type Statement struct {
	Time time.Time
	// Device is empty for the node.
	Device string
	From   Severity
	To     Verdict
}

// String is the statement in one line.
func (s Statement) String() string {
	subject := s.Device
	if subject == "" {
		subject = "node"
	}
	return fmt.Sprintf("%s %s: %s → %s, %s: %s", s.Time.UTC().Format(time.RFC3339), subject, s.From, s.To.Severity, s.To.Action, s.To.Reason)
}

// Replay says what a policy would have said about a recording.
func Replay(p Policy, records iter.Seq[Record]) ([]Statement, error) {
	c, err := New(p)
	if err != nil {
		return nil, err
	}
	r := &replay{said: map[string]said{}}
	for record := range records {
		switch {
		case record.Event != nil:
			c.Report(*record.Event)
		case record.Sample != nil:
			r.listen(c.Observe(record.Sample))
		}
	}
	return r.statements, nil
}

type said struct {
	severity Severity
	rule     string
	action   Action
}

type replay struct {
	said       map[string]said
	statements []Statement
}

func (r *replay) listen(a *Assessment) {
	r.hear(a.Time, "", a.Node)
	for i := range a.Devices {
		r.hear(a.Time, a.Devices[i].UUID, a.Devices[i].Verdict)
	}
}

func (r *replay) hear(at time.Time, device string, v Verdict) {
	before, known := r.said[device]
	now := said{v.Severity, v.Rule, v.Action}
	if known && before == now {
		return
	}
	if !known {
		before.severity = Healthy
	}
	r.said[device] = now
	if before.severity == Healthy && now.severity == Healthy && v.Rule == "" && !known {
		return
	}
	r.statements = append(r.statements, Statement{Time: at, Device: device, From: before.severity, To: v})
}
