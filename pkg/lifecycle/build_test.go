package lifecycle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// start is when the job of most tests was placed; now is when it is looked at.
var (
	start = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	now   = start.Add(10 * time.Minute)
)

// edit changes an observation.
type edit func(*lifecycle.Observation)

// running is a job of one set of ranks that all run in attempt 1, each on a
// node of its own, with a launcher that has just answered.
func running(size int, edits ...edit) *lifecycle.Observation {
	o := &lifecycle.Observation{
		Now: now,
		Job: lifecycle.Job{
			Sets:     []lifecycle.Set{{Name: "worker", Replicas: size}},
			Launcher: true,
			Failure:  lifecycle.FailurePolicy{MaxRestarts: 3, Attribution: time.Minute},
			Limits:   lifecycle.Limits{Startup: 30 * time.Minute, Bind: time.Minute, TTL: -1},
		},
		Record: lifecycle.Record{
			Created: []int32{1}, Ran: 1, ActiveSince: start,
			Placement: lifecycle.Placement{Attempt: 1, Since: start},
		},
		Nodes: map[string]lifecycle.Node{},
	}
	for rank := range size {
		node := fmt.Sprint("n", rank)
		o.Record.Placement.Slots = append(o.Record.Placement.Slots, lifecycle.Slot{Node: node, Attempt: 1})
		o.Pods = append(o.Pods, runningPod(rank, 1, node))
		o.Nodes[node] = lifecycle.Node{Proven: now}
	}
	return with(o, edits...)
}

// placed is a job that has just been given its place, without any pod.
func placed(size int, edits ...edit) *lifecycle.Observation {
	o := running(size)
	o.Now, o.Pods, o.Record.Created, o.Record.Ran = start, nil, []int32{0}, 0
	return with(o, edits...)
}

func with(o *lifecycle.Observation, edits ...edit) *lifecycle.Observation {
	for _, e := range edits {
		e(o)
	}
	return o
}

func podName(rank int, attempt int32) string { return fmt.Sprintf("p%d.%d", rank, attempt) }

func runningPod(rank int, attempt int32, node string) lifecycle.Pod {
	name := podName(rank, attempt)
	return lifecycle.Pod{
		Name: name, UID: "uid-" + name, Rank: rank, Attempt: attempt, Instructed: attempt,
		Node: node, Bound: true, Created: start, Phase: lifecycle.Running, Ready: true, WatchedSince: start,
		Launcher: &lifecycle.Launcher{Attempt: attempt, Phase: lifecycle.LauncherRunning, Contact: now},
	}
}

// pod changes the pods of a rank.
func pod(rank int, change func(*lifecycle.Pod)) edit {
	return func(o *lifecycle.Observation) {
		for i := range o.Pods {
			if o.Pods[i].Rank == rank {
				change(&o.Pods[i])
			}
		}
	}
}

// everyPod changes all pods.
func everyPod(change func(*lifecycle.Pod)) edit {
	return func(o *lifecycle.Observation) {
		for i := range o.Pods {
			change(&o.Pods[i])
		}
	}
}

// failed is a pod whose program ended with a code, some time ago. The others
// have answered since.
func failed(rank int, code int32, ago time.Duration) edit {
	return pod(rank, func(p *lifecycle.Pod) {
		p.Phase, p.ExitCode, p.EndedAt, p.Ready = lifecycle.Failed, code, now.Add(-ago), false
		p.Launcher = nil
	})
}

func succeeded(ranks ...int) edit {
	return func(o *lifecycle.Observation) {
		for _, rank := range ranks {
			pod(rank, func(p *lifecycle.Pod) {
				p.Phase, p.EndedAt, p.Ready = lifecycle.Succeeded, now.Add(-time.Second), false
				p.Launcher.Phase = lifecycle.LauncherExited
			})(o)
		}
	}
}

// missing removes the pods of a rank.
func missing(ranks ...int) edit {
	return func(o *lifecycle.Observation) {
		o.Pods = slices.DeleteFunc(o.Pods, func(p lifecycle.Pod) bool { return slices.Contains(ranks, p.Rank) })
	}
}

// node sets the health of a node that last gave a sign of life some time ago.
func node(name string, h lifecycle.Health, ago time.Duration) edit {
	return func(o *lifecycle.Observation) {
		o.Nodes[name] = lifecycle.Node{Health: h, Proven: o.Now.Add(-ago), Witness: "the test says so"}
	}
}

// unproven says that no node has given a sign of life for a while, though none
// is in doubt, and that no launcher has been heard since either.
func unproven(ago time.Duration) edit {
	return func(o *lifecycle.Observation) {
		for name := range o.Nodes {
			o.Nodes[name] = lifecycle.Node{Proven: o.Now.Add(-ago)}
		}
	}
}

func policy(change func(*lifecycle.FailurePolicy)) edit {
	return func(o *lifecycle.Observation) { change(&o.Job.Failure) }
}

func strategy(s lifecycle.Strategy) edit {
	return policy(func(f *lifecycle.FailurePolicy) { f.Strategy = s })
}

func rule(r lifecycle.Rule) edit {
	return policy(func(f *lifecycle.FailurePolicy) { f.Rules = append(f.Rules, r) })
}

func record(change func(*lifecycle.Record)) edit {
	return func(o *lifecycle.Observation) { change(&o.Record) }
}

func limits(change func(*lifecycle.Limits)) edit {
	return func(o *lifecycle.Observation) { change(&o.Job.Limits) }
}

// usedUp leaves no restart.
func usedUp(o *lifecycle.Observation) { o.Record.Counted = 3 }

// attempt2 makes attempt 2 current: the given ranks have a new pod, the others
// keep theirs, which have been told.
func attempt2(replaced ...int) edit {
	return func(o *lifecycle.Observation) {
		p := &o.Record.Placement
		p.Attempt, p.Since, o.Record.Ran, o.Record.Created = 2, now.Add(-time.Minute), 2, []int32{2}
		for i := range p.Slots {
			if slices.Contains(replaced, i) {
				p.Slots[i].Attempt = 2
				pod(i, func(q *lifecycle.Pod) { *q = runningPod(i, 2, p.Slots[i].Node) })(o)
			} else {
				pod(i, func(q *lifecycle.Pod) { q.Instructed, q.Launcher.Attempt = 2, 2 })(o)
			}
		}
	}
}

// say puts a decision into a line:
//
//	Run create 0 1 delete p0.1! instruct p1.1 wake +1s
//	Recover NodeLost 2 counted replace 0 exclude n0 hold 5s resume c
//
// where ! is a forced deletion, and replace is left out where every rank is.
func say(o *lifecycle.Observation, d *lifecycle.Decision) string {
	words := []string{d.Verb.String()}
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	if len(d.Create) > 0 {
		add("create %s", strings.Trim(fmt.Sprint(d.Create), "[]"))
	}
	for i, p := range d.Delete {
		if i == 0 {
			add("delete")
		}
		add("%s%s", p.Name, map[bool]string{true: "!"}[p.Force])
	}
	if len(d.Instruct) > 0 {
		add("instruct %s", strings.Join(d.Instruct, " "))
	}
	if r := d.Recovery; r != nil {
		words = append(words, sayRecovery(o, r))
	}
	if d.Reclassified {
		add("reclassified")
	}
	if d.End != nil {
		add("%s %s", map[bool]string{true: "succeeded", false: "failed"}[d.End.Succeeded], d.End.Reason)
	}
	if d.Hurry {
		add("hurry")
	}
	if !d.Wake.IsZero() {
		add("wake +%s", d.Wake.Sub(o.Now))
	}
	return strings.Join(words, " ")
}

func sayRecovery(o *lifecycle.Observation, r *lifecycle.Recovery) string {
	words := []string{r.Reason, fmt.Sprint(r.Attempt)}
	if r.Counted {
		words = append(words, "counted")
	}
	if r.Replace != nil {
		words = append(words, "replace "+strings.Trim(fmt.Sprint(r.Replace), "[]"))
	}
	for _, e := range r.Excluded {
		words = append(words, "exclude "+e.Node)
	}
	if !r.NotBefore.IsZero() {
		words = append(words, fmt.Sprintf("hold %s", r.NotBefore.Sub(o.Now)))
	}
	if r.Checkpoint != "" {
		words = append(words, "resume "+r.Checkpoint)
	}
	return strings.Join(words, " ")
}

// story is one observation, what is decided, and a part of the words for it.
type story struct {
	o    *lifecycle.Observation
	want string
	why  string
}

func tell(t *testing.T, stories map[string]story) {
	t.Helper()
	for name, s := range stories {
		t.Run(name, func(t *testing.T) {
			d := lifecycle.Decide(s.o)
			if diff := cmp.Diff(s.want, say(s.o, &d)); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			words := d.Waiting + d.Holding
			if d.Recovery != nil {
				words += d.Recovery.Message
			}
			if d.End != nil {
				words += d.End.Message
			}
			if !strings.Contains(words, s.why) {
				t.Errorf("the words are %q, want %q in them", words, s.why)
			}
		})
	}
}
