package placement

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// show writes a plan in short: gang, verb, reason, whom for, and the runs as
// node:first+count.
func show(plan Plan) string {
	var b strings.Builder
	for _, d := range plan.Decisions {
		fmt.Fprintf(&b, "%s %s %s", d.Gang, d.Verb, d.Reason)
		if d.For != "" {
			fmt.Fprintf(&b, " for %s", d.For)
		}
		for _, run := range d.Runs {
			fmt.Fprintf(&b, " %d@%d:%d+%d", run.Set, run.Node, run.First, run.Count)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// running is a preemptible gang of one pod on a node, that arrived so many
// seconds after the others.
func running(id string, shape ShapeID, node NodeID, seconds int) Gang {
	g := job(id, shape, 1)
	g.Preemptible, g.Arrived = true, epoch.Add(time.Duration(seconds)*time.Second)
	g.Held = []Run{{Node: node, First: 0, Count: 1}}
	return g
}

func TestDecide(t *testing.T) {
	const one, four, eight, sixteen = 0, 1, 2, 3
	tests := []struct {
		name  string
		nodes int
		edit  func(*Snapshot)
		want  string
	}{
		{"a gang is placed in rank order on neighbouring nodes", 4, func(s *Snapshot) {
			s.Gangs = []Gang{job("a", eight, 2)}
		}, "a Admit Fits 0@0:0+1 0@1:1+1\n"},
		{"several pods share a node", 4, func(s *Snapshot) {
			s.Gangs = []Gang{job("a", four, 4)}
		}, "a Admit Fits 0@0:0+2 0@1:2+2\n"},
		{"the fullest node that suffices is taken", 4, func(s *Snapshot) {
			s.Nodes[2].Used = Vec{0, 5, 5}
			s.Gangs = []Gang{job("a", one, 3)}
		}, "a Admit Fits 0@2:0+3\n"},
		{"the smallest domain that takes the whole gang is taken", 8, func(s *Snapshot) {
			s.Nodes[1].Used = Vec{0, 1, 1}
			s.Gangs = []Gang{job("a", eight, 2)}
		}, "a Admit Fits 0@2:0+1 0@3:1+1\n"},
		{"a gang larger than a rack stays in a block", 8, func(s *Snapshot) {
			s.Nodes[0].Used = Vec{0, 8, 1}
			s.Gangs = []Gang{job("a", eight, 4)}
		}, "a Admit Fits 0@4:0+1 0@5:1+1 0@6:2+1 0@7:3+1\n"},
		{"pods without GPUs stay off the nodes that have them", 4, func(s *Snapshot) {
			s.Shapes[one].Req = Vec{40000, 0, 1}
			s.Nodes[1].Alloc, s.Nodes[3].Alloc = Vec{50000, 0, 110}, Vec{90000, 0, 110}
			s.Nodes[1].Path, s.Nodes[3].Path = nil, nil
			s.Gangs = []Gang{job("a", one, 1), job("b", one, 2), job("c", one, 2)}
		}, "a Admit Fits 0@1:0+1\nb Admit Fits 0@3:0+2\nc Admit Fits 0@0:0+1 0@2:1+1\n"},
		{"all or nothing", 2, func(s *Snapshot) {
			s.Gangs = []Gang{job("a", eight, 2), job("b", eight, 1)}
		}, "a Admit Fits 0@0:0+1 0@1:1+1\nb Wait Insufficient\n"},
		{"priority goes before arrival, arrival before name", 1, func(s *Snapshot) {
			s.Gangs = []Gang{job("a", eight, 1), job("b", eight, 1), job("c", eight, 1)}
			s.Gangs[1].Arrived = epoch.Add(-time.Second)
			s.Gangs[2].Priority = 1
		}, "c Admit Fits 0@0:0+1\nb Wait Insufficient\na Wait Insufficient\n"},
		{"a smaller gang passes the one that does not fit, and says so", 2, func(s *Snapshot) {
			s.Nodes[0].Used = Vec{0, 4, 1}
			s.Gangs = []Gang{job("a", eight, 2), job("b", four, 1)}
		}, "a Wait Insufficient\nb Admit FitsAhead for a 0@0:0+1\n"},
		{"a gang that ends in time passes the one that was promised a time, a longer one does not", 2, func(s *Snapshot) {
			run := running("run", eight, 0, 0)
			run.EndsBy = epoch.Add(time.Hour)
			s.Gangs = []Gang{run, job("a", eight, 2), job("b", eight, 1), job("c", eight, 1)}
			s.Gangs[2].Takes, s.Gangs[3].Takes = 2*time.Hour, time.Hour
		}, "a Wait Insufficient\nb Wait Behind for a\nc Admit FitsAhead for a 0@1:0+1\n"},
		{"a long gang takes room that the promised one does not need", 3, func(s *Snapshot) {
			run := running("run", eight, 0, 0)
			run.EndsBy = epoch.Add(time.Hour)
			s.Nodes[2].Used = Vec{0, 4, 1}
			s.Gangs = []Gang{run, job("a", eight, 2), job("b", four, 1)}
		}, "a Wait Insufficient\nb Admit FitsAhead for a 0@2:0+1\n"},
		{"one that runs longer than it said makes no promise", 2, func(s *Snapshot) {
			run := running("run", eight, 0, 0)
			run.EndsBy = epoch
			s.Gangs = []Gang{run, job("a", eight, 2), job("b", eight, 1)}
		}, "a Wait Insufficient\nb Admit FitsAhead for a 0@1:0+1\n"},
		{"what can never fit is told, and nobody passes it", 2, func(s *Snapshot) {
			s.Gangs = []Gang{job("a", sixteen, 1), job("b", eight, 1)}
		}, "a Impossible Insufficient\nb Admit Fits 0@0:0+1\n"},
		{"a node that is not ready makes a gang wait, not impossible", 2, func(s *Snapshot) {
			s.Nodes[0].Health = NotReady
			s.Gangs = []Gang{job("a", eight, 2)}
		}, "a Wait Insufficient\n"},
		{"no node may be used", 2, func(s *Snapshot) {
			s.Shapes[eight].Eligible = nil
			s.Gangs = []Gang{job("a", eight, 1)}
		}, "a Impossible NoEligibleNode\n"},
		{"excluded nodes are left out, and taken by others", 2, func(s *Snapshot) {
			s.Gangs = []Gang{job("a", eight, 1), job("b", eight, 1)}
			s.Gangs[0].Exclude = []NodeID{0}
		}, "a Admit Fits 0@1:0+1\nb Admit Fits 0@0:0+1\n"},
		{"what each node has but once is not shared", 2, func(s *Snapshot) {
			s.Resources = append(slices.Clone(s.Resources), Resource{ID: 3, Name: "port/TCP/29500", Each: 1})
			s.Shapes[one].Req = Vec{1000, 1, 1, 1}
			s.Gangs = []Gang{job("a", one, 2), job("b", one, 1)}
		}, "a Admit Fits 0@0:0+1 0@1:1+1\nb Wait Insufficient\n"},
		{"of each resource enough, but never together", 2, func(s *Snapshot) {
			s.Nodes[0].Used = Vec{0, 8, 1}
			s.Nodes[1].Used = Vec{64000, 0, 1}
			s.Gangs = []Gang{job("a", one, 1)}
		}, "a Wait Fragmented\n"},
		{"several sets", 2, func(s *Snapshot) {
			s.Gangs = []Gang{job("a", one, 1)}
			s.Gangs[0].Sets = append(s.Gangs[0].Sets, Set{Name: "big", Shape: eight, Count: 1})
		}, "a Admit Fits 0@1:0+1 1@0:0+1\n"},
		{"several sets that fit only one at a time", 1, func(s *Snapshot) {
			s.Nodes[0].Used = Vec{0, 1, 0}
			s.Gangs = []Gang{job("a", four, 1)}
			s.Gangs[0].Sets = append(s.Gangs[0].Sets, Set{Name: "more", Shape: one, Count: 4})
		}, "a Wait Together\n"},
		{"a lost rank is replaced near the survivors", 8, func(s *Snapshot) {
			s.Nodes[0].Used = Vec{0, 7, 7}
			s.Nodes[5].Health = NotReady
			g := job("a", eight, 2)
			g.Held = []Run{{Node: 4, First: 0, Count: 1}}
			s.Gangs = []Gang{g}
		}, "a Replace Fits 0@6:1+1\n"},
		{"a gang that lost ranks goes before its equals", 2, func(s *Snapshot) {
			g := job("b", eight, 2)
			g.Held = []Run{{Node: 0, First: 0, Count: 1}}
			s.Gangs = []Gang{job("a", eight, 1), g}
		}, "b Replace Fits 0@1:1+1\na Wait Insufficient\n"},
		{"a lost rank without a place waits while it may", 2, func(s *Snapshot) {
			s.Nodes[1].Health = NotReady
			g := job("a", eight, 2)
			g.Held = []Run{{Node: 0, First: 0, Count: 1}}
			g.HoldUntil = epoch.Add(time.Second)
			s.Gangs = []Gang{g}
		}, "a Wait Insufficient\n"},
		{"and then gives up what it holds", 2, func(s *Snapshot) {
			s.Nodes[1].Health = NotReady
			g := job("a", eight, 2)
			g.Held = []Run{{Node: 0, First: 0, Count: 1}}
			g.HoldUntil = epoch
			s.Gangs = []Gang{g}
		}, "a Release HeldTooLong\n"},
		{"where a lost rank fits only if the others move, the whole gang is placed anew", 2, func(s *Snapshot) {
			s.Shapes[eight].Eligible = nil
			s.Shapes[eight].Eligible.Add(1)
			g := job("a", one, 1)
			g.Sets = append(g.Sets, Set{Name: "big", Shape: eight, Count: 1})
			g.Held = []Run{{Set: 0, Node: 1, First: 0, Count: 1}}
			s.Gangs = []Gang{g}
		}, "a Admit Fits 0@0:0+1 1@1:0+1\n"},
		{"of two gangs that wait for each other's halves, the later one gives up", 2, func(s *Snapshot) {
			a, b := job("a", eight, 2), job("b", eight, 2)
			a.Held = []Run{{Node: 0, First: 0, Count: 1}}
			b.Held = []Run{{Node: 1, First: 1, Count: 1}}
			s.Gangs = []Gang{b, a}
		}, "b Release Deadlock for a\na Reserve Leavers 0@1:1+1\n"},
		{"a later gang that can go on by itself need not give up", 3, func(s *Snapshot) {
			a, b := job("a", eight, 2), job("b", four, 2)
			s.Nodes[2].Used = Vec{0, 4, 1}
			a.Held = []Run{{Node: 0, First: 0, Count: 1}}
			b.Held = []Run{{Node: 1, First: 1, Count: 1}}
			s.Gangs = []Gang{b, a}
		}, "a Wait Insufficient\nb Replace FitsAhead for a 0@1:0+1\n"},
		{"the least important and youngest are preempted, no more than needed", 3, func(s *Snapshot) {
			s.Gangs = []Gang{running("old", eight, 0, -2), running("young", eight, 1, -1), running("low", four, 2, -3), job("a", eight, 2)}
			s.Gangs[2].Priority = -1
			s.Gangs[3].Priority = 1
		}, "low Preempt Outranked for a\nyoung Preempt Outranked for a\na Reserve Leavers 0@1:0+1 0@2:1+1\n"},
		{"neither equals nor the unpreemptible are preempted", 2, func(s *Snapshot) {
			s.Gangs = []Gang{running("equal", eight, 0, -1), running("fixed", eight, 1, -1), job("a", eight, 1)}
			s.Gangs[0].Priority, s.Gangs[2].Priority = 1, 1
			s.Gangs[1].Preemptible = false
		}, "a Wait Insufficient\n"},
		{"who leaves anyway is waited for before anyone is preempted", 2, func(s *Snapshot) {
			s.Gangs = []Gang{running("going", eight, 0, -1), running("b", eight, 1, 0), job("a", eight, 1)}
			s.Gangs[0].Leaving = true
			s.Gangs[2].Priority = 1
		}, "a Reserve Leavers 0@0:0+1\n"},
		{"nobody takes what is free of a place that is kept", 2, func(s *Snapshot) {
			s.Gangs = []Gang{running("going", eight, 0, -1), job("a", eight, 2), job("b", one, 1)}
			s.Gangs[0].Leaving, s.Gangs[0].YieldsTo = true, "a"
		}, "a Reserve Leavers 0@0:0+1 0@1:1+1\nb Wait Insufficient\n"},
		{"what those who leave free beyond the need may be kept by the next", 1, func(s *Snapshot) {
			s.Gangs = []Gang{running("going", eight, 0, -1), job("a", four, 1), job("b", four, 1), job("c", one, 1)}
			s.Gangs[0].Leaving = true
		}, "a Reserve Leavers 0@0:0+1\nb Reserve Leavers 0@0:0+1\nc Wait Insufficient\n"},
		{"a beneficiary goes before its equals, also when its victim has gone", 1, func(s *Snapshot) {
			s.Gangs = []Gang{job("victim", eight, 1), job("a", eight, 1), job("b", eight, 1)}
			s.Gangs[0].YieldsTo, s.Gangs[0].Priority = "b", -1
			s.Gangs[2].Arrived = epoch.Add(time.Hour)
		}, "b Admit Fits 0@0:0+1\na Wait Insufficient\nvictim Wait Insufficient\n"},
		{"a lost rank preempts too", 2, func(s *Snapshot) {
			a := job("a", eight, 2)
			a.Priority, a.Held = 1, []Run{{Node: 0, First: 0, Count: 1}}
			s.Gangs = []Gang{a, running("low", four, 1, 0)}
		}, "low Preempt Outranked for a\na Reserve Leavers 0@1:1+1\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := cluster(test.nodes, 1, 4, 8, 16)
			test.edit(&s)
			if got := show(mustFull(t, s)); got != test.want {
				t.Errorf("got:\n%swant:\n%s", got, test.want)
			}
		})
	}
}
