package lifecycle

import "fmt"

// decideRun creates what is missing, removes what is left over and instructs
// launchers that still work for an older attempt.
func (o *Observation) decideRun(d *Decision, ranks []rank) {
	o.deleteStale(d)
	first := 0
	for set := range o.Job.Sets {
		n := o.Job.Sets[set].Replicas
		if why := o.heldBack(ranks, set); why != "" {
			d.Waiting = why
		} else {
			for i := first; i < first+n; i++ {
				if ranks[i].state == rankAbsent {
					d.Create = append(d.Create, i)
				}
			}
		}
		first += n
	}
	for i := range ranks {
		p := ranks[i].pod
		if p != nil && p.Launcher != nil && p.Phase <= Running && !p.Deleting &&
			p.Instructed < o.Record.Placement.Attempt {
			d.Instruct = append(d.Instruct, p.Name)
		}
	}
	if len(d.Create)+len(d.Delete)+len(d.Instruct) > 0 {
		d.Verb = Run
	}
}

// deleteStale deletes pods that no slot names: of older attempts, or of ranks
// that are no more.
func (o *Observation) deleteStale(d *Decision) {
	slots := o.Record.Placement.Slots
	for i := range o.Pods {
		p := &o.Pods[i]
		if p.Rank >= len(slots) || p.Attempt != slots[p.Rank].Attempt {
			o.delete(d, p)
		}
	}
}

// heldBack says what a set waits for; empty: nothing.
func (o *Observation) heldBack(ranks []rank, set int) string {
	s := &o.Job.Sets[set]
	if !o.depends(set) || o.setReached(ranks, s.After, s.AfterSuccess) {
		return ""
	}
	state := "Ready"
	if s.AfterSuccess {
		state = "Succeeded"
	}
	return fmt.Sprintf("set %s waits until set %s is %s", s.Name, o.Job.Sets[s.After].Name, state)
}

// depends says whether a set waits for another.
func (o *Observation) depends(set int) bool {
	after := o.Job.Sets[set].After
	return after != set && after >= 0 && after < len(o.Job.Sets)
}

func (o *Observation) setReached(ranks []rank, set int, succeeded bool) bool {
	for _, r := range o.ranksOf(ranks, set) {
		if r.state != rankSucceeded && (succeeded || r.state != rankRunning) {
			return false
		}
	}
	return true
}

// ranksOf are the ranks of one set.
func (o *Observation) ranksOf(ranks []rank, set int) []rank {
	first := 0
	for i := range set {
		first += o.Job.Sets[i].Replicas
	}
	return ranks[first : first+o.Job.Sets[set].Replicas]
}

// count fills in the counts of each set.
func (o *Observation) count(d *Decision, ranks []rank) {
	first := 0
	for set := range o.Job.Sets {
		c := &d.Sets[set]
		c.Created = true
		for i := range o.Job.Sets[set].Replicas {
			r := &ranks[first+i]
			c.add(r, i)
		}
		first += o.Job.Sets[set].Replicas
	}
}

func (c *SetCount) add(r *rank, index int) {
	if r.pod != nil && r.pod.Phase <= Running {
		c.Active++
	}
	switch r.state {
	case rankAbsent:
		c.Created = false
	case rankRunning:
		c.Ready++
	case rankSucceeded:
		c.Succeeded = append(c.Succeeded, index)
	case rankFailed:
		c.Failed++
	case rankPending:
	}
}
