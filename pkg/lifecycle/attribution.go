package lifecycle

import "slices"

// misjudged says whether the last restart that counted against the program was
// the first sign of a node's death: a node of the job is found dead soon after.
func (o *Observation) misjudged() bool {
	n := len(o.Record.CountedAt)
	if n == 0 || o.Now.Sub(o.Record.CountedAt[n-1]) >= o.Job.Failure.Attribution {
		return false
	}
	for _, s := range o.Record.Placement.Slots {
		if o.Nodes[s.Node].Health >= Lost {
			return true
		}
	}
	for i := range o.Pods {
		if p := &o.Pods[i]; p.Bound && p.Phase <= Running && o.Nodes[p.Node].Health >= Lost {
			return true
		}
	}
	return false
}

// withoutLastRestart is the observation with the last restart that counted
// taken off the program's account.
func (o *Observation) withoutLastRestart() *Observation {
	out := *o
	out.Record.Counted = max(o.Record.Counted-1, 0)
	out.Record.CountedAt = slices.Clone(o.Record.CountedAt[:len(o.Record.CountedAt)-1])
	if last := o.Record.Recovery; last != nil && last.Counted {
		corrected := *last
		corrected.Counted = false
		out.Record.Recovery = &corrected
	}
	return &out
}
