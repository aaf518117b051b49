package placement

import "math/bits"

// shortages is what a shape lacks in a layer, for any number of pods.
type shortages struct {
	position uint64 // of the index that it was computed beside
	tried    int32
	unready  int32
	needs    []tally
	short    []NodeShort
}

// tally sums a resource over the nodes tried.
type tally struct {
	free  int64 // in all
	slots int64 // pods that it alone would allow
}

// shortage says why the groups have no room in a layer: what the first group
// lacks that fails alone, or that they fail only together.
func (r *round) shortage(g *gang, groups []group, l layer) (Reason, Shortage) {
	t := trial{groups: groups, layer: l}
	if l != bare {
		t.exclude = g.Exclude
	}
	defer r.touched.add(t.exclude...)
	short := max(0, r.short(&t))
	group := &groups[short]
	shape := r.shapes[group.shape]
	ix := r.indexOf(shape, l, t.exclude)
	sum := r.sum(shape, ix, l, t.exclude)
	out := Shortage{
		Set: group.wants[0].set, Pods: group.count, Fit: int32(min(ix.sums[root], int64(group.count))),
		Resource: -1, Tried: sum.tried, Unready: sum.unready, Short: sum.short, Refused: shape.refused,
	}
	for _, n := range t.exclude {
		if int(n) < len(r.nodes) && r.nodes[n].present && shape.eligible.Has(n) {
			out.Excluded++
		}
	}
	if scarce := scarcest(sum.needs); scarce >= 0 {
		need, tally := shape.needs[scarce], sum.needs[scarce]
		out.Resource, out.Need = need.resource, need.amount*int64(group.count)
		out.Free, out.Usable = tally.free, need.amount*min(tally.slots, int64(group.count))
	}
	switch {
	case out.Fit == out.Pods:
		return Together, out
	case out.Tried == 0:
		return NoEligibleNode, out
	case out.Usable < out.Need:
		return Insufficient, out
	default:
		return Fragmented, out
	}
}

// sum reads what a shape lacks, anew only if one of its nodes was touched.
func (r *round) sum(sh *shape, ix *index, l layer, exclude []NodeID) *shortages {
	kept := l == current && len(exclude) == 0
	if kept && sh.short != nil && sh.short.position == ix.version {
		return sh.short
	}
	sum := &shortages{position: ix.version, needs: make([]tally, len(sh.needs))}
	lacking := make([]int32, len(sh.needs))
	skip := Bitset{}
	for _, n := range exclude {
		skip.Add(n)
	}
	for w, word := range sh.eligible {
		for ; word != 0; word &= word - 1 {
			n := NodeID(w<<6 + bits.TrailingZeros64(word))
			if int(n) < len(r.nodes) && r.nodes[n].present && !skip.Has(n) {
				r.tally(sum, sh, l, n, lacking)
			}
		}
	}
	for i, nodes := range lacking {
		if nodes > 0 {
			sum.short = append(sum.short, NodeShort{Resource: sh.needs[i].resource, Nodes: nodes})
		}
	}
	if kept {
		sh.short = sum
	}
	return sum
}

// tally adds one node to the sums.
func (r *round) tally(sum *shortages, sh *shape, l layer, n NodeID, lacking []int32) {
	if r.nodes[n].health != Healthy && l != bare {
		sum.unready++
		return
	}
	sum.tried++
	for i, need := range sh.needs {
		free := max(0, r.free(l, n, need.resource))
		sum.needs[i].free += free
		if free < need.amount {
			lacking[i]++
			continue
		}
		sum.needs[i].slots += min(free/need.amount, MaxPods)
	}
}

// scarcest is the resource that alone allows the fewest pods, or -1.
func scarcest(needs []tally) int {
	best := -1
	for i := range needs {
		if best < 0 || needs[i].slots < needs[best].slots {
			best = i
		}
	}
	return best
}
