package placement

import "slices"

// shortage says why the missing pods of a gang have no room now: what the first
// shape lacks that fails alone, or that they fail only together.
func (r *round) shortage(g *gang) (Reason, Shortage) {
	defer r.touch(g.Exclude...)
	t := trial{groups: g.missing, exclude: g.Exclude}
	group := &g.missing[max(0, r.short(&t))]
	sh := r.shapes[group.shape]
	ix := r.indexOf(sh, current, g.Exclude)
	sum := tally{tried: ix.tally.tried, unready: ix.tally.unready, needs: r.needs(ix.tally.needs)}
	excluded := int32(0)
	stamp := r.scratch.stamp(len(r.nodes))
	for _, n := range g.Exclude {
		if r.scratch.seen[n] != stamp && r.nodes[n].present && sh.eligible.Has(n) {
			r.scratch.seen[n] = stamp
			r.countNow(&sum, sh, n, -1)
			excluded++
		}
	}
	return r.describe(group, sh, &sum, ix.sums[root], excluded)
}

// bareShortage says why a gang has no room even on empty nodes.
func (r *round) bareShortage(g *gang) (Reason, Shortage) {
	t := trial{groups: g.all, layer: bare}
	group := &g.all[max(0, r.short(&t))]
	sh := r.shapes[group.shape]
	return r.describe(group, sh, r.bareTally(sh), r.indexOf(sh, bare, nil).sums[root], 0)
}

// needs is a copy to count excluded nodes in.
func (r *round) needs(from []needTally) []needTally {
	r.scratch.needs = append(r.scratch.needs[:0], from...)
	return r.scratch.needs
}

func (r *round) describe(group *group, sh *shape, sum *tally, slots int64, excluded int32) (Reason, Shortage) {
	out := Shortage{
		Set: group.wants[0].set, Pods: group.count, Fit: int32(min(slots, int64(group.count))),
		Resource: -1, Tried: sum.tried, Unready: sum.unready, Excluded: excluded,
		Short: r.lacking(sh, sum), Refused: sh.refused,
	}
	if i := sum.scarcest(); i >= 0 {
		need, has := sh.needs[i], &sum.needs[i]
		out.Resource, out.Need = need.resource, need.amount*int64(group.count)
		out.Free, out.Usable = has.free, need.amount*min(has.slots, int64(group.count))
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

// lacking counts nodes by the resource that they lack.
func (r *round) lacking(sh *shape, sum *tally) []NodeShort {
	from := len(r.shorts)
	for i := range sum.needs {
		if nodes := sum.needs[i].lacking; nodes > 0 {
			r.shorts = append(r.shorts, NodeShort{Resource: sh.needs[i].resource, Nodes: nodes})
		}
	}
	if len(r.shorts) == from {
		return nil
	}
	return slices.Clip(r.shorts[from:])
}
