package lifecycle_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// twoSets is a placed job whose second set depends on the first: ranks 0 and 1,
// and rank 2.
func twoSets(afterSuccess bool, edits ...edit) *lifecycle.Observation {
	o := placed(3)
	o.Job.Sets = []lifecycle.Set{
		{Name: "server", Replicas: 2},
		{Name: "worker", Replicas: 1, After: 0, AfterSuccess: afterSuccess},
	}
	o.Record.Created = []int32{0, 0}
	return with(o, edits...)
}

// serversRun adds running pods for the first set.
func serversRun(o *lifecycle.Observation) {
	o.Pods = append(o.Pods, runningPod(0, 1, "n0"), runningPod(1, 1, "n1"))
	o.Record.Created[0] = 1
}

func later(d time.Duration) edit {
	return func(o *lifecycle.Observation) { o.Now = o.Now.Add(d) }
}

func TestRun(t *testing.T) {
	stories := map[string]story{
		"every pod of a new attempt is created": {
			o: placed(3), want: "Run create 0 1 2 wake +30m0s"},
		"a pod that exists is not created again": {
			o:    placed(3, func(o *lifecycle.Observation) { o.Pods = []lifecycle.Pod{runningPod(1, 1, "n1")} }),
			want: "Run create 0 2 wake +30m0s"},
		"nothing to do while all run": {
			o: running(2), want: "Wait"},
		"pods that start are waited for": {
			o: running(2, record(func(r *lifecycle.Record) { r.Ran = 0 }), pod(1, func(p *lifecycle.Pod) {
				p.Phase, p.Launcher, p.Ready = lifecycle.Pending, nil, false
			})),
			want: "Wait wake +20m0s"},
		"pods of an older attempt go": {
			o: running(2, func(o *lifecycle.Observation) {
				o.Record.Placement.Attempt, o.Record.Created, o.Record.Ran = 2, []int32{1}, 1
				o.Record.Placement.Since = now
				for i := range o.Record.Placement.Slots {
					o.Record.Placement.Slots[i].Attempt = 2
				}
			}),
			want: "Run create 0 1 delete p0.1 p1.1 wake +30m0s"},
		"pods that are going already are not deleted again": {
			o: running(2, func(o *lifecycle.Observation) {
				old := runningPod(0, 1, "n0")
				old.Deleting = true
				attempt2(0)(o)
				o.Pods = append(o.Pods, old)
			}),
			want: "Wait"},
		"a pod of a rank that is no more goes": {
			o:    running(2, func(o *lifecycle.Observation) { o.Pods = append(o.Pods, runningPod(7, 1, "n0")) }),
			want: "Run delete p7.1"},
		"launchers that go on are told of the attempt": {
			o: running(2, attempt2(0), pod(1, func(p *lifecycle.Pod) { p.Instructed, p.Launcher.Attempt = 1, 1 }),
				record(func(r *lifecycle.Record) { r.Ran = 1 })),
			want: "Run instruct p1.1 wake +29m0s"},
		"a launcher that has been told is waited for": {
			o: running(2, attempt2(0), pod(1, func(p *lifecycle.Pod) { p.Launcher.Attempt = 1 }),
				record(func(r *lifecycle.Record) { r.Ran = 1 })),
			want: "Wait wake +29m0s"},
		"a set waits for another to be ready": {
			o: twoSets(false), want: "Run create 0 1 wake +30m0s", why: "set worker waits until set server is Ready"},
		"a set follows when the other is ready": {
			o: twoSets(false, serversRun), want: "Run create 2 wake +30m0s"},
		"a set that succeeded at once was ready": {
			o: twoSets(false, serversRun, succeeded(0, 1)), want: "Run create 2 wake +30m0s"},
		"a set waits for another's success": {
			o: twoSets(true, serversRun), want: "Wait", why: "set worker waits until set server is Succeeded"},
		"half a success is not enough": {
			o: twoSets(true, serversRun, succeeded(0)), want: "Wait", why: "is Succeeded"},
		"a set that is not there holds nobody back": {
			o:    twoSets(false, func(o *lifecycle.Observation) { o.Job.Sets[1].After = 9 }),
			want: "Run create 0 1 2 wake +30m0s"},
	}
	tell(t, stories)
}

// TestReadiness: with a launcher, a rank runs when its launcher says so; without
// one, when its pod is ready.
func TestReadiness(t *testing.T) {
	says := func(phase lifecycle.LauncherPhase) edit {
		return pod(0, func(p *lifecycle.Pod) { p.Launcher.Phase = phase })
	}
	cases := map[string]struct {
		o    *lifecycle.Observation
		want int
	}{
		"running":                         {running(1), 1},
		"its launcher starts":             {running(1, says(lifecycle.LauncherStarting)), 0},
		"its launcher waits for rank 0":   {running(1, says(lifecycle.LauncherWaiting)), 0},
		"its process has just ended well": {running(1, says(lifecycle.LauncherExited)), 0},
		"its launcher works for an older attempt": {
			running(1, attempt2(), pod(0, func(p *lifecycle.Pod) { p.Launcher.Attempt = 1 })), 0},
		"it has not answered: the pod decides": {
			running(1, pod(0, func(p *lifecycle.Pod) { p.Launcher = nil })), 1},
		"it has not answered, and may work for an older attempt": {
			running(1, attempt2(), pod(0, func(p *lifecycle.Pod) { p.Launcher = nil }), record(func(r *lifecycle.Record) { r.Ran = 1 })), 0},
		"it has not answered, but ran in this attempt before": {
			running(1, attempt2(), pod(0, func(p *lifecycle.Pod) { p.Launcher = nil })), 1},
		"it has no launcher and is not ready": {
			running(1, func(o *lifecycle.Observation) { o.Job.Launcher = false },
				pod(0, func(p *lifecycle.Pod) { p.Ready = false })), 0},
		"a launcher is not asked where the job has none": {
			running(1, says(lifecycle.LauncherStarting), func(o *lifecycle.Observation) { o.Job.Launcher = false }), 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if d := lifecycle.Decide(c.o); d.Ready() != c.want {
				t.Errorf("%d ranks are ready, want %d (%s)", d.Ready(), c.want, say(c.o, &d))
			}
		})
	}
}

func TestCounts(t *testing.T) {
	o := twoSets(false, serversRun, succeeded(1))
	o.Pods = append(o.Pods, runningPod(2, 1, "n2"))
	o.Pods[2].Launcher.Phase, o.Pods[2].Launcher.ExitCode = lifecycle.LauncherExited, 1
	o.Pods[2].Launcher.ExitedAt = o.Now
	d := lifecycle.Decide(o)
	want := []lifecycle.SetCount{
		{Active: 1, Ready: 1, Succeeded: []int{1}, Created: true},
		{Active: 1, Failed: 1, Created: true},
	}
	if diff := cmp.Diff(want, d.Sets); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if d := lifecycle.Decide(twoSets(false)); d.Sets[0].Created || d.Sets[1].Created {
		t.Error("a set without its pods counts as created")
	}
}

func TestStartup(t *testing.T) {
	pending := everyPod(func(p *lifecycle.Pod) { p.Phase, p.Launcher, p.Ready = lifecycle.Pending, nil, false })
	never := record(func(r *lifecycle.Record) { r.Ran = 0 })
	late := later(21 * time.Minute)
	stories := map[string]story{
		"an attempt that does not start is given up, and counts": {
			o: running(2, pending, never, late), want: "Recover StartupTimeout 2 counted", why: "0 of 2 ranks ran within 30m0s"},
		"it fails the job when no restart is left": {
			o:    running(2, pending, never, late, usedUp),
			want: "Finish failed MaxRestartsExceeded", why: "all 3 restarts are used up"},
		"an attempt that ran once may take its time": {
			o: running(2, pending, late), want: "Wait"},
		"without a deadline it waits for ever": {
			o:    running(2, pending, never, late, limits(func(l *lifecycle.Limits) { l.Startup = 0 })),
			want: "Wait"},
		"a set that waits for another's success is not late": {
			o: twoSets(true, serversRun, later(40*time.Minute)), want: "Wait"},
		"but the set that it waits for may be": {
			o: twoSets(true, serversRun, pod(0, func(p *lifecycle.Pod) {
				p.Phase, p.Launcher, p.Ready = lifecycle.Pending, nil, false
			}), later(40*time.Minute)),
			want: "Recover StartupTimeout 2 counted", why: "1 of 3"},
		"a set that waits for another to be ready shares its deadline": {
			o:    twoSets(false, serversRun, pod(0, func(p *lifecycle.Pod) { p.Ready = false; p.Launcher = nil }), later(30*time.Minute)),
			want: "Recover StartupTimeout 2 counted"},
		"the time of a set begins with the success that it waited for": {
			o: twoSets(true, serversRun, later(5*time.Hour), succeeded(0, 1), everyPod(func(p *lifecycle.Pod) {
				p.EndedAt = start.Add(5*time.Hour - time.Minute)
			})),
			want: "Run create 2 wake +29m0s"},
		"and ends after the limit": {
			o: twoSets(true, serversRun, later(5*time.Hour), succeeded(0, 1), everyPod(func(p *lifecycle.Pod) {
				p.EndedAt = start.Add(4 * time.Hour)
			})),
			want: "Recover StartupTimeout 2 counted", why: "2 of 3"},
	}
	tell(t, stories)
}

func TestBindTimeout(t *testing.T) {
	unbound := pod(0, func(p *lifecycle.Pod) {
		p.Bound, p.Node, p.Phase, p.Launcher, p.Ready = false, "", lifecycle.Pending, nil, false
		p.Created = now.Add(-time.Minute)
	})
	leaving := func(phase lifecycle.Phase) edit {
		return func(o *lifecycle.Observation) {
			old := runningPod(0, 1, "n0")
			old.Deleting, old.Phase = true, phase
			o.Pods = append(o.Pods, old)
		}
	}
	stories := map[string]story{
		"a pod that is not bound gives its node up": {
			o: running(2, unbound), want: "Recover BindTimeout 2 exclude n0", why: "was not bound to node n0 within 1m0s"},
		"the scheduler's word is passed on": {
			o:    running(2, unbound, pod(0, func(p *lifecycle.Pod) { p.Unscheduled = "1 node(s) were unschedulable" })),
			want: "Recover BindTimeout 2 exclude n0", why: "within 1m0s: 1 node(s) were unschedulable"},
		"a little earlier it is waited for": {
			o: running(2, unbound, pod(0, func(p *lifecycle.Pod) { p.Created = now.Add(-50 * time.Second) })), want: "Wait wake +10s"},
		"while an older pod leaves the node it waits": {
			o: running(2, attempt2(0), unbound, leaving(lifecycle.Running)), want: "Wait"},
		"an older pod that has ended is no excuse": {
			o:    running(2, attempt2(0), unbound, leaving(lifecycle.Failed)),
			want: "Recover BindTimeout 3 exclude n0"},
		"with pods kept, only its rank moves": {
			o: running(2, unbound, strategy(lifecycle.InPlace)), want: "Recover BindTimeout 2 replace 0 exclude n0"},
	}
	tell(t, stories)
}
