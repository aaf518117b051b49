package lifecycle

import "slices"

// misjudged says whether the last restart, counted against the program, was the
// first sign of a node's death: a node of the job is found dead soon after.
func (o *Observation) misjudged() bool {
	last := o.Record.Recovery
	if last == nil || !last.Counted || o.Now.Sub(last.Detected) >= o.Job.Failure.Attribution {
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

// withoutLastRestart is the observation with the last restart taken off the
// program's account.
func (o *Observation) withoutLastRestart() *Observation {
	out := *o
	last := *o.Record.Recovery
	last.Counted = false
	out.Record.Recovery = &last
	out.Record.Counted = max(o.Record.Counted-1, 0)
	if n := len(o.Record.CountedAt); n > 0 {
		out.Record.CountedAt = slices.Clone(o.Record.CountedAt[:n-1])
	}
	return &out
}
