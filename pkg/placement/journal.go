package placement

// layer is a view of the room on the nodes.
type layer uint8

const (
	// current is the room now. What others have reserved of it is seen in later:
	// a pod fits now where it fits into both.
	current layer = iota
	// later is the room when those that leave have gone and those that reserved
	// have come.
	later
	// bare is the room of empty nodes.
	bare

	layers

	// currentOnly is for what is taken now but not later: a leaving gang's.
	currentOnly
)

// entry is a change of the room that can be taken back.
type entry struct {
	node  NodeID
	shape ShapeID
	count int32
	layer layer
}

// take removes (or, if negative, adds) the room of so many pods.
func (s *State) take(n NodeID, sh ShapeID, count int32, l layer) {
	s.shift(n, sh, -count, l)
	s.touched.add(n)
	s.journal = append(s.journal, entry{n, sh, count, l})
}

// rollback undoes everything since the mark, a former length of the journal.
func (s *State) rollback(mark int) {
	for i := len(s.journal) - 1; i >= mark; i-- {
		e := s.journal[i]
		s.shift(e.node, e.shape, e.count, e.layer)
		s.touched.add(e.node)
	}
	s.journal = s.journal[:mark]
}

// shift adds the room of so many pods, unrecorded.
func (s *State) shift(n NodeID, sh ShapeID, count int32, l layer) {
	at := int(n) * len(s.resources)
	for _, need := range s.shapes[sh].needs {
		amount, i := need.amount*int64(count), at+int(need.resource)
		switch l {
		case current:
			s.room[current][i] += amount
			s.room[later][i] += amount
		case currentOnly:
			s.room[current][i] += amount
		default:
			s.room[l][i] += amount
		}
	}
}

// touchLog lists the nodes whose room changed, for every index to catch up with
// from where it last read.
type touchLog struct {
	nodes []NodeID
	base  int // entries forgotten
}

func (t *touchLog) add(nodes ...NodeID) { t.nodes = append(t.nodes, nodes...) }

func (t *touchLog) end() int { return t.base + len(t.nodes) }

// since is what was added after the position, or false if it is forgotten.
func (t *touchLog) since(position int) ([]NodeID, bool) {
	if position < t.base {
		return nil, false
	}
	return t.nodes[position-t.base:], true
}

// trim forgets a log that has grown longer than reading all nodes again.
func (t *touchLog) trim(limit int) {
	if len(t.nodes) > limit {
		t.base, t.nodes = t.end(), t.nodes[:0]
	}
}
