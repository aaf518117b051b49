package placement

import (
	"reflect"
	"testing"
)

func TestApplyRefuses(t *testing.T) {
	gang := func(edit func(*Gang)) Delta {
		g := job("a", 0, 3)
		edit(&g)
		return Delta{Gangs: []Gang{g}}
	}
	held := func(runs ...Run) Delta { return gang(func(g *Gang) { g.Held = runs }) }
	node := func(n Node) Delta { return Delta{Nodes: []Node{n}} }
	tests := []struct {
		name  string
		delta Delta
		want  string
	}{
		{"a resource outside of the catalogue's bounds", Delta{Resources: []Resource{{ID: MaxResource, Name: "x"}}}, `resources[0] "x": id 1024 is outside of [0, 1024): number the resources densely`},
		{"a resource without a name", Delta{Resources: []Resource{{ID: 3}}}, `resources[0] "": needs a name and an each in [0, 562949953421312], not 0`},
		{"a resource that changes its nature", Delta{Resources: []Resource{{ID: 0, Name: "x", Each: 1}}}, `resources[0] "x": replaces "cpu", whose each is 0, by 1: what nodes have by themselves and what they declare do not mix`},
		{"a node's number", node(Node{ID: -1, Name: "n"}), `nodes[0] "n": id -1 is outside of [0, 1048576): number the nodes densely`},
		{"a node without a name", node(Node{ID: 1}), `nodes[0] "": name is empty`},
		{"a node with resources not in the catalogue", node(Node{ID: 1, Name: "n", Alloc: make(Vec, 4)}), `nodes[0] "n": alloc: 4 quantities for a catalogue of 3 resources: add the resource first`},
		{"a node with less than nothing", node(Node{ID: 1, Name: "n", Used: Vec{-1}}), `nodes[0] "n": used: quantity -1 of resource 0 is outside of [0, 562949953421312]`},
		{"a node that never was", Delta{GoneNodes: []NodeID{-2}}, `goneNodes[0]: -2 is negative`},
		{"a shape's number", Delta{Shapes: []Shape{{ID: -1}}}, `shapes[0]: id -1 is outside of [0, 1048576): number the shapes densely`},
		{"a shape that asks for too much", Delta{Shapes: []Shape{{ID: 1, Req: Vec{MaxQuantity + 1}}}}, `shapes[0]: req: quantity 562949953421313 of resource 0 is outside of [0, 562949953421312]`},
		{"a shape with too many bits", Delta{Shapes: []Shape{{ID: 1, Eligible: make(Bitset, MaxIndex/64+1)}}}, `shapes[0]: eligible has more than 1048576 bits`},
		{"a shape in use", Delta{GoneShapes: []ShapeID{0}}, `goneShapes[0]: a gang still refers to shape 0: drop the gang first`},
		{"no id", gang(func(g *Gang) { g.ID = "" }), `gangs[0] "": id is empty`},
		{"two of one id", Delta{Gangs: []Gang{job("a", 0, 1), job("a", 0, 1)}}, `gangs[1]: id "a" is given twice`},
		{"an unknown shape", gang(func(g *Gang) { g.Sets[0].Shape = 7 }), `gangs[0] "a": sets[0] "worker": there is no shape 7: add it first`},
		{"no sets", gang(func(g *Gang) { g.Sets = nil }), `gangs[0] "a": sets: 0 pods in all are outside of [1, 8192]`},
		{"an empty set", gang(func(g *Gang) { g.Sets[0].Count = 0 }), `gangs[0] "a": sets[0] "worker": count 0 is not positive`},
		{"too many pods", gang(func(g *Gang) { g.Sets[0].Count = MaxPods + 1 }), `gangs[0] "a": sets: 8193 pods in all are outside of [1, 8192]`},
		{"an excluded node's number", gang(func(g *Gang) { g.Exclude = []NodeID{-1} }), `gangs[0] "a": exclude[0]: node -1 is outside of [0, 1048576)`},
		{"yields to itself", gang(func(g *Gang) { g.YieldsTo = "a" }), `gangs[0] "a": yieldsTo "a": a gang cannot yield to itself`},
		{"holds for a set that is not there", held(Run{Set: 1, Count: 1}), `gangs[0] "a": held[0]: there is no set 1`},
		{"holds on a node that cannot be", held(Run{Node: MaxIndex, Count: 1}), `gangs[0] "a": held[0]: node 1048576 is outside of [0, 1048576)`},
		{"holds no pods", held(Run{}), `gangs[0] "a": held[0]: 0 pods from 0 are outside of set "worker" of 3`},
		{"holds more than the set has", held(Run{First: 1, Count: 3}), `gangs[0] "a": held[0]: 3 pods from 1 are outside of set "worker" of 3`},
		{"holds a pod twice", held(Run{First: 1, Count: 2}, Run{First: 0, Count: 2}), `gangs[0] "a": held: pod 1 of set "worker" is held twice`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := cluster(2, 1)
			s.Gangs = []Gang{job("user", 0, 1)}
			state, err := New(s)
			if err != nil {
				t.Fatal(err)
			}
			before := state.Decide(epoch)
			if err := state.Apply(test.delta); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if after := state.Decide(epoch); !reflect.DeepEqual(before, after) {
				t.Errorf("something changed all the same: %s", show(after))
			}
			if _, err := Full(Snapshot{Gangs: []Gang{{}}}, epoch); err == nil {
				t.Error("a snapshot that is not sound is planned for")
			}
		})
	}
}
