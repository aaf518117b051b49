package plan

import "fmt"

// SimulatedNode is a node that kwok plays.
type SimulatedNode struct {
	Name        string
	Block, Rack string
	GPUs        int
}

// Simulated lists the simulated nodes, rack by rack and block by block.
func (p *Plan) Simulated() []SimulatedNode {
	nodes := make([]SimulatedNode, p.SimulatedNodes)
	for i := range nodes {
		rack := i / p.NodesPerRack
		nodes[i] = SimulatedNode{
			Name:  fmt.Sprintf("sim-%d", i+1),
			Block: fmt.Sprintf("block-%d", rack/p.RacksPerBlock+1),
			Rack:  fmt.Sprintf("rack-%d", rack+1),
			GPUs:  p.GPUs,
		}
	}
	return nodes
}
