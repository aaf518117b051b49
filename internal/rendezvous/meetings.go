package rendezvous

import (
	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
)

// meeting is a group of sets whose processes meet.
type meeting struct {
	sets []int
	// pods and processes are those of all its sets.
	pods      int32
	processes int64
}

// leader is the set whose first replica the others meet at.
func (m *meeting) leader() int { return m.sets[0] }

// meetings groups a job's sets. Most jobs have one meeting, rank 0's. A set
// that has to succeed before another begins, such as one that prepares data,
// and one that begins after rank 0 has succeeded, such as an evaluation, would
// keep the others waiting for ever: each meets by itself.
func meetings(job *v1alpha1.TrainingJob, layout ranks.Layout) []*meeting {
	main := &meeting{sets: []int{0}}
	all := []*meeting{main}
	order := dependencies{job: job, layout: layout}
	for set := 1; set < layout.Sets(); set++ {
		if order.endsBeforeAnother(set) || order.beginsAfterRank0(set) {
			all = append(all, &meeting{sets: []int{set}})
		} else {
			main.sets = append(main.sets, set)
		}
	}
	return all
}

// dependencies is the order in which a job's sets begin.
type dependencies struct {
	job    *v1alpha1.TrainingJob
	layout ranks.Layout
}

// of is the set that a set waits for, and whether for its success.
func (d dependencies) of(set int) (other int, success, ok bool) {
	on := d.job.Spec.ReplicaSpecs[set].DependsOn
	if on == nil {
		return 0, false, false
	}
	other, ok = d.layout.Set(on.Name)
	return other, on.State == v1alpha1.DependencySucceeded, ok
}

func (d dependencies) endsBeforeAnother(set int) bool {
	for other := range d.layout.Sets() {
		if on, success, ok := d.of(other); ok && success && on == set {
			return true
		}
	}
	return false
}

func (d dependencies) beginsAfterRank0(set int) bool {
	success, ok := d.waits(set, 0)
	return ok && success
}

// waits tells whether a set waits for another, directly or through others, and
// whether for its success.
func (d dependencies) waits(set, other int) (success, ok bool) {
	for range d.layout.Sets() { // no chain is longer, even where it is a circle
		next, success, ok := d.of(set)
		if !ok {
			return false, false
		}
		if next == other {
			return success, true
		}
		set = next
	}
	return false, false
}
