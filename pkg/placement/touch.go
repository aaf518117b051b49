package placement

// touchLog lists the nodes that are about to change, each with what it was, for
// every index to catch up with from where it last read.
type touchLog struct {
	nodes  []NodeID
	status []status
	rows   []int64 // the current room, a row of all resources each
	base   int     // entries forgotten
}

// status is what may become of a node.
type status uint8

const (
	absent status = iota
	unready
	ready
)

func (s *State) status(n NodeID) status {
	switch node := &s.nodes[n]; {
	case !node.present:
		return absent
	case node.health != Healthy:
		return unready
	default:
		return ready
	}
}

// touch notes that the node is about to change.
func (s *State) touch(nodes ...NodeID) {
	log := &s.touched
	for _, n := range nodes {
		log.nodes = append(log.nodes, n)
		log.status = append(log.status, s.status(n))
		from := int(n) * len(s.resources)
		for r := range s.resources {
			log.rows = append(log.rows, min(s.room[current][from+r], s.room[later][from+r]))
		}
	}
}

func (t *touchLog) end() int { return t.base + len(t.nodes) }

// from is where to go on reading from a position, or false if that is forgotten.
func (t *touchLog) from(position int) (int, bool) { return position - t.base, position >= t.base }

// forget empties the log: whoever has not read all of it reads all nodes again.
func (t *touchLog) forget() {
	t.base = t.end()
	t.nodes, t.status, t.rows = t.nodes[:0], t.status[:0], t.rows[:0]
}
