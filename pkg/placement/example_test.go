package placement_test

import (
	"fmt"
	"time"

	"github.com/trainyard/trainyard/pkg/placement"
)

// Two nodes of eight GPUs, a job that takes one of them whole, and one that
// needs two.
func Example() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var both placement.Bitset
	both.Add(0)
	both.Add(1)
	state, err := placement.New(placement.Snapshot{
		Resources: []placement.Resource{{ID: 0, Name: "nvidia.com/gpu"}},
		Nodes: []placement.Node{
			{ID: 0, Name: "a", Alloc: placement.Vec{8}},
			{ID: 1, Name: "b", Alloc: placement.Vec{8}},
		},
		Shapes: []placement.Shape{{ID: 0, Req: placement.Vec{8}, Eligible: both}},
		Gangs: []placement.Gang{
			{ID: "small", Arrived: now, Sets: []placement.Set{{Name: "worker", Shape: 0, Count: 1}}},
			{ID: "large", Arrived: now.Add(time.Minute), Sets: []placement.Set{{Name: "worker", Shape: 0, Count: 2}}},
		},
	})
	if err != nil {
		panic(err)
	}
	plan := state.Decide(now)
	for i := range plan.Decisions {
		d := &plan.Decisions[i]
		fmt.Printf("%s: %v: %s\n", d.Gang, d.Verb, state.Explain(d))
	}
	// Output:
	// small: Admit: 1 place on 1 node
	// large: Wait: set worker: 1 of 2 pods would fit: short of 8 nvidia.com/gpu (needs 16, 8 free) (2 nodes tried; 1 without enough nvidia.com/gpu)
}
