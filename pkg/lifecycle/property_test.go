package lifecycle_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// dice throws up observations of every kind, sensible or not.
type dice struct{ *rand.Rand }

func roll(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 1))} }

func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

// moment is within two hours of now, and sometimes nothing.
func (d dice) moment() time.Time {
	if d.chance(20) {
		return time.Time{}
	}
	return now.Add(time.Duration(d.IntN(7200)-6600) * time.Second)
}

func (d dice) span() time.Duration {
	return pick(d, 0, time.Second, time.Minute, 10*time.Minute, 100*time.Hour)
}

func (d dice) observation() *lifecycle.Observation {
	o := &lifecycle.Observation{Now: now, Job: d.job(), Nodes: map[string]lifecycle.Node{}}
	for i := range 4 {
		if d.chance(90) {
			o.Nodes[fmt.Sprint("n", i)] = lifecycle.Node{Health: lifecycle.Health(d.IntN(4)), Proven: d.moment()}
		}
	}
	o.Record = d.record(&o.Job)
	for rank := range o.Job.Size() + 1 {
		for attempt := range o.Record.Placement.Attempt + 1 {
			if d.chance(60) {
				o.Pods = append(o.Pods, d.pod(rank, attempt))
			}
		}
	}
	d.Shuffle(len(o.Pods), func(i, k int) { o.Pods[i], o.Pods[k] = o.Pods[k], o.Pods[i] })
	return o
}

func (d dice) job() lifecycle.Job {
	j := lifecycle.Job{
		Launcher: d.chance(70), Success: lifecycle.Success(d.IntN(2)), Clean: lifecycle.Clean(d.IntN(3)),
		Failure: lifecycle.FailurePolicy{
			MaxRestarts: d.IntN(4), Window: d.span(), Attribution: d.span(),
			Strategy: lifecycle.Strategy(d.IntN(3)), ForceUnreachable: d.chance(30),
		},
		Limits: lifecycle.Limits{Active: d.span(), Queue: d.span(), Startup: d.span(), Bind: d.span(), TTL: d.span() - 1},
	}
	for i := range 1 + d.IntN(3) {
		j.Sets = append(j.Sets, lifecycle.Set{
			Name: fmt.Sprint("s", i), Replicas: 1 + d.IntN(3), After: d.IntN(5) - 1, AfterSuccess: d.chance(50),
		})
	}
	for i := range d.IntN(3) {
		r := lifecycle.Rule{Name: fmt.Sprint("r", i), Action: lifecycle.Action(d.IntN(4)), NotIn: d.chance(30)}
		if d.chance(50) {
			r.ExitCodes = []int32{d.Int32N(3)}
		} else {
			r.Condition = lifecycle.Condition{Type: "DisruptionTarget", Status: "True"}
		}
		if d.chance(30) {
			r.Sets = []string{fmt.Sprint("s", d.IntN(3))}
		}
		j.Failure.Rules = append(j.Failure.Rules, r)
	}
	return j
}

func (d dice) record(j *lifecycle.Job) lifecycle.Record {
	attempt := 1 + d.Int32N(3)
	r := lifecycle.Record{
		Ran: d.Int32N(attempt + 1), Placement: lifecycle.Placement{Attempt: attempt, Since: d.moment()},
		Evicting: d.chance(15), Counted: d.Int32N(4), QueuedSince: d.moment(),
		Active: d.span(), ActiveSince: d.moment(), RecoveringSince: d.moment(),
	}
	if d.chance(85) {
		for range j.Size() {
			slot := lifecycle.Slot{Node: fmt.Sprint("n", d.IntN(4)), Attempt: attempt}
			if d.chance(30) {
				slot.Attempt = 1 + d.Int32N(attempt)
			}
			r.Placement.Slots = append(r.Placement.Slots, slot)
		}
	}
	for range j.Sets {
		r.Created = append(r.Created, d.Int32N(attempt+1))
	}
	for rank := range j.Size() {
		if d.chance(15) {
			r.Succeeded = append(r.Succeeded, rank)
		}
	}
	for range d.IntN(4) {
		r.CountedAt = append(r.CountedAt, d.moment())
	}
	if d.chance(15) {
		r.End, r.EndedAt = &lifecycle.End{Succeeded: d.chance(50), Reason: "x"}, d.moment()
	}
	if d.chance(40) {
		r.Recovery = d.recovery(j, attempt)
	}
	return r
}

func (d dice) recovery(j *lifecycle.Job, attempt int32) *lifecycle.Recovery {
	r := &lifecycle.Recovery{
		Attempt: 1 + d.Int32N(attempt+1), Counted: d.chance(50), Streak: d.Int32N(40),
		NotBefore: d.moment(), Detected: d.moment(), Running: d.moment(),
	}
	if d.chance(60) {
		r.Replace = []int{}
		for rank := range j.Size() {
			if d.chance(50) {
				r.Replace = append(r.Replace, rank)
			}
		}
	}
	return r
}

func (d dice) pod(rank int, attempt int32) lifecycle.Pod {
	p := runningPod(rank, attempt, fmt.Sprint("n", d.IntN(4)))
	p.Phase, p.Ready, p.Deleting = lifecycle.Phase(d.IntN(4)), d.chance(50), d.chance(20)
	p.Created, p.AskedToGo, p.WatchedSince, p.EndedAt = d.moment(), d.moment(), d.moment(), d.moment()
	p.Cause, p.ExitCode, p.Instructed = lifecycle.Cause(d.IntN(3)), d.Int32N(3), d.Int32N(4)
	if d.chance(20) {
		p.Bound, p.Node, p.Phase = false, "", lifecycle.Pending
	}
	p.Launcher = nil
	if d.chance(70) {
		p.Launcher = &lifecycle.Launcher{Attempt: d.Int32N(4), Phase: lifecycle.LauncherPhase(d.IntN(5)),
			ExitCode: d.Int32N(3), ExitedAt: d.moment(), Contact: d.moment()}
	}
	if d.chance(20) {
		p.Conditions = []lifecycle.Condition{{Type: "DisruptionTarget", Status: "True"}}
	}
	return p
}

// named are the pods that the placement names, by rank.
func named(o *lifecycle.Observation) map[int]*lifecycle.Pod {
	out := map[int]*lifecycle.Pod{}
	for i := range o.Pods {
		p := &o.Pods[i]
		if p.Rank < len(o.Record.Placement.Slots) && p.Attempt == o.Record.Placement.Slots[p.Rank].Attempt {
			out[p.Rank] = p
		}
	}
	return out
}

// broken says which promise of Decide a decision breaks; empty: none.
func broken(o *lifecycle.Observation, d *lifecycle.Decision) string {
	have, ended := named(o), o.Record.End != nil
	recovering := o.Record.Recovery != nil && o.Record.Recovery.Attempt > o.Record.Placement.Attempt
	stays := o.Record.Placement.Placed() && !o.Record.Evicting && !recovering && !ended
	for _, rank := range d.Create {
		if have[rank] != nil {
			return fmt.Sprintf("rank %d has a pod of its attempt and gets another", rank)
		}
		if slices.Contains(o.Record.Succeeded, rank) {
			return fmt.Sprintf("rank %d has succeeded and gets another pod", rank)
		}
		if !stays || o.Record.Placement.Slots[rank].Attempt != o.Record.Placement.Attempt {
			return fmt.Sprintf("rank %d gets a pod that no placement asks for", rank)
		}
	}
	for _, del := range d.Delete {
		for _, p := range have {
			if stays && p.Name == del.Name {
				return fmt.Sprintf("pod %s holds its rank and is deleted", p.Name)
			}
		}
	}
	alone := d.Verb == lifecycle.Recover || d.Verb == lifecycle.Finish
	switch {
	case alone && len(d.Create)+len(d.Delete)+len(d.Instruct) > 0:
		return "a record goes with an action"
	case (d.Recovery != nil) != (d.Verb == lifecycle.Recover) || (d.End != nil) != (d.Verb == lifecycle.Finish):
		return "a verb without its record, or a record without its verb"
	case ended && d.Verb != lifecycle.Wait && d.Verb != lifecycle.Stop && d.Verb != lifecycle.Remove:
		return "a job that has ended goes on"
	case !ended && d.Verb == lifecycle.Remove:
		return "a job that has not ended is removed"
	case d.Recovery != nil && d.Recovery.Attempt != o.Record.Placement.Attempt+1:
		return "a recovery skips an attempt"
	case !d.Wake.IsZero() && !d.Wake.After(o.Now):
		return "it asks to be woken in the past"
	case d.Holding != "" && d.Wake.IsZero():
		return "it holds back, and nothing wakes it"
	}
	return ""
}

func check(t *testing.T, seed uint64) {
	t.Helper()
	o, again := roll(seed).observation(), roll(seed).observation()
	d := lifecycle.Decide(o)
	if !reflect.DeepEqual(again, o) {
		t.Fatalf("seed %d: Decide changes what it looks at (-before +after):\n%s", seed, cmp.Diff(again, o))
	}
	if second := lifecycle.Decide(o); !reflect.DeepEqual(d, second) {
		t.Fatalf("seed %d: Decide changes its mind:\n%s", seed, cmp.Diff(d, second))
	}
	if why := broken(o, &d); why != "" {
		t.Fatalf("seed %d: %s: %s\n%+v", seed, why, say(o, &d), o)
	}
}

// TestPromises holds for whatever is observed.
func TestPromises(t *testing.T) {
	verbs := map[lifecycle.Verb]int{}
	for seed := range uint64(20000) {
		check(t, seed)
		verbs[lifecycle.Decide(roll(seed).observation()).Verb]++
	}
	if len(verbs) != 6 {
		t.Errorf("the dice show only %v", verbs)
	}
}

func FuzzDecide(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(check)
}
