package ranks

import (
	"sort"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// Layout is the order of a job's ranks. It keeps nothing of the job but names
// and numbers.
type Layout struct {
	names []string
	// first holds the rank of each set's first replica, and at its end the
	// number of all ranks.
	first []int32
}

// Of is the layout of a job.
func Of(job *v1alpha1.TrainingJob) Layout {
	sets := job.Spec.ReplicaSpecs
	l := Layout{names: make([]string, len(sets)), first: make([]int32, len(sets)+1)}
	for i := range sets {
		l.names[i] = sets[i].Name
		l.first[i+1] = l.first[i] + max(sets[i].Replicas, 1)
	}
	return l
}

// Total is the number of pods in the job.
func (l Layout) Total() int32 { return l.first[len(l.names)] }

// Sets is the number of sets in the job.
func (l Layout) Sets() int { return len(l.names) }

// Name is the name of a set.
func (l Layout) Name(set int) string { return l.names[set] }

// Replicas is the number of pods in a set.
func (l Layout) Replicas(set int) int32 { return l.first[set+1] - l.first[set] }

// Set finds a set by its name.
func (l Layout) Set(name string) (set int, ok bool) {
	for i, n := range l.names {
		if n == name {
			return i, true
		}
	}
	return 0, false
}

// Rank is the flat rank of a set's replica. The replica must exist.
func (l Layout) Rank(set int, index int32) int32 { return l.first[set] + index }

// At is the replica of a flat rank. The rank must exist.
func (l Layout) At(rank int32) (set int, index int32) {
	set = sort.Search(len(l.names), func(i int) bool { return l.first[i+1] > rank })
	return set, rank - l.first[set]
}
