package lifecycle_test

import (
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

func clean(c lifecycle.Clean) edit { return func(o *lifecycle.Observation) { o.Job.Clean = c } }

// ended is a job that ended a minute ago.
func ended(o *lifecycle.Observation) {
	o.Record.End = &lifecycle.End{Succeeded: true, Reason: lifecycle.ReasonAllSucceeded}
	o.Record.EndedAt = now.Add(-time.Minute)
}

func ttl(d time.Duration) edit { return limits(func(l *lifecycle.Limits) { l.TTL = d }) }

func unplaced(o *lifecycle.Observation) {
	o.Record.Placement.Slots, o.Record.ActiveSince = nil, time.Time{}
}

func first(o *lifecycle.Observation) { o.Job.Success = lifecycle.SuccessFirst }

func TestEnd(t *testing.T) {
	stories := map[string]story{
		"every rank has succeeded": {
			o: running(2, succeeded(0, 1)), want: "Finish succeeded AllRanksSucceeded"},
		"one has not": {
			o: running(2, succeeded(0)), want: "Wait"},
		"one was told to stop, and did so well": {
			o:    running(2, succeeded(0, 1), deleting(1), pod(1, func(p *lifecycle.Pod) { p.AskedToGo = now.Add(-2 * time.Second) })),
			want: "Recover PodLost 2", why: "was told to stop by somebody else, and did"},
		"one is deleted after it had succeeded": {
			o:    running(2, succeeded(0, 1), deleting(1), pod(1, func(p *lifecycle.Pod) { p.AskedToGo = now })),
			want: "Finish succeeded AllRanksSucceeded"},
		"one has succeeded, and its pod is gone": {
			o:    running(2, succeeded(0), missing(1), record(func(r *lifecycle.Record) { r.Succeeded = []int{1} })),
			want: "Finish succeeded AllRanksSucceeded"},
		"the first is enough where it decides": {
			o: running(2, succeeded(0), first), want: "Finish succeeded FirstReplicaSucceeded"},
		"another is not": {
			o: running(2, succeeded(1), first), want: "Wait"},
		"success weighs more than a late failure": {
			o: running(2, succeeded(0), failed(1, 1, time.Second), first), want: "Finish succeeded FirstReplicaSucceeded"},
		"success weighs more than a lost node": {
			o: running(2, succeeded(0, 1), node("n0", lifecycle.Lost, time.Minute)), want: "Finish succeeded AllRanksSucceeded"},
		"the deadline of a job that holds a place": {
			o:    running(2, limits(func(l *lifecycle.Limits) { l.Active = 10 * time.Minute })),
			want: "Finish failed DeadlineExceeded", why: "ran for 10m0s"},
		"earlier stretches count": {
			o:    running(2, limits(func(l *lifecycle.Limits) { l.Active = time.Hour }), record(func(r *lifecycle.Record) { r.Active = 50 * time.Minute })),
			want: "Finish failed DeadlineExceeded"},
		"it is waited for": {
			o:    running(2, limits(func(l *lifecycle.Limits) { l.Active = time.Hour })),
			want: "Wait wake +50m0s"},
		"time without a place does not count": {
			o: running(2, unplaced, missing(0, 1), limits(func(l *lifecycle.Limits) { l.Active = time.Second })), want: "Wait"},
		"the deadline holds while it recovers": {
			o: running(2, recovering(), limits(func(l *lifecycle.Limits) { l.Active = time.Minute })), want: "Finish failed DeadlineExceeded"},
		"a job that waited too long for a place": {
			o: running(2, unplaced, missing(0, 1), queued(time.Hour)), want: "Finish failed QueueTimeout", why: "waited for a place for 1h0m0s"},
		"one that still may": {
			o: running(2, unplaced, missing(0, 1), queued(59*time.Minute)), want: "Wait wake +1m0s"},
		"one that does not wait": {
			o: running(2, unplaced, missing(0, 1), limits(func(l *lifecycle.Limits) { l.Queue = time.Second })), want: "Wait"},
	}
	tell(t, stories)
}

func queued(ago time.Duration) edit {
	return func(o *lifecycle.Observation) {
		o.Job.Limits.Queue, o.Record.QueuedSince = time.Hour, now.Add(-ago)
	}
}

func TestCleanUp(t *testing.T) {
	stories := map[string]story{
		"what runs is stopped": {
			o: running(3, ended, succeeded(0)), want: "Stop delete p1.1 p2.1"},
		"all goes": {
			o: running(2, ended, succeeded(0), clean(lifecycle.CleanAll)), want: "Stop delete p0.1 p1.1"},
		"all stays": {
			o: running(2, ended, succeeded(0), clean(lifecycle.CleanNone)), want: "Wait"},
		"what goes already is left alone": {
			o: running(2, ended, succeeded(0), deleting(1)), want: "Wait"},
		"its time has come": {
			o: running(2, ended, ttl(time.Minute)), want: "Remove"},
		"its time will come": {
			o: running(2, ended, succeeded(0, 1), ttl(2*time.Minute)), want: "Wait wake +1m0s"},
		"it goes at once": {
			o: running(2, ended, ttl(0)), want: "Remove"},
		"nothing brings it back": {
			o: running(2, ended, succeeded(0, 1), node("n0", lifecycle.Lost, time.Hour), recovering()), want: "Wait"},
		"whatever happens to its pods": {
			o: running(2, ended, failed(0, 1, time.Second), missing(1), unplaced), want: "Wait"},
	}
	tell(t, stories)
}

// recovering is a job that has asked for attempt 2, in which some ranks get a
// new pod; without any, all do.
func recovering(replace ...int) edit {
	return record(func(r *lifecycle.Record) {
		r.Recovery = &lifecycle.Recovery{Attempt: 2, Replace: replace, NotBefore: now.Add(5 * time.Second)}
	})
}

func TestLeaving(t *testing.T) {
	evicting := record(func(r *lifecycle.Record) { r.Evicting = true })
	notBound := pod(0, func(p *lifecycle.Pod) { p.Bound, p.Node, p.Phase = false, "", lifecycle.Pending })
	force := policy(func(f *lifecycle.FailurePolicy) { f.ForceUnreachable = true })
	lost, removed := node("n0", lifecycle.Lost, time.Minute), node("n0", lifecycle.Removed, time.Minute)
	stories := map[string]story{
		"an eviction stops all": {
			o: running(2, evicting), want: "Stop delete p0.1 p1.1"},
		"ended pods too": {
			o: running(2, evicting, failed(0, 1, time.Second)), want: "Stop delete p0.1 p1.1"},
		"a job that had succeeded has": {
			o: running(2, evicting, succeeded(0, 1)), want: "Finish succeeded AllRanksSucceeded"},
		"one that ended well since it was told to stop has not": {
			o: running(2, evicting, succeeded(0, 1), deleting(0), deleting(1)), want: "Wait"},
		"one that ended well before that has": {
			o:    running(2, evicting, succeeded(0, 1), deleting(0), everyPod(func(p *lifecycle.Pod) { p.AskedToGo = now })),
			want: "Finish succeeded AllRanksSucceeded"},
		"a job without a place has no pods": {
			o: running(2, unplaced), want: "Stop delete p0.1 p1.1"},
		"a recovery stops all pods": {
			o: running(2, recovering()), want: "Stop delete p0.1 p1.1 wake +5s"},
		"or those that are replaced": {
			o: running(3, recovering(1)), want: "Stop delete p1.1 wake +5s"},
		"and pods of older attempts": {
			o:    running(2, recovering(1), func(o *lifecycle.Observation) { o.Pods = append(o.Pods, runningPod(0, 0, "n0")) }),
			want: "Stop delete p1.1 p0.0 wake +5s"},
		"then it waits for its place": {
			o: running(2, recovering(1), missing(1)), want: "Wait wake +5s"},
		"none to be replaced, none goes": {
			o:    running(2, recovering(), record(func(r *lifecycle.Record) { r.Recovery.Replace = []int{} })),
			want: "Wait wake +5s"},
		"a pod on a dead node is asked to go": {
			o: running(2, recovering(0), lost), want: "Stop delete p0.1 wake +5s"},
		"a restart that counted is taken back at any time": {
			o: running(2, recovering(0), lost, deleting(0), record(func(r *lifecycle.Record) {
				r.Counted, r.CountedAt = 1, []time.Time{now.Add(-time.Second)}
			})),
			want: "Wait reclassified wake +5s"},
		"and is not asked twice": {
			o: running(2, recovering(0), lost, deleting(0)), want: "Wait wake +5s"},
		"a node that is gone confirms": {
			o: running(2, recovering(0), removed), want: "Stop delete p0.1! wake +5s"},
		"also for a pod that is going already": {
			o: running(2, recovering(0), removed, deleting(0)), want: "Stop delete p0.1! wake +5s"},
		"the user may choose not to wait": {
			o: running(2, recovering(0), lost, deleting(0), force), want: "Stop delete p0.1! wake +5s"},
		"a node in doubt is not dead": {
			o: running(2, recovering(0), node("n0", lifecycle.Suspect, time.Minute), force), want: "Stop delete p0.1 wake +5s"},
		"nobody has to confirm a pod without a node": {
			o: running(2, recovering(0), notBound, removed), want: "Stop delete p0.1 wake +5s"},
		"nor one that has ended": {
			o: running(2, recovering(0), failed(0, 1, time.Second), removed), want: "Stop delete p0.1 wake +5s"},
	}
	tell(t, stories)
}
