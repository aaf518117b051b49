package placement

import (
	"math/bits"
	"slices"
)

// Bitset is a set of nodes, a bit each.
type Bitset []uint64

// Has tells whether the node is in the set.
func (b Bitset) Has(n NodeID) bool {
	word := int(n >> 6)
	return word < len(b) && b[word]&(1<<(n&63)) != 0
}

// Add puts the node into the set.
func (b *Bitset) Add(n NodeID) {
	if word := int(n >> 6); word >= len(*b) {
		*b = append(*b, make([]uint64, word+1-len(*b))...)
	}
	(*b)[n>>6] |= 1 << (n & 63)
}

// Remove takes the node out of the set.
func (b Bitset) Remove(n NodeID) {
	if word := int(n >> 6); word < len(b) {
		b[word] &^= 1 << (n & 63)
	}
}

// Len counts the nodes in the set.
func (b Bitset) Len() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// Clone returns a set of its own.
func (b Bitset) Clone() Bitset { return slices.Clone(b) }
