package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// span is a finding and how long it was shown.
type span struct {
	hardware.FleetFinding
	until time.Time
}

// driverSpan is a driver and since when it was in use.
type driverSpan struct {
	version string
	since   time.Time
}

type saidKey struct {
	uuid, rule string
	code       int
}

// note keeps what correlation will want to know.
func (j *judge) note(a *hardware.Assessment) {
	if n := len(j.drivers); n == 0 || j.drivers[n-1].version != j.m.driver {
		j.drivers = append(j.drivers, driverSpan{j.m.driver, j.m.now})
	}
	shown := map[saidKey]bool{}
	keep := func(uuid string, owners []string, findings []hardware.Finding) {
		for i := range findings {
			f := &findings[i]
			if f.Observed || f.Outcome.Class != hardware.ClassApplication && f.Outcome.Severity.Rank() < hardware.Degraded.Rank() {
				continue
			}
			key := saidKey{uuid, f.Rule, f.Code}
			shown[key] = true
			if _, open := j.said[key]; !open {
				j.said[key] = len(j.spans)
				j.spans = append(j.spans, span{FleetFinding: hardware.FleetFinding{
					Rule: f.Rule, Code: f.Code, Device: uuid, Severity: f.Outcome.Severity, Class: f.Outcome.Class, Since: j.m.now, Owners: owners,
					Provokable: j.m.policy.Provokable(f.Rule),
				}})
			}
		}
	}
	keep("", nil, a.NodeFindings)
	for i := range a.Devices {
		keep(a.Devices[i].UUID, j.m.report.Snapshot.Sample.Devices[i].Owners, a.Devices[i].Findings)
	}
	for key, i := range j.said {
		if !shown[key] {
			j.spans[i].until = j.m.now
			delete(j.said, key)
		}
	}
}

// incident is what correlation said, once.
type incident struct {
	hardware.Incident
	at      time.Time
	planned bool
}

// correlate looks at the whole fleet whenever a finding has begun somewhere, as
// one that watches all NodeHardwares would, and matches what is said with what
// was planned.
func correlate(p *plan, servers []*judge) []incident {
	var incidents []incident
	last := map[string]time.Time{}
	thresholds := hardware.DefaultCorrelation()
	for _, at := range moments(servers) {
		for _, in := range hardware.Correlate(reportsAt(servers, at), thresholds) {
			key := strings.Join([]string{string(in.Cause), in.Subject, in.Rule}, "/")
			if before, known := last[key]; known && at.Sub(before) < 12*time.Hour {
				last[key] = at
				continue
			}
			last[key] = at
			incidents = append(incidents, incident{in, at, p.planned(&in, at)})
		}
	}
	return incidents
}

// moments are when something began anywhere, in steps of a minute.
func moments(servers []*judge) []time.Time {
	var list []time.Time
	for _, j := range servers {
		for i := range j.spans {
			list = append(list, j.spans[i].Since.Truncate(time.Minute).Add(time.Minute))
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
}

func reportsAt(servers []*judge, at time.Time) []hardware.NodeReport {
	reports := make([]hardware.NodeReport, 0, len(servers))
	for n, j := range servers {
		r := hardware.NodeReport{Node: j.m.name, Domains: []string{rackOf(n)}}
		for _, d := range j.drivers {
			if !d.since.After(at) {
				r.Driver, r.DriverSince = d.version, d.since
			}
		}
		for i := range j.spans {
			if s := &j.spans[i]; !s.Since.After(at) && s.until.After(at) {
				r.Findings = append(r.Findings, s.FleetFinding)
			}
		}
		reports = append(reports, r)
	}
	return reports
}

// planned finds what an incident is about. A cause that is seen through another
// one's findings, as the same failing driver in a rack, counts as found too.
func (p *plan) planned(in *hardware.Incident, at time.Time) bool {
	found := false
	for _, t := range p.together {
		near := at.Sub(t.from) > -time.Hour && at.Sub(t.from) < 6*time.Hour
		if near && cmp.Compare(t.cause, in.Cause) == 0 && t.subject == in.Subject {
			t.found, found = true, true
		}
	}
	return found
}
