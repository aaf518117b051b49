package main

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// lived is a small fleet's year by a policy.
func lived(t *testing.T, policy hardware.Policy, servers int, span time.Duration) *year {
	t.Helper()
	y, err := simulate(t.Context(), options{servers: servers, span: span, nuisances: 0.1, seed: 7, policy: policy, progress: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// The short form of make sim-year: nothing is missed and nothing is cried.
func TestYear(t *testing.T) {
	y := lived(t, hardware.Defaults(), 48, 90*day)
	faults, nuisances := total(y.faults), total(y.nuisances)
	t.Logf("%d faults, %d nuisances, %d things together", faults.of, nuisances.of, len(y.plan.together))
	if faults.of < 30 || nuisances.of < 100 || len(y.plan.together) < 4 {
		t.Error("too little happens for the test to mean anything")
	}
	if faults.missed+faults.late+faults.wrong > 0 {
		t.Errorf("%d faults missed, %d told late, %d with a wrong action", faults.missed, faults.late, faults.wrong)
	}
	for i := range y.alarms {
		t.Errorf("false or stale: %s", &y.alarms[i])
	}
	for _, g := range y.plan.together {
		if !g.found {
			t.Errorf("%s %s on %v was not seen as one", g.cause, g.subject, g.servers)
		}
	}
	for i := range y.incidents {
		if in := &y.incidents[i]; !in.planned {
			t.Errorf("seen where there was none: %s", in.Reason)
		}
	}
}

// A simulation that finds nothing wrong must find what is.
func TestAWorsePolicyDoesWorse(t *testing.T) {
	blind := hardware.Defaults()
	blind.Rules = slices.DeleteFunc(blind.Rules, func(r hardware.Rule) bool { return r.Name == "fabric-link-down" })
	if faults := total(lived(t, blind, 48, 30*day).faults); faults.missed == 0 {
		t.Errorf("of %d faults none was missed without the rule about links", faults.of)
	}
	nervous := hardware.Merge(hardware.Defaults(), hardware.Policy{Name: "nervous", Rules: []hardware.Rule{{
		Name: "core-hot", When: "temperature_celsius > 80", ClearOn: hardware.ClearQuiet,
		Outcome: hardware.Outcome{Severity: hardware.Degraded, Class: hardware.ClassHardware, Action: hardware.ActionInspectHardware, Advice: "warm"},
	}}})
	y := lived(t, nervous, 48, 30*day)
	for _, n := range y.nuisances {
		if n.name == "thermal wave" && n.alarmed == 0 {
			t.Errorf("none of %d thermal waves alarmed a policy that takes 80 °C for a fault", n.of)
		}
	}
	if len(y.alarms) == 0 {
		t.Error("no alarm at all")
	}
}

func TestWilson(t *testing.T) {
	for _, tt := range []struct {
		hits, of  int
		low, high float64
	}{{0, 0, 0, 1}, {0, 100, 0, 0.0370}, {5, 10, 0.2366, 0.7634}, {10, 10, 0.7225, 1}} {
		if low, high := wilson(tt.hits, tt.of); low < tt.low-1e-4 || low > tt.low+1e-4 || high < tt.high-1e-4 || high > tt.high+1e-4 {
			t.Errorf("wilson(%d, %d) = %.4f, %.4f, want %.4f, %.4f", tt.hits, tt.of, low, high, tt.low, tt.high)
		}
	}
}

func TestTrace(t *testing.T) {
	failures, err := readTrace()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range failures {
		if kinds[f.what] != nil {
			seen++
		}
	}
	if len(failures) != 301 || seen != 214 {
		t.Errorf("%d failures, %d of a kind that an agent sees", len(failures), seen)
	}
}
