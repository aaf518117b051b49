package placement

import (
	"slices"
	"time"
)

// State is what the planner knows. It is for one goroutine at a time.
type State struct {
	resources []Resource
	nodes     []node
	shapes    []*shape
	gangs     map[string]*gang

	// Quantities of the nodes, a row of len(resources) each.
	used []int64
	room [layers][]int64

	topo      topology
	topoStale bool
	// capacity counts changes to what nodes offer and shapes ask for.
	capacity uint64

	// claims counts, for each gang, those that yield to it.
	claims  map[string]int
	waiting []*gang // pending or with ranks lost, in order
	victims []*gang // could be preempted, the cheapest first
	ending  []*gang // run whole and have a known end, the earliest first
	leaving int     // gangs that are leaving and still hold something

	resting []*shape

	journal []entry
	touched touchLog

	plan      Plan
	planned   bool // plan is what Decide would say from plannedAt until plan.Next
	plannedAt time.Time
	rounds    uint64

	trial    trial
	claiming trial
	scratch  scratch
}

// node is what a State keeps of a Node.
type node struct {
	name    string
	path    []string
	health  Health
	present bool
	devices uint64
}

// New returns a State that knows the snapshot.
func New(snapshot Snapshot) (*State, error) {
	s := &State{gangs: map[string]*gang{}, claims: map[string]int{}, topoStale: true}
	err := s.Apply(Delta{
		Resources: snapshot.Resources,
		Nodes:     snapshot.Nodes,
		Shapes:    snapshot.Shapes,
		Gangs:     snapshot.Gangs,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Full plans from nothing but the snapshot.
func Full(snapshot Snapshot, now time.Time) (Plan, error) {
	s, err := New(snapshot)
	if err != nil {
		return Plan{}, err
	}
	return s.Decide(now), nil
}

// Apply takes note of what changed. A delta that is not sound changes nothing.
// It may be applied twice.
func (s *State) Apply(delta Delta) error {
	if delta.Empty() {
		return nil
	}
	if err := s.validate(&delta); err != nil {
		return err
	}
	s.planned = false
	for i := range delta.Resources {
		s.putResource(&delta.Resources[i])
	}
	for _, id := range delta.GoneGangs {
		s.dropGang(id)
	}
	for i := range delta.Shapes {
		s.putShape(&delta.Shapes[i])
	}
	for i := range delta.Nodes {
		s.putNode(&delta.Nodes[i])
	}
	for _, id := range delta.GoneNodes {
		s.dropNode(id)
	}
	for i := range delta.Gangs {
		s.putGang(&delta.Gangs[i])
	}
	for _, id := range delta.GoneShapes {
		if s.shapeAt(id) != nil {
			s.shapes[id] = nil
		}
	}
	return nil
}

// putResource adds to the catalogue, or gives a place there to something else.
func (s *State) putResource(in *Resource) {
	s.widen(int(in.ID) + 1)
	former := s.resources[in.ID]
	s.resources[in.ID] = *in
	if former.Name != in.Name || former.Unit != in.Unit {
		s.renamed()
	}
	if former.Each == in.Each {
		return
	}
	for n := range s.nodes {
		if s.nodes[n].present {
			s.touch(NodeID(n))
			s.offer(NodeID(n), int(in.ID), in.Each, s.used[n*len(s.resources)+int(in.ID)])
		}
	}
}

// renamed looks anew at what depends on the names and units of resources.
func (s *State) renamed() {
	for _, sh := range s.shapes {
		if sh != nil {
			s.sortNeeds(sh)
			sh.index, sh.bareAt = [layers]*index{}, 0
		}
	}
	for n := range s.nodes {
		s.nodes[n].devices = s.devices(NodeID(n))
	}
}

// devices is a bit for each resource of the node that comes in whole pieces.
// Only the first 64 of the catalogue are told apart: it is a preference.
func (s *State) devices(id NodeID) uint64 {
	out, row := uint64(0), s.room[bare][int(id)*len(s.resources):]
	for r := range min(64, len(s.resources)) {
		if resource := &s.resources[r]; resource.Unit == Count && resource.Each == 0 && row[r] > 0 {
			out |= 1 << r
		}
	}
	return out
}

// widen makes room for so many resources in every row.
func (s *State) widen(width int) {
	from := len(s.resources)
	if width <= from {
		return
	}
	s.resources = append(s.resources, make([]Resource, width-from)...)
	s.touched.forget()
	wider := func(rows []int64) []int64 {
		out := make([]int64, len(s.nodes)*width)
		for n := range s.nodes {
			copy(out[n*width:], rows[n*from:(n+1)*from])
		}
		return out
	}
	s.used = wider(s.used)
	for l := range s.room {
		s.room[l] = wider(s.room[l])
	}
}

// grow makes rows for all nodes up to id.
func (s *State) grow(id NodeID) {
	if int(id) < len(s.nodes) {
		return
	}
	s.nodes = append(s.nodes, make([]node, int(id)+1-len(s.nodes))...)
	size := len(s.nodes) * len(s.resources)
	s.used = append(s.used, make([]int64, size-len(s.used))...)
	for l := range s.room {
		s.room[l] = append(s.room[l], make([]int64, size-len(s.room[l]))...)
	}
	s.topoStale = true
}

// offer sets what the node has of a resource and what of it is used.
func (s *State) offer(id NodeID, resource int, alloc, used int64) {
	at := int(id)*len(s.resources) + resource
	gained := alloc - s.room[bare][at]
	freed := gained + s.used[at] - used
	s.room[bare][at], s.used[at] = alloc, used
	s.room[current][at] += freed
	s.room[later][at] += freed
	s.room[promised][at] += freed
	if gained != 0 {
		s.capacity++
	}
}

func (s *State) putNode(n *Node) {
	s.grow(n.ID)
	s.touch(n.ID)
	mine := &s.nodes[n.ID]
	if !mine.present || mine.name != n.Name || !slices.Equal(mine.path, n.Path) {
		s.topoStale = true
		s.capacity++
	}
	former := mine.devices
	*mine = node{name: n.Name, path: slices.Clone(n.Path), health: n.Health, present: true}
	for r, resource := range s.resources {
		alloc := n.Alloc.at(r)
		if resource.Each != 0 {
			alloc = resource.Each
		}
		s.offer(n.ID, r, alloc, n.Used.at(r))
	}
	if mine.devices = s.devices(n.ID); mine.devices != former {
		s.topoStale = true
	}
}

func (s *State) dropNode(id NodeID) {
	if int(id) >= len(s.nodes) || !s.nodes[id].present {
		return
	}
	s.touch(id)
	for r := range s.resources {
		s.offer(id, r, 0, 0)
	}
	s.nodes[id] = node{}
	s.topoStale = true
	s.capacity++
}

// at is the quantity of a resource.
func (v Vec) at(r int) int64 {
	if r < len(v) {
		return v[r]
	}
	return 0
}
