package placement

import (
	"slices"
	"strings"
)

// topology is the tree of domains. Its nodes are ordered by path and name, so
// that the nodes of a domain are neighbours.
type topology struct {
	version uint64
	order   []NodeID
	rank    []int32 // a node's position in order
	leaf    []int32 // the innermost domain of a node
	domains []domain
	levels  [][]int32 // domains by depth, the root alone at 0
}

// root is the domain of all nodes.
const root = 0

// domain is a rack, a block, or all nodes.
type domain struct {
	parent   int32
	name     string
	children []int32
	// first and last bound its nodes in the order; those up to direct belong to
	// no domain inside it.
	first, direct, last int32
}

// rebuild orders the nodes that are there.
func (t *topology) rebuild(nodes []node) {
	t.version++
	t.order = t.order[:0]
	for n := range nodes {
		if nodes[n].present {
			t.order = append(t.order, NodeID(n))
		}
	}
	slices.SortFunc(t.order, func(a, b NodeID) int {
		if c := slices.Compare(nodes[a].path, nodes[b].path); c != 0 {
			return c
		}
		return strings.Compare(nodes[a].name, nodes[b].name)
	})
	t.rank, t.leaf = make([]int32, len(nodes)), make([]int32, len(nodes))
	t.domains = append(t.domains[:0], domain{parent: -1})
	t.levels = append(t.levels[:0], []int32{root})
	for i, n := range t.order {
		t.rank[n] = int32(i)
		t.leaf[n] = t.enter(nodes[n].path, int32(i))
	}
}

// enter extends the domains of a path by the node at a position of the order.
func (t *topology) enter(path []string, at int32) int32 {
	d := int32(root)
	t.domains[d].last = at + 1
	for depth, name := range path {
		d = t.child(d, name, depth+1, at)
		t.domains[d].last = at + 1
	}
	t.domains[d].direct = at + 1
	return d
}

// child is the domain of that name, which in this order is the last one or new.
func (t *topology) child(parent int32, name string, depth int, at int32) int32 {
	if c := t.domains[parent].children; len(c) > 0 && t.domains[c[len(c)-1]].name == name {
		return c[len(c)-1]
	}
	d := int32(len(t.domains))
	t.domains = append(t.domains, domain{parent: parent, name: name, first: at, direct: at, last: at})
	t.domains[parent].children = append(t.domains[parent].children, d)
	if depth == len(t.levels) {
		t.levels = append(t.levels, nil)
	}
	t.levels[depth] = append(t.levels[depth], d)
	return d
}

// common is the innermost domain around both.
func (t *topology) common(a, b int32) int32 {
	for a != b {
		if a > b { // a child has a higher number than its parent
			a = t.domains[a].parent
		} else {
			b = t.domains[b].parent
		}
	}
	return a
}
