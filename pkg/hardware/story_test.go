package hardware

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTwoOwners(t *testing.T) {
	restart := wanted{Healthy, ClassApplication, ActionRestartJob}
	diagnose := wanted{Degraded, ClassHardware, ActionRunDiagnostics}
	reset := wanted{Fatal, ClassHardware, ActionResetDevice}
	a, b, ab, bc := []string{"team-a/job"}, []string{"team-b/job"}, []string{"team-a/job", "team-b/job"}, []string{"team-b/job", "team-c/job"}
	tests := []struct {
		name   string
		code   int
		owners [][]string
		apart  time.Duration
		want   wanted
	}{
		{"one job fails often", 31, [][]string{a, a, a, a, a, a}, 10 * time.Minute, restart},
		{"two jobs within a day", 31, [][]string{a, b}, time.Hour, diagnose},
		{"two jobs within one burst window", 13, [][]string{a, b}, 30 * time.Second, diagnose},
		{"two jobs, more than a day apart", 13, [][]string{a, b}, 25 * time.Hour, restart},
		{"shared device, the same tenant may have done both", 31, [][]string{ab, bc}, time.Hour, restart},
		{"shared device, then another tenant", 31, [][]string{ab, {"team-c/job"}}, time.Hour, diagnose},
		{"owner unknown", 31, [][]string{nil, nil, nil}, time.Hour, restart},
		{"109 from one job", 109, [][]string{a, a, a}, time.Hour, restart},
		{"109 from two jobs", 109, [][]string{a, b}, time.Hour, reset},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.tick()
			for i, owners := range tt.owners {
				if i > 0 {
					w.pass(tt.apart)
				}
				w.owners = owners
				w.xid(tt.code)
			}
			w.want(tt.want)
		})
	}
}

// TestCountAndWindow: a rule that asks for a number of bursts in a span.
func TestCountAndWindow(t *testing.T) {
	calm := Outcome{Healthy, ClassWarning, ActionObserve, "watch it"}
	three := Policy{Name: "three", Rules: []Rule{{
		Name: "contained-often", Kind: Xid, Codes: []int{94}, Count: 3, Window: time.Hour, ClearOn: ClearReset, Below: &calm,
		Outcome: Outcome{Degraded, ClassHardware, ActionResetWhenIdle, "three in an hour"},
	}}}
	for _, tt := range []struct {
		name  string
		apart time.Duration
		times int
		want  wanted
	}{
		{"twice in an hour", 20 * time.Minute, 2, wanted{Healthy, ClassWarning, ActionObserve}},
		{"three times in an hour", 20 * time.Minute, 3, wanted{Degraded, ClassHardware, ActionResetWhenIdle}},
		{"three times in two hours", 40 * time.Minute, 3, wanted{Healthy, ClassWarning, ActionObserve}},
		{"one burst of many", 10 * time.Second, 6, wanted{Healthy, ClassWarning, ActionObserve}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorldOf(t, Merge(Defaults(), three))
			w.tick()
			for i := range tt.times {
				if i > 0 {
					w.pass(tt.apart)
				}
				w.xid(94)
			}
			w.want(tt.want)
		})
	}
}

func TestDriverFirst(t *testing.T) {
	tests := []struct {
		name   string
		action float64
		code   int
		vars   numbers
		want   wanted
	}{
		{"the driver asks for a reboot where the table says reset", 2, 95, nil, wanted{Fatal, ClassHardware, ActionRebootNode}},
		{"the driver asks to drain, the table says fatal", 4, 48, nil, wanted{Fatal, ClassHardware, ActionResetWhenIdle}},
		{"NVLink 5 follows the driver", 1, 149, nil, wanted{Fatal, ClassHardware, ActionResetDevice}},
		{"a worn-out device needs a person, whatever the driver asks", 1, 63, numbers{"remap_failed": 1}, wanted{Fatal, ClassHardware, ActionReplaceDevice}},
		{"the driver asks for nothing", 0, 79, nil, wanted{Fatal, ClassHardware, ActionPowerCycle}},
		{"an unknown wish changes nothing", 9, 79, nil, wanted{Fatal, ClassHardware, ActionPowerCycle}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.tick()
			for k, v := range tt.vars {
				w.vars[k] = v
			}
			w.vars["recovery_action"] = tt.action
			w.xid(tt.code)
			w.want(tt.want)
		})
	}
}

func TestLatchedUntilReset(t *testing.T) {
	w := newWorld(t)
	w.tick()
	w.xid(95)
	w.pass(48 * time.Hour)
	w.want(wanted{Fatal, ClassHardware, ActionResetDevice})
	w.epoch = "2"
	w.want(healthy)
}

func TestResetDidNotHelp(t *testing.T) {
	w := newWorld(t)
	w.tick()
	w.xid(95)
	w.tick()
	w.epoch = "2"
	w.want(healthy)
	w.pass(10 * time.Minute)
	w.xid(95)
	w.want(wanted{Fatal, ClassHardware, ActionRebootNode})
	w.boot, w.epoch = "boot-2", "3"
	w.want(healthy)
	w.xid(95)
	w.want(wanted{Fatal, ClassHardware, ActionResetDevice}) // a new boot begins anew
}

func TestBelowTheThresholdIsForgottenAndCounted(t *testing.T) {
	w := newWorld(t)
	w.tick()
	w.xid(109)
	w.want(wanted{Healthy, ClassApplication, ActionRestartJob})
	w.pass(11 * time.Minute)
	w.want(healthy)
	w.owners = []string{"team-b/job"}
	w.xid(109)
	w.want(wanted{Fatal, ClassHardware, ActionResetDevice})
}

func TestLostNeedsReboot(t *testing.T) {
	w := newWorld(t)
	w.tick()
	w.xid(79)
	w.tick()
	w.epoch = "2" // the driver was reloaded
	w.want(wanted{Fatal, ClassHardware, ActionPowerCycle})
	w.boot = "boot-2"
	w.want(healthy)
}

func TestSecondaryNamesTheOther(t *testing.T) {
	w := newWorld(t)
	w.tick()
	w.xid(48)
	w.xid(45)
	w.want(wanted{Fatal, ClassHardware, ActionResetDevice})
	for _, f := range w.last.Devices[0].Findings {
		if f.Code == 45 && !strings.Contains(f.Reason, "beside Xid 48") {
			t.Errorf("reason of Xid 45 = %q, want it to name Xid 48", f.Reason)
		}
	}
}

func TestBurstsMerge(t *testing.T) {
	w := newWorld(t)
	w.tick()
	for range 40 { // a storm: one event every 5 s for 200 s
		w.xid(31)
		w.tick()
	}
	w.pass(4 * time.Minute)
	w.xid(31)
	w.tick()
	f := w.last.Devices[0].Findings[0]
	if f.Count != 2 {
		t.Errorf("count = %d, want 2 bursts", f.Count)
	}
	faults := w.c.Faults()
	if len(faults) != 2 || faults[0].Count != 40 || faults[1].Count != 1 {
		t.Errorf("record = %+v, want two entries of 40 and 1", faults)
	}
}

func TestEscalation(t *testing.T) {
	t.Parallel()
	t.Run("five fatal faults in a day", func(t *testing.T) {
		w := newWorld(t)
		w.tick()
		for range 5 {
			w.pass(time.Hour)
			w.xid(119)
		}
		w.want(wanted{Fatal, ClassHardware, ActionContactSupport})
		w.epoch = "2" // a reset does not clear the past
		w.want(wanted{Fatal, ClassHardware, ActionContactSupport})
		w.pass(25 * time.Hour)
		w.want(healthy)
	})
	t.Run("four in a day", func(t *testing.T) {
		w := newWorld(t)
		w.tick()
		for range 4 {
			w.pass(time.Hour)
			w.xid(119)
		}
		w.want(wanted{Fatal, ClassHardware, ActionResetDevice})
	})
	t.Run("the same after more than two reboots", func(t *testing.T) {
		w := newWorld(t)
		for i, boot := range []string{"boot-1", "boot-2", "boot-3", "boot-4"} {
			w.boot = boot
			w.pass(48 * time.Hour)
			w.want(healthy)
			w.xid(48)
			w.tick()
			if action := w.last.Devices[0].Verdict.Action; (action == ActionInspectHardware) != (i == 3) {
				t.Errorf("action in boot %d = %s", i+1, action)
			}
		}
	})
	t.Run("follows the serial into another slot", func(t *testing.T) {
		w := newWorld(t)
		w.tick()
		for range 5 {
			w.pass(time.Hour)
			w.xid(119)
		}
		w.tick()
		s := w.sample()
		s.Devices[0].UUID, s.BootID, s.Time = "GPU-elsewhere", "boot-2", w.now.Add(time.Hour)
		if v := w.c.Observe(s).Devices[0].Verdict; v.Action != ActionContactSupport {
			t.Errorf("verdict = %+v, want ContactSupport", v)
		}
	})
}

func TestUnreadable(t *testing.T) {
	w := newWorld(t)
	w.silent = true
	w.want(wanted{Unknown, ClassNone, ActionObserve}) // never read
	w.silent = false
	w.want(healthy)
	w.silent = true
	w.pass(50 * time.Second)
	w.want(healthy)
	w.pass(15 * time.Second)
	w.want(wanted{Unknown, ClassNone, ActionObserve})
	w.xid(79)
	w.want(wanted{Fatal, ClassHardware, ActionPowerCycle})
}

func TestClockLeapsDecideNothing(t *testing.T) {
	hot := numbers{"margin_celsius": -9, "margin_slowdown_celsius": -2}
	for _, leap := range []time.Duration{-365 * 24 * time.Hour, -time.Hour, time.Hour, 365 * 24 * time.Hour} {
		w := newWorld(t)
		w.vars = hot
		w.tick()
		w.now = w.now.Add(leap)
		w.want(healthy) // has not been hot for a minute that anybody watched
		w.pass(time.Minute)
		w.want(wanted{Fatal, ClassHardware, ActionInspectHardware})
		w.vars = numbers{"margin_celsius": 20, "margin_slowdown_celsius": -2}
		w.tick()
		w.now = w.now.Add(leap)
		w.want(wanted{Fatal, ClassHardware, ActionInspectHardware}) // nor quiet for five
		w.pass(6 * time.Minute)
		w.want(healthy)
	}
}

func TestFlappingWithinWindow(t *testing.T) {
	w := newWorld(t)
	for i := range 120 { // ten minutes, slow for three samples of four
		w.vars = numbers{"hardware_slowdown": 1, "hardware_thermal_slowdown": 0}
		if i%4 == 3 {
			w.vars = numbers{"hardware_slowdown": 0, "hardware_thermal_slowdown": 0}
		}
		w.tick()
	}
	// Only spans between two slow samples count: two of four, five minutes.
	w.want(healthy)
	w.vars = numbers{"hardware_slowdown": 1, "hardware_thermal_slowdown": 0}
	w.pass(3 * time.Minute)
	w.want(wanted{Degraded, ClassHardware, ActionInspectHardware})
}

func TestSharedCondition(t *testing.T) {
	w := newWorld(t)
	hot := numbers{"temperature_celsius": 95, "temperature_max_celsius": 85}
	cool := numbers{"temperature_celsius": 60, "temperature_max_celsius": 85}
	w.vars = hot
	for _, uuid := range []string{"GPU-1", "GPU-2", "GPU-3", "GPU-4", "GPU-5", "GPU-6", "GPU-7"} {
		w.devices[uuid] = cool
	}
	a := w.pass(2 * time.Minute)
	if a.Node.Severity != Healthy {
		t.Fatalf("one hot GPU blamed on the node: %+v", a.Node)
	}
	w.devices["GPU-1"], w.devices["GPU-2"], w.devices["GPU-3"] = hot, hot, hot
	a = w.pass(2 * time.Minute)
	if a.Node.Class != ClassDomain || a.Node.Action != ActionInspectDomain || a.Node.Severity != Degraded {
		t.Errorf("node = %+v, want a shared cause", a.Node)
	}
	if a := w.tick(); a.Changed {
		t.Error("an assessment without news says that it changed")
	}
}

func TestPeersAgainstMedian(t *testing.T) {
	w := newWorld(t)
	w.vars = numbers{"utilization_ratio": 1, "clock_hertz": 1.0e9}
	for _, uuid := range []string{"GPU-1", "GPU-2", "GPU-3"} {
		w.devices[uuid] = numbers{"utilization_ratio": 1, "clock_hertz": 2.0e9}
	}
	s := w.sample()
	w.c.Observe(s)
	if got, _ := s.Devices[0].Vars.Get(VarClockPeerRatio); got != 0.5 {
		t.Errorf("clock_peer_ratio = %v, want 0.5", got)
	}
	delete(w.devices, "GPU-3")
	s = w.sample()
	w.c.Observe(s)
	if _, known := s.Devices[0].Vars.Get(VarClockPeerRatio); known {
		t.Error("three devices have no median worth a suspicion")
	}
}

func TestRates(t *testing.T) {
	w := newWorld(t)
	w.vars = numbers{"pcie_generation": 4, "pcie_width": 16, "pcie_replays": 0}
	rate := func() (float64, bool) {
		s := w.sample()
		w.now = w.now.Add(5 * time.Second)
		s.Time = w.now
		w.c.Observe(s)
		return s.Devices[0].Vars.Get(VarPCIeReplayRate)
	}
	if _, known := rate(); known {
		t.Error("one reading is no rate")
	}
	var got float64
	for i := range 120 {
		w.vars["pcie_replays"] = float64(4 * (i + 1)) // 48 a minute over 16 lanes
		got, _ = rate()
	}
	if got < 2.99 || got > 3.01 {
		t.Errorf("rate = %v, want 3 a minute and lane", got)
	}
	w.vars["pcie_replays"] = 0 // the device was reset
	if _, known := rate(); known {
		t.Error("a rate across a reset of the counter")
	}
}

func TestRestoreAfterRestart(t *testing.T) {
	w := newWorld(t)
	w.tick()
	w.xid(31)
	w.pass(time.Hour)
	w.xid(95)
	w.tick()
	faults := w.c.Faults()

	again := newWorld(t)
	again.c.Restore(faults)
	again.now = w.now.Add(10 * time.Minute)
	again.want(wanted{Fatal, ClassHardware, ActionResetDevice})
	if diff := cmp.Diff(faults, again.c.Faults()); diff != "" {
		t.Errorf("record changed by a restart (-before +after):\n%s", diff)
	}
	// The kernel's log brings the same events once more: nothing is counted twice.
	again.c.Report(Event{Time: start.Add(5 * time.Second), BootID: "boot-1", Kind: Xid, Code: 31, Device: gpu0})
	again.owners = []string{"team-b/job"}
	again.xid(31)
	again.tick()
	found := false
	for _, f := range again.last.Devices[0].Findings {
		found = found || f.Rule == "xid-provokable" && f.Outcome.Action == ActionRunDiagnostics && f.Count == 2
	}
	if !found {
		t.Errorf("the owner of before the restart was forgotten: %+v", again.last.Devices[0].Findings)
	}
}

func TestPolicyReplacedInFlight(t *testing.T) {
	w := newWorld(t)
	w.tick()
	w.xid(109)
	w.want(wanted{Healthy, ClassApplication, ActionRestartJob})
	stern := Policy{Name: "stern", Rules: []Rule{{
		Name: "context-switch", Kind: Xid, Codes: []int{109}, ClearOn: ClearReset,
		Outcome: Outcome{Fatal, ClassHardware, ActionResetDevice, "we take no chances"},
	}}}
	if err := w.c.SetPolicy(Merge(Defaults(), stern)); err != nil {
		t.Fatal(err)
	}
	w.want(wanted{Fatal, ClassHardware, ActionResetDevice})
	if err := w.c.SetPolicy(Policy{Rules: []Rule{{Name: "?"}}}); err == nil {
		t.Error("a broken policy was taken")
	}
	w.want(wanted{Fatal, ClassHardware, ActionResetDevice})
}

func TestRecordKeepsTheFatal(t *testing.T) {
	w := newWorld(t)
	w.tick()
	w.xid(48)
	for i := range 200 {
		w.owners = []string{"team-" + itoa(i) + "/job"}
		w.xid(31)
		w.tick()
	}
	faults := w.c.Faults()
	if len(faults) != MaxFaults {
		t.Errorf("record has %d entries, want %d", len(faults), MaxFaults)
	}
	if faults[0].Code != 48 {
		t.Errorf("the fatal fault was washed out by provoked ones: first is %+v", faults[0])
	}
}
