package lifecycle

import "time"

// Observation is all that Decide looks at.
type Observation struct {
	Now    time.Time
	Job    Job
	Record Record
	Pods   []Pod
	// Nodes holds the state of every node that a slot or a pod names.
	Nodes map[string]Node
}

// Record is what has been written down about the job.
type Record struct {
	// Created holds, for each set, the last attempt all of whose pods have
	// been created. A pod of it that is missing now has been lost.
	Created []int32
	// Succeeded are the ranks that have succeeded in the attempt of the
	// placement, ascending: their pods are no longer needed.
	Succeeded []int
	// Ran is the last attempt in which every rank ran.
	Ran       int32
	Placement Placement
	Evicting  bool // the placement has been taken away
	Recovery  *Recovery
	// RecoveringSince is when the job began to recover, or to ask whether it
	// has to; zero: it does not.
	RecoveringSince time.Time
	Restarts        int32
	Counted         int32
	CountedAt       []time.Time // when counted restarts happened, oldest first
	// QueuedSince is when the job began to wait for a place; zero: it does not.
	QueuedSince time.Time
	// Active is how long the job has been placed in all, without the current stretch.
	Active      time.Duration
	ActiveSince time.Time // zero: not placed
	End         *End
	EndedAt     time.Time
	// Checkpoint is the newest commit of the lineage, which a new attempt
	// resumes from.
	Checkpoint string
}

// Placement is a place for every rank. Without slots the job holds none.
type Placement struct {
	Attempt int32
	Since   time.Time
	Slots   []Slot // by rank
}

// Placed says whether the job holds a place.
func (p *Placement) Placed() bool { return len(p.Slots) > 0 }

// Slot is one rank's place, and the attempt that its pod was created for.
type Slot struct {
	Node    string
	Attempt int32
}

// Recovery is one restart: asked for, then placed, then running.
type Recovery struct {
	Attempt    int32 // the attempt that it starts
	Reason     string
	Message    string
	Counted    bool
	Replace    []int // the ranks that need a new pod; nil: all
	Excluded   []Exclusion
	Streak     int32 // recoveries in a row that did not reach Running
	NotBefore  time.Time
	Detected   time.Time
	Placed     time.Time
	Running    time.Time
	FirstStep  time.Time
	Checkpoint string
}

// Exclusion keeps a job away from a node for a while.
type Exclusion struct {
	Node  string
	Until time.Time
}

// Phase is a pod's phase.
type Phase int

// The phases of a pod.
const (
	Pending Phase = iota
	Running
	Succeeded
	Failed
)

// Cause says why a pod ended, where its own program is not the cause.
type Cause int

// The causes that are not the program's.
const (
	CauseProgram   Cause = iota
	CauseRefused         // the kubelet did not admit it
	CauseDisrupted       // evicted, preempted, or its node was shut down
)

// Pod is one pod of the job.
type Pod struct {
	Name       string
	UID        string
	Rank       int
	Attempt    int32 // the attempt that it was created for
	Instructed int32 // the attempt that it has been told of
	Node       string
	Bound      bool
	// Unscheduled is the scheduler's word on why the pod is not bound, if it has one.
	Unscheduled string
	Created     time.Time
	Deleting    bool
	// AskedToGo is when its deletion was asked for.
	AskedToGo  time.Time
	Phase      Phase
	Ready      bool
	Cause      Cause
	ExitCode   int32     // of the training container, where Phase is Failed
	EndedAt    time.Time // when it failed or succeeded
	Reason     string    // the kubelet's own word, where there is one
	Conditions []Condition
	Launcher   *Launcher
	// WatchedSince is when its launcher was first asked; zero: not yet.
	WatchedSince time.Time
}

// LauncherPhase is what a launcher says of its child.
type LauncherPhase int

// The phases of a launcher.
const (
	LauncherStarting LauncherPhase = iota
	LauncherWaiting                // for rank 0
	LauncherRunning
	LauncherExited
	LauncherFenced // ended its child, since nobody could reach it
)

// Launcher is what a pod's launcher last said.
type Launcher struct {
	Attempt  int32
	Phase    LauncherPhase
	ExitCode int32
	ExitedAt time.Time
	// Contact is when it last answered.
	Contact time.Time
}

// Health is what is known of a node.
type Health int

// The states of a node.
const (
	Alive   Health = iota
	Suspect        // one witness says that it is dead; wait for the second
	Lost           // dead or unreachable
	Removed        // its object is gone, or it is out of service: nothing runs there
)

// Node is the state of a node.
type Node struct {
	Health Health
	// Proven is the last time that the node itself gave a sign of life.
	Proven time.Time
	// Witness says in words what led to the health.
	Witness string
}
