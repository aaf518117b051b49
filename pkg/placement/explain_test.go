package placement

import (
	"strings"
	"testing"
	"time"
)

func TestExplain(t *testing.T) {
	const one, eight, sixteen = 0, 1, 2
	tests := []struct {
		name string
		edit func(*Snapshot)
		want []string // of the decisions, one after the other
	}{
		{"placed", func(s *Snapshot) { s.Gangs = []Gang{job("a", eight, 2)} },
			[]string{"2 places on 2 nodes"}},
		{"short of a resource", func(s *Snapshot) {
			s.Nodes[0].Used, s.Nodes[1].Health = Vec{0, 4, 1}, NotReady
			s.Shapes[eight].Refused = []Refusal{{Class: "the untolerated taint team", Nodes: 3}}
			s.Gangs = []Gang{job("a", eight, 3)}
			s.Gangs[0].Exclude = []NodeID{2, 2}
		}, []string{"set worker: 1 of 3 pods would fit: short of 16 nvidia.com/gpu (needs 24, 12 free, 8 of it usable) " +
			"(2 nodes tried; 1 without enough nvidia.com/gpu; 1 not ready; 1 excluded for this job; 3 with the untolerated taint team)"}},
		{"in thousandths", func(s *Snapshot) {
			s.Nodes = s.Nodes[:1]
			s.Shapes[one].Req = Vec{1500, 0, 1}
			s.Gangs = []Gang{job("a", one, 43)}
			s.Nodes[0].Used = Vec{0, 0, 10}
		}, []string{"can never be placed: set worker: 42 of 43 pods would fit: short of 1.5 cpu (needs 64.5, 64 free, 63 of it usable) (1 node tried)"}},
		{"in bytes", func(s *Snapshot) {
			s.Resources = append([]Resource{{ID: 0, Name: "memory", Unit: Bytes}}, s.Resources[1:]...)
			s.Nodes = s.Nodes[:1]
			s.Nodes[0].Alloc = Vec{64 << 30, 8, 9}
			s.Shapes[one].Req = Vec{3 << 29, 0, 1}
			s.Gangs = []Gang{job("a", one, 1)}
			s.Nodes[0].Used = Vec{63 << 30}
		}, []string{"set worker: 0 of 1 pod would fit: short of 1.5Gi memory (needs 1.5Gi, 1.0Gi free, 0 of it usable) (1 node tried; 1 without enough memory)"}},
		{"not together on one node", func(s *Snapshot) {
			s.Nodes = s.Nodes[:2]
			s.Nodes[0].Used, s.Nodes[1].Used = Vec{0, 8, 1}, Vec{64000, 0, 1}
			s.Gangs = []Gang{job("a", one, 1)}
		}, []string{"set worker: 0 of 1 pod would fit: enough of each resource, but not together on one node (2 nodes tried; 1 without enough cpu; 1 without enough nvidia.com/gpu)"}},
		{"no node", func(s *Snapshot) {
			s.Shapes[one].Eligible, s.Shapes[one].Refused = nil, []Refusal{{Class: "a cordon", Nodes: 4}}
			s.Gangs = []Gang{job("a", one, 1)}
		}, []string{"can never be placed: set worker: no node may be used (0 nodes tried; 4 with a cordon)"}},
		{"only one set at a time, and who passes", func(s *Snapshot) {
			s.Nodes = s.Nodes[:1]
			s.Nodes[0].Used = Vec{0, 1, 0}
			s.Gangs = []Gang{job("a", one, 4), job("b", one, 1)}
			s.Gangs[0].Sets = append(s.Gangs[0].Sets, Set{Name: "more", Shape: one + 3, Count: 1})
		}, []string{
			"set worker: fits alone, but not together with the other sets (1 node tried)",
			"1 place on 1 node, ahead of a, which does not fit yet",
		}},
		{"a promise, and who is held back by it", func(s *Snapshot) {
			s.Nodes = s.Nodes[:2]
			run := running("run", eight, 0, 0)
			run.EndsBy = epoch.Add(90 * time.Second)
			s.Gangs = []Gang{run, job("a", eight, 2), job("b", eight, 1)}
		}, []string{
			"set worker: 1 of 2 pods would fit: short of 8 nvidia.com/gpu (needs 16, 8 free) (2 nodes tried; 1 without enough nvidia.com/gpu)" +
				"; those that run are expected to make room by 2026-01-01 00:02 UTC",
			"the room that it could take is kept for a, which comes first and is expected to fit at 2026-01-01 00:02 UTC",
		}},
		{"preempted", func(s *Snapshot) {
			s.Nodes = s.Nodes[:1]
			s.Gangs = []Gang{running("low", eight, 0, 0), job("a", eight, 1)}
			s.Gangs[1].Priority = 1
		}, []string{"makes room for a, which has a higher priority", "1 place on 1 node kept until the gangs there have left"}},
		{"deadlock", func(s *Snapshot) {
			s.Nodes = s.Nodes[:2]
			a, b := job("a", eight, 2), job("b", eight, 2)
			a.Held, b.Held = []Run{{Node: 0, Count: 1}}, []Run{{Node: 1, Count: 1}}
			s.Gangs = []Gang{a, b}
		}, []string{
			"no place for the ranks that were lost, and a can go on with what is held here",
			"1 place on 1 node kept until the gangs there have left",
		}},
		{"held too long, and a replacement", func(s *Snapshot) {
			a, b := job("a", sixteen, 2), job("b", eight, 2)
			a.Held, b.Held = []Run{{Node: 0, Count: 1}}, []Run{{Node: 1, Count: 1}}
			a.HoldUntil = epoch.Add(-time.Second)
			s.Gangs = []Gang{a, b}
		}, []string{
			"no place was found in time for the ranks that were lost: set worker: 0 of 1 pod would fit: short of 16 nvidia.com/gpu " +
				"(needs 16, 16 free, 0 of it usable) (4 nodes tried; 4 without enough nvidia.com/gpu)",
			"1 place on 1 node for the ranks that were lost",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := cluster(4, 1, 8, 16, 4)
			test.edit(&s)
			state, err := New(s)
			if err != nil {
				t.Fatal(err)
			}
			plan := state.Decide(epoch)
			var got []string
			for i := range plan.Decisions {
				got = append(got, state.Explain(&plan.Decisions[i]))
			}
			if a, b := strings.Join(got, "\n"), strings.Join(test.want, "\n"); a != b {
				t.Errorf("got:\n%s\nwant:\n%s", a, b)
			}
		})
	}
}
