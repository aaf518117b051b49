package lifecycle

import "time"

// Verb is what a decision asks the controller to do.
type Verb int

// The verbs of a decision.
const (
	// Wait does nothing until something changes, or until Wake.
	Wait Verb = iota
	// Run creates, deletes and instructs pods of the current attempt.
	Run
	// Recover writes Recovery down and does nothing else.
	Recover
	// Finish writes End down and does nothing else.
	Finish
	// Stop deletes pods: the job holds no place, or it has ended.
	Stop
	// Remove deletes the job.
	Remove
)

var verbNames = [...]string{"Wait", "Run", "Recover", "Finish", "Stop", "Remove"}

func (v Verb) String() string { return verbNames[v] }

// Decision is what to do, and what there is to report.
type Decision struct {
	Verb Verb
	// Create are the ranks whose pods are missing.
	Create []int
	// Delete are the pods that must go.
	Delete []Deletion
	// Instruct are the names of pods that must learn of the current attempt.
	Instruct []string
	// Recovery is the record to write, with Recover.
	Recovery *Recovery
	// Reclassified says that the last counted restart was not the program's
	// fault after all and is to be taken off the count. It goes with any verb.
	Reclassified bool
	// End is the record to write, with Finish.
	End *End
	// Sets counts the ranks of each set.
	Sets []SetCount
	// Waiting says why ranks are held back, where they are.
	Waiting string
	// Blocked says what could not be done, where something could not.
	Blocked string
	// Holding says why a failure has not led to anything yet.
	Holding string
	// Hurry asks for the launchers to be asked at once.
	Hurry bool
	// Wake is when to decide again even if nothing changes; zero: never.
	Wake time.Time
}

// Deletion is a pod that must go, at once where nobody is left to confirm it.
type Deletion struct {
	Name  string
	UID   string
	Force bool
}

// End is how a job has ended.
type End struct {
	Succeeded bool
	Reason    string
	Message   string
}

// SetCount counts the ranks of one set.
type SetCount struct {
	Active    int   // pods that exist and have not ended
	Ready     int   // processes that run in the current attempt
	Failed    int   // processes that failed in the current attempt
	Succeeded []int // indexes that succeeded in the current attempt
	// Created says that every pod of the set has been created in this attempt.
	Created bool
}

// Ready is the number of ranks that run or have succeeded.
func (d *Decision) Ready() int {
	n := 0
	for i := range d.Sets {
		n += d.Sets[i].Ready + len(d.Sets[i].Succeeded)
	}
	return n
}

// Postpone says why something could not be done now, and looks again soon.
func (d *Decision) Postpone(now time.Time, why string) {
	d.Blocked = why
	d.WakeAt(now.Add(recheck))
}

// WakeAt keeps the earliest time to decide again.
func (d *Decision) WakeAt(t time.Time) {
	if !t.IsZero() && (d.Wake.IsZero() || t.Before(d.Wake)) {
		d.Wake = t
	}
}
