package lifecycle_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// exited is a rank whose launcher lives on after its process ended.
func exited(rank int, code int32, ago time.Duration) edit {
	return pod(rank, func(p *lifecycle.Pod) {
		p.Launcher.Phase, p.Launcher.ExitCode, p.Launcher.ExitedAt = lifecycle.LauncherExited, code, now.Add(-ago)
	})
}

func cause(rank int, c lifecycle.Cause) edit {
	return func(o *lifecycle.Observation) {
		failed(rank, 1, time.Second)(o)
		pod(rank, func(p *lifecycle.Pod) { p.Cause, p.Reason = c, "Evicted" })(o)
	}
}

func deleting(rank int) edit {
	return pod(rank, func(p *lifecycle.Pod) { p.Deleting = true })
}

// TestWhoseFault: what ends a rank, and whether it counts.
func TestWhoseFault(t *testing.T) {
	lost := node("n0", lifecycle.Lost, 20*time.Second)
	stories := map[string]story{
		"a program that fails counts": {
			o: running(2, failed(0, 1, time.Second)), want: "Recover ProcessFailed 2 counted", why: "pod p0.1 ended with code 1"},
		"so does a process under a launcher that lives": {
			o: running(2, exited(0, 137, time.Second)), want: "Recover ProcessFailed 2 counted", why: "code 137"},
		"a process that ended well does not": {
			o: running(2, exited(0, 0, time.Second)), want: "Wait"},
		"a dead node does not count, and is left": {
			o: running(2, lost), want: "Recover NodeLost 2 exclude n0", why: "node n0 is lost: the test says so"},
		"nor does one whose object is gone": {
			o: running(2, node("n0", lifecycle.Removed, time.Hour)), want: "Recover NodeLost 2 exclude n0"},
		"a node in doubt is not dead": {
			o: running(2, node("n0", lifecycle.Suspect, 20*time.Second)), want: "Wait"},
		"an end from outside does not count": {
			o: running(2, cause(0, lifecycle.CauseDisrupted)), want: "Recover PodLost 2", why: "ended from outside: Evicted"},
		"a kubelet's refusal does not count, and the node is left": {
			o: running(2, cause(0, lifecycle.CauseRefused)), want: "Recover PodRefused 2 exclude n0", why: "node n0 refused pod p0.1"},
		"a pod that somebody deletes does not count": {
			o: running(2, deleting(0)), want: "Recover PodLost 2", why: "being deleted by somebody else"},
		"nor one that is gone": {
			o: running(2, missing(0)), want: "Recover PodLost 2", why: "the pod of worker-0 is gone"},
		"a pod that is gone with its node": {
			o: running(2, missing(0), lost), want: "Recover NodeLost 2 exclude n0"},
		"a kept pod that is gone was lost, whatever else is created": {
			o:    running(2, attempt2(1), missing(0), record(func(r *lifecycle.Record) { r.Created[0] = 1 })),
			want: "Recover PodLost 3"},
		"a process that its launcher ended for want of contact": {
			o:    running(2, pod(0, func(p *lifecycle.Pod) { p.Launcher.Phase = lifecycle.LauncherFenced })),
			want: "Recover RankOrphaned 2", why: "nobody could reach it"},
		"a rank that had succeeded does not fail with its node": {
			o: running(2, succeeded(0), lost), want: "Wait"},
		"the node is to blame even where the exit was seen first": {
			o: running(2, failed(1, 1, 2*time.Second), lost), want: "Recover NodeLost 2 exclude n0"},
		"the dead node is to blame before the pod that it took along": {
			o: running(3, missing(1), lost), want: "Recover NodeLost 2 exclude n0"},
		"the earliest of like failures is told": {
			o: running(3, failed(2, 3, 4*time.Second), failed(1, 2, 2*time.Second)), want: "Recover ProcessFailed 2 counted", why: "p2.1"},
		"every dead node is left": {
			o:    running(3, lost, node("n2", lifecycle.Lost, time.Minute)),
			want: "Recover NodeLost 2 exclude n0 exclude n2"},
		"a rank that waited for its first attempt cannot be lost": {
			o: placed(2, node("n0", lifecycle.Lost, time.Minute)), want: "Run create 0 1 wake +30m0s"},
	}
	tell(t, stories)
}

// TestStrategies: which ranks get a new pod.
func TestStrategies(t *testing.T) {
	lost := node("n0", lifecycle.Lost, 20*time.Second)
	silent := pod(1, func(p *lifecycle.Pod) { p.Launcher = nil })
	answered := func(ago time.Duration) edit {
		return pod(1, func(p *lifecycle.Pod) { p.WatchedSince = now.Add(-ago) })
	}
	stories := map[string]story{
		"Recreate replaces all": {
			o: running(2, lost), want: "Recover NodeLost 2 exclude n0"},
		"InPlace keeps the others when a node dies": {
			o: running(3, lost, strategy(lifecycle.InPlace)), want: "Recover NodeLost 2 replace 0 exclude n0"},
		"InPlace keeps a pod whose launcher outlived its process": {
			o: running(2, exited(0, 1, time.Second), strategy(lifecycle.InPlace)), want: "Recover ProcessFailed 2 counted replace "},
		"InPlace replaces a pod that ended": {
			o: running(2, failed(0, 1, time.Second), strategy(lifecycle.InPlace)), want: "Recover ProcessFailed 2 counted replace 0"},
		"InPlace replaces a pod that had succeeded": {
			o:    running(3, failed(0, 1, time.Second), succeeded(2), strategy(lifecycle.InPlace)),
			want: "Recover ProcessFailed 2 counted replace 0 2"},
		"ReplaceFailed replaces the failed even where the launcher lives": {
			o: running(2, exited(0, 1, time.Second), strategy(lifecycle.ReplaceFailed)), want: "Recover ProcessFailed 2 counted replace 0"},
		"without a launcher every pod goes": {
			o:    running(2, lost, strategy(lifecycle.InPlace), func(o *lifecycle.Observation) { o.Job.Launcher = false }),
			want: "Recover NodeLost 2 exclude n0"},
		"where no pod can be used, all go": {
			o: running(2, lost, failed(1, 1, time.Second), strategy(lifecycle.InPlace)), want: "Recover NodeLost 2 exclude n0"},
		"a launcher that was never heard is asked first": {
			o:    running(2, lost, silent, answered(2*time.Second), strategy(lifecycle.InPlace)),
			want: "Wait hurry wake +1s", why: "asking the other ranks first"},
		"and is not waited for for ever": {
			o:    running(3, lost, silent, answered(3*time.Second), strategy(lifecycle.InPlace)),
			want: "Recover NodeLost 2 replace 0 1 exclude n0"},
		"one that nobody asked is asked": {
			o:    running(2, lost, silent, pod(1, func(p *lifecycle.Pod) { p.WatchedSince = time.Time{} }), strategy(lifecycle.InPlace)),
			want: "Wait hurry wake +1s"},
		"nobody is asked when all go": {
			o: running(2, lost, silent, answered(0)), want: "Recover NodeLost 2 exclude n0"},
	}
	tell(t, stories)
}

func TestRules(t *testing.T) {
	on := func(action lifecycle.Action, codes ...int32) lifecycle.Rule {
		return lifecycle.Rule{Name: "mine", Action: action, ExitCodes: codes}
	}
	disrupted := lifecycle.Condition{Type: "DisruptionTarget", Status: "True"}
	code3 := failed(0, 3, time.Second)
	stories := map[string]story{
		"FailJob": {
			o: running(2, code3, rule(on(lifecycle.FailJob, 3))), want: "Finish failed FailureRule", why: `rule "mine": the process of pod p0.1`},
		"RestartJob": {
			o: running(2, code3, rule(on(lifecycle.Restart, 3))), want: "Recover ProcessFailed 2 counted"},
		"RestartJobAndIgnoreMaxRestarts": {
			o: running(2, code3, usedUp, rule(on(lifecycle.RestartUncounted, 3))), want: "Recover ProcessFailed 2"},
		"ReplacePod overrules the strategy": {
			o: running(2, code3, rule(on(lifecycle.ReplacePod, 3))), want: "Recover ProcessFailed 2 counted replace 0"},
		"another code matches nothing": {
			o: running(2, code3, rule(on(lifecycle.FailJob, 4))), want: "Recover ProcessFailed 2 counted"},
		"NotIn matches what is not listed": {
			o: running(2, code3, rule(lifecycle.Rule{Action: lifecycle.FailJob, ExitCodes: []int32{4}, NotIn: true})), want: "Finish failed FailureRule"},
		"NotIn leaves what is listed": {
			o:    running(2, code3, rule(lifecycle.Rule{Action: lifecycle.FailJob, ExitCodes: []int32{3}, NotIn: true})),
			want: "Recover ProcessFailed 2 counted"},
		"the first rule that matches a rank decides": {
			o: running(2, code3, rule(on(lifecycle.RestartUncounted, 3)), rule(on(lifecycle.FailJob, 3))), want: "Recover ProcessFailed 2"},
		"over the ranks, the most severe decides": {
			o:    running(3, failed(1, 4, 2*time.Second), code3, rule(on(lifecycle.RestartUncounted, 4)), rule(on(lifecycle.FailJob, 3))),
			want: "Finish failed FailureRule"},
		"a rule of another set does not match": {
			o:    running(2, code3, rule(lifecycle.Rule{Action: lifecycle.FailJob, ExitCodes: []int32{3}, Sets: []string{"server"}})),
			want: "Recover ProcessFailed 2 counted"},
		"a rule of this set does": {
			o:    running(2, code3, rule(lifecycle.Rule{Action: lifecycle.FailJob, ExitCodes: []int32{3}, Sets: []string{"worker"}})),
			want: "Finish failed FailureRule"},
		"a condition of the pod": {
			o: running(2, code3, pod(0, func(p *lifecycle.Pod) { p.Conditions = []lifecycle.Condition{disrupted} }),
				rule(lifecycle.Rule{Action: lifecycle.FailJob, Condition: disrupted})),
			want: "Finish failed FailureRule"},
		"another status of it": {
			o: running(2, code3, pod(0, func(p *lifecycle.Pod) {
				p.Conditions = []lifecycle.Condition{{Type: "DisruptionTarget", Status: "False"}}
			}), rule(lifecycle.Rule{Action: lifecycle.FailJob, Condition: disrupted})),
			want: "Recover ProcessFailed 2 counted"},
		"the echo of a dead node is not put to the rules": {
			o:    running(2, code3, node("n1", lifecycle.Lost, time.Minute), rule(on(lifecycle.FailJob, 3))),
			want: "Recover NodeLost 2 exclude n1"},
		"a rule cannot make the infrastructure's fault count": {
			o: running(2, cause(0, lifecycle.CauseDisrupted), pod(0, func(p *lifecycle.Pod) { p.Conditions = []lifecycle.Condition{disrupted} }),
				rule(lifecycle.Rule{Action: lifecycle.Restart, Condition: disrupted})),
			want: "Recover PodLost 2"},
	}
	tell(t, stories)
}

func TestBudget(t *testing.T) {
	window := policy(func(f *lifecycle.FailurePolicy) { f.Window = time.Hour })
	countedAgo := func(ago ...time.Duration) edit {
		return record(func(r *lifecycle.Record) {
			r.Counted = int32(len(ago))
			for _, d := range ago {
				r.CountedAt = append(r.CountedAt, now.Add(-d))
			}
		})
	}
	stories := map[string]story{
		"the last restart": {
			o:    running(2, failed(0, 1, time.Second), record(func(r *lifecycle.Record) { r.Counted = 2 })),
			want: "Recover ProcessFailed 2 counted"},
		"one more fails the job": {
			o: running(2, failed(0, 1, time.Second), usedUp), want: "Finish failed MaxRestartsExceeded", why: "all 3 restarts are used up"},
		"a node's death costs nothing": {
			o: running(2, usedUp, node("n0", lifecycle.Lost, time.Minute)), want: "Recover NodeLost 2 exclude n0"},
		"none at all": {
			o:    running(2, failed(0, 1, time.Second), policy(func(f *lifecycle.FailurePolicy) { f.MaxRestarts = 0 })),
			want: "Finish failed MaxRestartsExceeded"},
		"what is older than the window is forgotten": {
			o:    running(2, failed(0, 1, time.Second), window, countedAgo(2*time.Hour, time.Hour, time.Minute)),
			want: "Recover ProcessFailed 2 counted"},
		"a window that is full fails the job": {
			o:    running(2, failed(0, 1, time.Second), window, countedAgo(3*time.Minute, 2*time.Minute, time.Minute)),
			want: "Finish failed MaxRestartsExceeded"},
	}
	tell(t, stories)
}

// TestAttribution: whose fault a failure is may show later than the failure.
func TestAttribution(t *testing.T) {
	unheard := func(ago time.Duration) edit {
		return everyPod(func(p *lifecycle.Pod) {
			if p.Launcher != nil {
				p.Launcher.Contact = now.Add(-ago)
			}
		})
	}
	code := failed(0, 1, 2*time.Second)
	restarted := func(ago time.Duration, counted bool) edit {
		return func(o *lifecycle.Observation) {
			attempt2(0, 1)(o)
			o.Record.Recovery = &lifecycle.Recovery{Attempt: 2, Reason: lifecycle.ReasonProcessFailed, Counted: counted,
				Detected: now.Add(-ago), Running: now.Add(-ago)}
			if counted {
				o.Record.Counted, o.Record.CountedAt = 1, []time.Time{now.Add(-ago)}
			}
		}
	}
	stories := map[string]story{
		"the other ranks are asked before the program is blamed": {
			o: running(2, code, unheard(3*time.Second)), want: "Wait hurry wake +1s", why: "asking the other ranks first"},
		"also where none has been heard yet": {
			o:    running(2, code, pod(1, func(p *lifecycle.Pod) { p.Launcher, p.WatchedSince = nil, now.Add(-time.Second) })),
			want: "Wait hurry wake +1s"},
		"for a moment": {
			o: running(2, failed(0, 1, 5*time.Second), unheard(6*time.Second), unproven(6*time.Second)), want: "Recover ProcessFailed 2 counted"},
		"not where there are no launchers to ask": {
			o: running(2, code, everyPod(func(p *lifecycle.Pod) { p.Launcher = nil })), want: "Recover ProcessFailed 2 counted"},
		"a node in doubt is waited for": {
			o: running(2, code, node("n1", lifecycle.Suspect, 5*time.Second)), want: "Wait wake +1s", why: "waiting for a second sign"},
		"a node in doubt that has been heard since is none": {
			o: running(2, code, node("n1", lifecycle.Suspect, time.Second)), want: "Recover ProcessFailed 2 counted"},
		"without a restart left, the window stays open": {
			o:    running(2, failed(0, 1, 30*time.Second), usedUp, unproven(40*time.Second)),
			want: "Wait wake +1s", why: "waiting whether a node turns out to be the cause"},
		"until it closes": {
			o: running(2, failed(0, 1, time.Minute), usedUp, unproven(70*time.Second)), want: "Finish failed MaxRestartsExceeded"},
		"or every node has given a sign of life": {
			o: running(2, failed(0, 1, 30*time.Second), usedUp), want: "Finish failed MaxRestartsExceeded"},
		"one is not enough": {
			o: running(2, failed(0, 1, 30*time.Second), usedUp, node("n1", lifecycle.Alive, 40*time.Second)), want: "Wait wake +1s"},
		"a window of nothing is never open": {
			o:    running(2, failed(0, 1, 10*time.Second), usedUp, unproven(40*time.Second), policy(func(f *lifecycle.FailurePolicy) { f.Attribution = 0 })),
			want: "Finish failed MaxRestartsExceeded"},
		"a dead node within the window takes the last restart off the count": {
			o:    running(2, restarted(30*time.Second, true), node("n1", lifecycle.Lost, time.Minute)),
			want: "Recover NodeLost 3 exclude n1 reclassified"},
		"also one that the job has left since": {
			o: running(2, restarted(30*time.Second, true), func(o *lifecycle.Observation) {
				old := runningPod(1, 1, "n9")
				old.Deleting = true
				o.Pods = append(o.Pods, old)
				node("n9", lifecycle.Lost, time.Minute)(o)
			}),
			want: "Wait reclassified"},
		"in time for the failure that would have been one too many": {
			o: running(2, restarted(30*time.Second, true), usedUp, failed(0, 1, time.Second), func(o *lifecycle.Observation) {
				old := runningPod(1, 1, "n9")
				old.Deleting = true
				o.Pods = append(o.Pods, old)
				node("n9", lifecycle.Lost, time.Minute)(o)
			}),
			want: "Recover ProcessFailed 3 counted reclassified"},
		"not after it": {
			o: running(2, restarted(time.Minute, true), node("n1", lifecycle.Lost, time.Minute)), want: "Recover NodeLost 3 exclude n1"},
		"not one that did not count": {
			o: running(2, restarted(30*time.Second, false), node("n1", lifecycle.Lost, time.Minute)), want: "Recover NodeLost 3 exclude n1"},
		"nor does a recovery in between hide it": {
			o: running(2, restarted(30*time.Second, true), node("n1", lifecycle.Lost, time.Minute), record(func(r *lifecycle.Record) {
				r.Recovery.Counted = false
			})),
			want: "Recover NodeLost 3 exclude n1 reclassified"},
		"nor for a pod that was lost otherwise": {
			o: running(2, restarted(30*time.Second, true), missing(0)), want: "Recover PodLost 3"},
		"a failure that is dated into the future happened when it was noticed": {
			o: running(2, failed(0, 1, -time.Hour), unheard(0)), want: "Wait hurry wake +1s"},
		"which is some time ago on the next look": {
			o:    running(2, failed(0, 1, -time.Hour), record(func(r *lifecycle.Record) { r.RecoveringSince = now.Add(-time.Second) })),
			want: "Recover ProcessFailed 2 counted"},
	}
	tell(t, stories)
}

// TestOlderEnd: how a pod that was kept ended in an older attempt says nothing
// of the current one.
func TestOlderEnd(t *testing.T) {
	ended := func(phase lifecycle.Phase, attempt int32) edit {
		return pod(1, func(p *lifecycle.Pod) {
			p.Phase, p.ExitCode, p.EndedAt = phase, 1, now.Add(-10*time.Second)
			p.Launcher = &lifecycle.Launcher{Attempt: attempt, Phase: lifecycle.LauncherExited, Contact: now}
		})
	}
	stories := map[string]story{
		"a failure": {
			o: running(2, attempt2(0), ended(lifecycle.Failed, 1)), want: "Recover PodLost 3", why: "ended in attempt 1, before it learned of attempt 2"},
		"a success": {
			o: running(2, attempt2(0), ended(lifecycle.Succeeded, 1)), want: "Recover PodLost 3"},
		"in the current attempt it counts": {
			o: running(2, attempt2(0), ended(lifecycle.Failed, 2)), want: "Recover ProcessFailed 3 counted"},
	}
	tell(t, stories)
}

// TestBackoff: each recovery in a row that gets nothing running waits for
// longer, up to five minutes.
func TestBackoff(t *testing.T) {
	o := running(2, node("n0", lifecycle.Lost, time.Minute), record(func(r *lifecycle.Record) { r.Ran = 0 }))
	var got []string
	for range 10 {
		d := lifecycle.Decide(o)
		wait := time.Duration(0)
		if !d.Recovery.NotBefore.IsZero() {
			wait = d.Recovery.NotBefore.Sub(o.Now)
		}
		got = append(got, wait.String())
		inAttempt(o, d.Recovery.Attempt)
		o.Record.Recovery = d.Recovery
	}
	want := []string{"0s", "5s", "10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s", "5m0s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
	o.Record.Recovery.Running = now
	if d := lifecycle.Decide(o); d.Recovery.Streak != 1 || !d.Recovery.NotBefore.IsZero() {
		t.Errorf("after a run the streak is %d", d.Recovery.Streak)
	}
	inAttempt(o, 20)
	o.Record.Recovery.Running, o.Record.Ran = time.Time{}, 20
	if d := lifecycle.Decide(o); d.Recovery.Streak != 1 {
		t.Errorf("after a later attempt ran, the streak is %d", d.Recovery.Streak)
	}
}

// inAttempt gives every rank a pod of that attempt.
func inAttempt(o *lifecycle.Observation, attempt int32) {
	o.Record.Placement.Attempt = attempt
	for i := range o.Record.Placement.Slots {
		o.Record.Placement.Slots[i].Attempt = attempt
		o.Pods[i] = runningPod(i, attempt, o.Pods[i].Node)
	}
}

func TestExclusions(t *testing.T) {
	o := running(2, node("n0", lifecycle.Lost, time.Minute), record(func(r *lifecycle.Record) {
		r.Recovery = &lifecycle.Recovery{Attempt: 1, Running: start, Excluded: []lifecycle.Exclusion{
			{Node: "n0", Until: now.Add(time.Minute)}, {Node: "over", Until: now}, {Node: "n9", Until: now.Add(time.Second)},
		}}
	}))
	d := lifecycle.Decide(o)
	want := []lifecycle.Exclusion{{Node: "n0", Until: now.Add(10 * time.Minute)}, {Node: "n9", Until: now.Add(time.Second)}}
	if diff := cmp.Diff(want, d.Recovery.Excluded); diff != "" {
		t.Errorf("excluded (-want +got):\n%s", diff)
	}
	for i := range 100 {
		node("n0", lifecycle.Lost, time.Minute)(o)
		o.Record.Placement.Slots[0].Node = string(rune('A' + i))
		o.Nodes[o.Record.Placement.Slots[0].Node] = o.Nodes["n0"]
		d = lifecycle.Decide(o)
		o.Record.Recovery = d.Recovery
		o.Record.Recovery.Attempt = 1
	}
	if n := len(d.Recovery.Excluded); n != 64 {
		t.Errorf("%d nodes are excluded, which the API does not hold", n)
	}
	if last := d.Recovery.Excluded[63].Node; last != o.Record.Placement.Slots[0].Node {
		t.Errorf("the last node that failed is not excluded, but %s", last)
	}
}

func TestCheckpointGoesWithTheRecovery(t *testing.T) {
	o := running(2, node("n0", lifecycle.Lost, time.Minute), record(func(r *lifecycle.Record) { r.Checkpoint = "attempt-0001/step-5" }))
	d := lifecycle.Decide(o)
	if got, want := say(o, &d), "Recover NodeLost 2 exclude n0 resume attempt-0001/step-5"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestRejected(t *testing.T) {
	o := placed(2)
	r := lifecycle.Rejected(o, "exceeded quota")
	if got, want := sayRecovery(o, r), "PodRejected 2 hold 5s"; got != want || r.Message != "exceeded quota" {
		t.Errorf("%s: %s, want %s", got, r.Message, want)
	}
	o.Record.Recovery, o.Record.Placement.Attempt = r, 2
	if got, want := sayRecovery(o, lifecycle.Rejected(o, "")), "PodRejected 3 hold 10s"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
