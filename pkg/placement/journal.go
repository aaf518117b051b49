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
	// promised is the room later when those have ended, too, for whom the first
	// gang that waits was told to wait. Between two rounds it is the same as later.
	promised
	// bare is the room of empty nodes.
	bare

	layers

	// currentOnly is for what is taken now but not later: a leaving gang's.
	currentOnly
	// laterOnly is for what was given back in promised already.
	laterOnly
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
	s.touch(n)
	s.shift(n, sh, -count, l)
	s.journal = append(s.journal, entry{n, sh, count, l})
}

// rollback undoes everything since the mark, a former length of the journal.
func (s *State) rollback(mark int) {
	for i := len(s.journal) - 1; i >= mark; i-- {
		e := s.journal[i]
		s.touch(e.node)
		s.shift(e.node, e.shape, e.count, e.layer)
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
			s.room[promised][i] += amount
		case later:
			s.room[later][i] += amount
			s.room[promised][i] += amount
		case currentOnly:
			s.room[current][i] += amount
		case laterOnly:
			s.room[later][i] += amount
		default:
			s.room[l][i] += amount
		}
	}
}
