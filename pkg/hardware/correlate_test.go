package hardware

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCorrelate(t *testing.T) {
	finding := func(rule string, code int, at time.Duration, owners ...string) FleetFinding {
		return FleetFinding{Rule: rule, Code: code, Severity: Degraded, Class: ClassHardware, Since: start.Add(at), Owners: owners}
	}
	fleet := func(n int, edit func(i int, r *NodeReport)) []NodeReport {
		reports := make([]NodeReport, n)
		for i := range reports {
			reports[i] = NodeReport{Node: fmt.Sprintf("node-%02d", i), Domains: []string{fmt.Sprintf("rack-%d", i/8)}, Driver: "580.1", DriverSince: start.Add(-90 * day)}
			edit(i, &reports[i])
		}
		return reports
	}
	tests := []struct {
		name  string
		fleet []NodeReport
		want  []string
	}{
		{"a rack overheats", fleet(32, func(i int, r *NodeReport) {
			if i >= 8 && i < 14 {
				r.Findings = []FleetFinding{finding("core-hot", 0, time.Duration(i)*time.Minute)}
			}
		}), []string{"Domain rack-1 core-hot 6/8"}},
		{"the same, days apart", fleet(32, func(i int, r *NodeReport) {
			r.Findings = []FleetFinding{finding("core-hot", 0, time.Duration(i)*day)}
		}), nil},
		{"two of a rack", fleet(16, func(i int, r *NodeReport) {
			if i < 2 {
				r.Findings = []FleetFinding{finding("core-hot", 0, 0)}
			}
		}), nil},
		{"eight GPUs of one node", fleet(16, func(i int, r *NodeReport) {
			for range 8 * (1 - min(i, 1)) {
				r.Findings = append(r.Findings, finding("core-hot", 0, 0))
			}
		}), nil},
		{"a driver rollout", fleet(20, func(i int, r *NodeReport) {
			if i%2 == 0 {
				r.Driver, r.DriverSince = "590.2", start.Add(-time.Hour)
				r.Findings = []FleetFinding{finding("xid-fatal", 119, time.Duration(i)*10*time.Second)}
			}
		}), []string{"DriverRollout 590.2 xid-fatal 10/10"}},
		{"a rack that overheats shows it in several ways", fleet(16, func(i int, r *NodeReport) {
			if i < 6 {
				r.Findings = []FleetFinding{finding("core-hot", 0, 0), finding("shared-core-hot", 0, 0)}
			}
			if i < 5 {
				r.Findings = append(r.Findings, finding("thermal-margin", 0, time.Minute))
			}
		}), []string{"Domain rack-0 core-hot 6/8 also [thermal-margin]"}},
		{"two nodes of one job fail by themselves", fleet(16, func(i int, r *NodeReport) {
			if i == 3 || i == 12 {
				r.Findings = []FleetFinding{{Rule: "xid-fallen-off-the-bus", Code: 79, Severity: Fatal, Class: ClassHardware, Since: start, Owners: []string{"a/job"}}}
			}
		}), nil},
		{"two nodes of one job, and a tenant can do that", fleet(16, func(i int, r *NodeReport) {
			if i == 3 || i == 12 {
				r.Findings = []FleetFinding{{Rule: "xid-context-switch-timeout", Code: 109, Severity: Fatal, Class: ClassHardware, Since: start, Owners: []string{"a/job"}, Provokable: true}}
			}
		}), []string{"Job a/job xid-context-switch-timeout 2/2"}},
		{"one job on two nodes", fleet(16, func(i int, r *NodeReport) {
			if i == 3 || i == 12 {
				r.Findings = []FleetFinding{{Rule: "xid-provokable", Code: 31, Severity: Healthy, Class: ClassApplication, Since: start, Owners: []string{"a/job"}}}
			}
		}), []string{"Job a/job xid-provokable 2/2"}},
		{"two jobs on two nodes", fleet(16, func(i int, r *NodeReport) {
			if i == 3 || i == 12 {
				r.Findings = []FleetFinding{{Rule: "xid-provokable", Code: 31, Class: ClassApplication, Since: start, Owners: []string{fmt.Sprint("a/job-", i)}}}
			}
		}), nil},
		{"agents fall silent", fleet(10, func(i int, r *NodeReport) { r.Silent = i < 4 }), []string{"ControlPlane   4/10"}},
		{"one agent is silent", fleet(10, func(i int, r *NodeReport) { r.Silent = i < 1 }), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, in := range Correlate(tt.fleet, DefaultCorrelation()) {
				if in.Reason == "" {
					t.Errorf("incident without a reason: %+v", in)
				}
				line := fmt.Sprintf("%s %s %s %d/%d", in.Cause, in.Subject, in.Rule, len(in.Nodes), in.Of)
				if len(in.Also) > 0 {
					line += fmt.Sprintf(" also %v", in.Also)
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("incidents (-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkCorrelate(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		reports := make([]NodeReport, n)
		for i := range reports {
			reports[i] = NodeReport{Node: fmt.Sprint(i), Domains: []string{fmt.Sprint("rack-", i/8), fmt.Sprint("row-", i/64)}}
			if i%10 == 0 {
				reports[i].Findings = []FleetFinding{{Rule: "core-hot", Severity: Degraded, Since: start}}
			}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Correlate(reports, DefaultCorrelation())
			}
		})
	}
}

func TestReplay(t *testing.T) {
	record := func(yield func(Record) bool) {
		at := start
		tick := func() bool {
			at = at.Add(5 * time.Second)
			return yield(Record{Sample: &Sample{Time: at, BootID: "b", Devices: []DeviceSample{{UUID: gpu0, Serial: serial0, Readable: true}}}})
		}
		_ = tick() && yield(Record{Event: &Event{Time: at, BootID: "b", Kind: Xid, Code: 63, Device: gpu0}}) && tick() && tick()
	}
	statements, err := Replay(Defaults(), record)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range statements {
		got = append(got, s.String())
	}
	want := []string{"2026-03-01T12:00:10Z GPU-0: Healthy → Degraded, ResetWhenIdle: Xid 63: a memory row was remapped: no new work, reset at the next drain"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
	if _, err := Replay(Policy{Rules: []Rule{{}}}, record); err == nil {
		t.Error("replayed a broken policy")
	}
}
