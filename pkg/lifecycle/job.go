package lifecycle

import "time"

// Job is what the user asked for.
type Job struct {
	Sets     []Set
	Launcher bool // a launcher is process 1 of every rank
	Success  Success
	Failure  FailurePolicy
	Limits   Limits
	Clean    Clean
}

// Set is one set of identical ranks.
type Set struct {
	Name     string
	Replicas int
	// After is the index of the set that this one waits for; itself: none.
	After int
	// AfterSuccess asks for the other set's success, not only its readiness.
	AfterSuccess bool
}

// Size is the number of ranks over all sets.
func (j *Job) Size() int {
	n := 0
	for i := range j.Sets {
		n += j.Sets[i].Replicas
	}
	return n
}

// SetOf returns the index of the set that a rank belongs to, and the rank's
// index in it.
func (j *Job) SetOf(rank int) (set, index int) {
	for set = range j.Sets {
		if rank < j.Sets[set].Replicas {
			return set, rank
		}
		rank -= j.Sets[set].Replicas
	}
	return len(j.Sets), rank
}

// Success says which ranks must succeed.
type Success int

// The ways to succeed.
const (
	SuccessAll   Success = iota // every rank
	SuccessFirst                // rank 0
)

// Clean says which pods go when the job has ended.
type Clean int

// The policies for the pods of a job that has ended.
const (
	CleanRunning Clean = iota // those that still run
	CleanNone                 // none
	CleanAll                  // all
)

// Strategy says how much of an attempt a restart replaces.
type Strategy int

// The restart strategies.
const (
	Recreate      Strategy = iota // every pod
	InPlace                       // only pods that cannot be used again
	ReplaceFailed                 // those, and the pods of ranks that failed
)

// FailurePolicy says what to do when a rank fails.
type FailurePolicy struct {
	MaxRestarts      int
	Window           time.Duration // 0: MaxRestarts is for the life of the job
	Attribution      time.Duration
	Strategy         Strategy
	ForceUnreachable bool
	Rules            []Rule
}

// Action is what a rule asks for, the most severe last.
type Action int

// The actions of rules.
const (
	RestartUncounted Action = iota
	Restart
	ReplacePod
	FailJob
)

// Rule says what a certain failure leads to. It matches an exit code or a
// condition of the pod, never both.
type Rule struct {
	Name      string
	Action    Action
	Sets      []string // empty: all
	ExitCodes []int32
	NotIn     bool // ExitCodes lists what does not match
	Condition Condition
}

// Condition is a condition of a pod.
type Condition struct{ Type, Status string }

// Limits bound a job in time; zero is no limit.
type Limits struct {
	Active  time.Duration // placed, in all
	Queue   time.Duration // waiting, in one stretch
	Startup time.Duration // from a placement until every rank runs
	Bind    time.Duration // from a pod's creation until it is bound
	TTL     time.Duration // after the end; negative: for ever
}
