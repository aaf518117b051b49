package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/trainyard/trainyard/test/fleet"
)

// The fleet of the picture.
var specs = []fleet.Spec{
	{Name: "gpu-a01", Profile: "H100", GPUs: 8, Tenants: []fleet.Tenant{{Namespace: "language", Pod: "gpt-worker-0-1", GPUs: []int{0, 1, 2, 3, 4, 5, 6, 7}}}},
	{Name: "gpu-a02", Profile: "H100", GPUs: 8, Tenants: []fleet.Tenant{{Namespace: "language", Pod: "gpt-worker-1-1", GPUs: []int{0, 1, 2, 3, 4, 5, 6, 7}}}},
	{Name: "gpu-b01", Profile: "A100", GPUs: 4, Tenants: []fleet.Tenant{
		{Namespace: "vision", Pod: "resnet-worker-0-1", GPUs: []int{0, 1}}, {Namespace: "research", Pod: "notebook-kim", GPUs: []int{2}},
	}},
	{Name: "cpu-c01"},
}

// beat is how often the load changes.
const beat = 5 * time.Second

// play starts the fleet and lets it work: its load wanders, a fan fails after a
// third of the time, and a GPU falls off the bus after two thirds.
func play(ctx context.Context, f *fleet.Fleet, span time.Duration) error {
	nodes := map[string]*fleet.Node{}
	for _, spec := range specs {
		n, err := f.AddNode(ctx, spec)
		if err != nil {
			return err
		}
		nodes[spec.Name] = n
	}
	if err := f.StartPrometheus(ctx); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the load of a picture
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	beats := int(span / beat)
	for i := range beats {
		fmt.Fprintf(os.Stderr, "\rplaying %3d %%", 100*i/beats)
		for _, n := range nodes {
			wander(n, random)
		}
		switch i {
		case beats / 3:
			nodes["gpu-a02"].Scenario.GPU(5, "margin", fmt.Sprintf("32..3@%d", int(span.Seconds()/3)))
		case beats / 2:
			nodes["gpu-b01"].Scenario.GPU(1, "remap_pending", "1").GPU(1, "remap_correctable", "2")
		case 2 * beats / 3:
			nodes["gpu-a01"].Scenario.Xid(3, 79)
			nodes["gpu-a02"].Scenario.GPU(5, "reasons", "0x40").GPU(5, "clock", "1410")
		}
		for _, n := range nodes {
			if n.Scenario == nil {
				continue
			}
			if err := n.Scenario.Write(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	fmt.Fprintln(os.Stderr, "\rplaying done ")
	return nil
}

// wander gives each GPU that somebody holds a load near that of its job.
func wander(n *fleet.Node, random *rand.Rand) {
	for _, tenant := range n.Tenants {
		busy := map[string]int{"language": 92, "vision": 74, "research": 0}[tenant.Namespace]
		for _, gpu := range tenant.GPUs {
			load := 0
			if busy > 0 {
				load = min(busy+random.IntN(9)-4, 100)
			}
			n.Scenario.GPU(gpu, "utilization", strconv.Itoa(load)).GPU(gpu, "nvlink_tx", fmt.Sprintf("0+%d", 40_000*load))
		}
	}
}
