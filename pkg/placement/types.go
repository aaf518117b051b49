package placement

import "time"

// Bounds of what the planner accepts. They keep every product and sum of its
// arithmetic inside 64 bits.
const (
	MaxPods     = 1 << 13 // pods in one gang, and of one shape on one node
	MaxQuantity = 1 << 49 // of one resource, in one vector
	MaxIndex    = 1 << 20 // nodes, and shapes
	MaxResource = 1 << 10 // resources
)

// NodeID is a node's dense number. It stands for one node for as long as any
// shape or gang refers to it.
type NodeID int32

// ShapeID is a shape's dense number.
type ShapeID int32

// Unit says how the quantities of a resource read to a person.
type Unit uint8

// The units of a resource.
const (
	Count Unit = iota // whole things
	Milli             // thousandths
	Bytes
)

// ResourceID is a resource's place in the catalogue, and in every Vec.
type ResourceID int32

// Resource is an entry of the catalogue.
type Resource struct {
	ID   ResourceID
	Name string
	Unit Unit
	// Each, where not zero, is what every node has of it without saying so in
	// its Alloc: a host port, for example, is there once on each node.
	Each int64
}

// Vec holds a quantity for each resource of the catalogue. A shorter Vec has
// nothing of the rest.
type Vec []int64

// Health says whether a node can take new pods.
type Health uint8

// A node's health.
const (
	Healthy Health = iota
	NotReady
)

// Node is a machine.
type Node struct {
	ID   NodeID
	Name string
	// Path names the topology domains around the node, widest first: block,
	// rack. Equal prefixes are one domain.
	Path []string
	// Alloc is what the node offers to pods.
	Alloc Vec
	// Used is what is taken there by everything but the Held runs of gangs.
	Used   Vec
	Health Health
}

// Refusal counts the nodes that a shape may not use, for one class of reason.
type Refusal struct {
	Class string
	Nodes int
}

// Shape is what all pods of a kind ask for. Pods that ask for the same share
// one shape.
type Shape struct {
	ID ShapeID
	// Req is what one pod takes, its place among the node's pods included.
	Req Vec
	// Eligible has a bit for each node that the pod may run on.
	Eligible Bitset
	// Refused tells why the other nodes are not eligible, for the explanation.
	Refused []Refusal
}

// Set is a number of pods of one shape.
type Set struct {
	Name  string
	Shape ShapeID
	Count int32
}

// Run is a range of a set's pods on one node: First, First+1, … of Count pods.
type Run struct {
	Set   int32
	Node  NodeID
	First int32
	Count int32
}

// Gang is a job's pods, placed together or not at all.
type Gang struct {
	ID          string
	Priority    int32
	Arrived     time.Time
	Preemptible bool
	Sets        []Set
	// Exclude names nodes that this gang is not to be placed on now.
	Exclude []NodeID
	// Held says where its pods are, or will be: capacity that is its own. A gang
	// that holds nothing is pending; one that holds a part of its pods lost the
	// others and needs a place for them.
	Held []Run
	// EndsBy is when it is expected to end while it runs, and Takes how long it
	// is expected to run once it is placed. Zero is unknown: see ahead.go.
	EndsBy time.Time
	Takes  time.Duration
	// Leaving says that it was told to go. What it still holds counts until it
	// is gone, and nothing is decided for it.
	Leaving bool
	// YieldsTo names the gang that it was told to go for. It is to be kept until
	// that gang is placed or gone: it is how a beneficiary goes before its
	// equals, across restarts of the planner.
	YieldsTo string
	// HoldUntil bounds how long it may hold a part while the rest has no place.
	// Zero is without bound.
	HoldUntil time.Time
}

// Snapshot is everything there is to know.
type Snapshot struct {
	Resources []Resource
	Nodes     []Node
	Shapes    []Shape
	Gangs     []Gang
}

// Delta is what changed: values that are new or replace the former one of the
// same ID, and what is gone.
type Delta struct {
	Resources  []Resource
	Nodes      []Node
	GoneNodes  []NodeID
	Shapes     []Shape
	GoneShapes []ShapeID
	Gangs      []Gang
	GoneGangs  []string
}

// Empty tells whether nothing changed.
func (d *Delta) Empty() bool {
	return len(d.Resources) == 0 && len(d.Nodes) == 0 && len(d.GoneNodes) == 0 &&
		len(d.Shapes) == 0 && len(d.GoneShapes) == 0 && len(d.Gangs) == 0 && len(d.GoneGangs) == 0
}
