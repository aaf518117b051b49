package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TrainingJobState is a job's condition in one word, for the eye.
//
// +kubebuilder:validation:Enum=Queued;Starting;Running;Recovering;Suspending;Suspended;Preempting;Succeeded;Failed
type TrainingJobState string

// The states of a TrainingJob.
const (
	// StateQueued waits for a place.
	StateQueued TrainingJobState = "Queued"
	// StateStarting has a place; not every rank runs yet.
	StateStarting TrainingJobState = "Starting"
	// StateRunning has every rank running.
	StateRunning TrainingJobState = "Running"
	// StateRecovering has lost a rank and is being restarted.
	StateRecovering TrainingJobState = "Recovering"
	// StateSuspending stops its pods because the user asked for it.
	StateSuspending TrainingJobState = "Suspending"
	// StateSuspended holds nothing until the user resumes it.
	StateSuspended TrainingJobState = "Suspended"
	// StatePreempting gives its place to a job of higher priority.
	StatePreempting TrainingJobState = "Preempting"
	// StateSucceeded has ended well. It stays so.
	StateSucceeded TrainingJobState = "Succeeded"
	// StateFailed has ended badly. It stays so.
	StateFailed TrainingJobState = "Failed"
)

// RankRange is a run of ranks of one set.
type RankRange struct {
	// set is the name of the replica set.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Set string `json:"set,omitempty"`

	// first is the first index of the run.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4095
	First *int32 `json:"first,omitempty"`

	// count is the length of the run.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4096
	Count int32 `json:"count,omitempty"`
}

// Assignment places a run of ranks on one node.
type Assignment struct {
	RankRange `json:",inline"`

	// node is the node that the ranks run on.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Node string `json:"node,omitempty"`

	// attempt is the attempt that the ranks' pods were created for; lower
	// than the admission's for ranks that were kept.
	// +required
	// +kubebuilder:validation:Minimum=1
	Attempt int32 `json:"attempt,omitempty"`
}

// Admission is the place of an attempt. It is written before any pod of the
// attempt is created.
type Admission struct {
	// attempt is the number of the attempt, from 1.
	// +required
	// +kubebuilder:validation:Minimum=1
	Attempt int32 `json:"attempt,omitempty"`

	// assignments say where each rank runs, as compact runs in the order of
	// the ranks. Cleared when the job has ended.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4096
	Assignments []Assignment `json:"assignments,omitempty"`
}

// Eviction asks the job's controller to stop every pod of the admission.
type Eviction struct {
	// for names the job that takes the place, as namespace/name. Unset when
	// nobody does.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	For string `json:"for,omitempty"`

	// reason says why: Suspended, Preempted or Unplaceable.
	// +required
	// +kubebuilder:validation:Enum=Suspended;Preempted;Unplaceable
	Reason string `json:"reason,omitempty"`

	// attempt is the attempt that ends.
	// +required
	// +kubebuilder:validation:Minimum=1
	Attempt int32 `json:"attempt,omitempty"`
}

// ReplicaStatus counts the pods of one set.
type ReplicaStatus struct {
	// name is the set's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Name string `json:"name,omitempty"`

	// attempt is the last attempt for which all of the set's pods have been
	// created.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Attempt int32 `json:"attempt,omitempty"`

	// active is the number of pods that have been created and have not ended.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Active *int32 `json:"active,omitempty"`

	// ready is the number of pods whose process runs in the current attempt.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Ready *int32 `json:"ready,omitempty"`

	// failed is the number of ranks whose process failed in the current attempt.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Failed *int32 `json:"failed,omitempty"`

	// succeeded holds the indexes that have succeeded in the current attempt,
	// as runs: 0,2-5.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=20480
	Succeeded string `json:"succeeded,omitempty"`
}

// Metric is one figure that a training reported.
type Metric struct {
	// name is the metric's name, as the training printed it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name,omitempty"`

	// value is the figure as a decimal number.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Value string `json:"value,omitempty"`
}

// Progress is how far a training has come, as it reported itself.
type Progress struct {
	// step is the last finished step.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Step *int64 `json:"step,omitempty"`

	// totalSteps is the number of steps that the training is going to take.
	// +optional
	// +kubebuilder:validation:Minimum=0
	TotalSteps *int64 `json:"totalSteps,omitempty"`

	// epoch is the current epoch, rounded down.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Epoch *int64 `json:"epoch,omitempty"`

	// metrics are the last figures reported, at most 16.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Metrics []Metric `json:"metrics,omitempty"`

	// lastCheckpoint is the newest committed checkpoint of the job's lineage,
	// relative to the job's checkpoint directory.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	LastCheckpoint string `json:"lastCheckpoint,omitempty"`

	// time is when this was reported.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`
}

// ExcludedNode is a node that the next attempts keep away from.
type ExcludedNode struct {
	// name is the node's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// until is when the exclusion ends.
	// +required
	Until *metav1.Time `json:"until,omitempty"`
}

// Recovery is the story of one restart, with the time of each part.
type Recovery struct {
	// attempt is the attempt that the recovery starts. While it is higher than
	// the admission's, a place is being looked for.
	// +required
	// +kubebuilder:validation:Minimum=2
	Attempt int32 `json:"attempt,omitempty"`

	// reason is the cause: one of the recovery reasons.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// message says which rank, which node and what was seen.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// counted says whether the restart counts towards maxRestarts. It may
	// still change to false within the attribution window.
	// +optional
	Counted *bool `json:"counted,omitempty"`

	// replace are the ranks that need a new pod. Unset: none, every process
	// is started again in its pod.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4096
	Replace []RankRange `json:"replace,omitempty"`

	// excluded are the nodes that the new attempt keeps away from.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Excluded []ExcludedNode `json:"excluded,omitempty"`

	// streak is the number of recoveries in a row, this one included, since
	// every rank last ran. It decides how long the next is held back.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Streak int32 `json:"streak,omitempty"`

	// notBefore holds the new attempt back until then (back-off).
	// +optional
	NotBefore *metav1.Time `json:"notBefore,omitempty"`

	// detected is when the failure was noticed.
	// +optional
	Detected *metav1.MicroTime `json:"detected,omitempty"`

	// placed is when the new attempt had a place.
	// +optional
	Placed *metav1.MicroTime `json:"placed,omitempty"`

	// running is when every rank of the new attempt ran.
	// +optional
	Running *metav1.MicroTime `json:"running,omitempty"`

	// firstStep is when the new attempt, all of its ranks running, had reported a
	// step.
	// +optional
	FirstStep *metav1.MicroTime `json:"firstStep,omitempty"`

	// resumedFrom is the checkpoint that the new attempt starts from, relative
	// to the job's checkpoint directory. Unset: from the beginning.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	ResumedFrom string `json:"resumedFrom,omitempty"`
}

// TrainingJobStatus says what has become of a job.
type TrainingJobStatus struct {
	// conditions are Queued, Admitted, Running, Recovering, Suspended,
	// Succeeded and Failed.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// state is the job's condition in one word.
	// +optional
	State TrainingJobState `json:"state,omitempty"`

	// reason says in one word why the job is in its state.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// ready is the number of ranks that run, of how many: 3/4.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=16
	Ready string `json:"ready,omitempty"`

	// admission is the place of the current attempt, written by the scheduling
	// loop alone.
	// +optional
	Admission *Admission `json:"admission,omitempty"`

	// eviction asks for the end of the current attempt, written by the
	// scheduling loop alone.
	// +optional
	Eviction *Eviction `json:"eviction,omitempty"`

	// replicaStatuses count the pods of each set.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	ReplicaStatuses []ReplicaStatus `json:"replicaStatuses,omitempty"`

	// progress is how far the training has come.
	// +optional
	Progress *Progress `json:"progress,omitempty"`

	// attempt is the number of the last attempt that was started, from 1.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Attempt int32 `json:"attempt,omitempty"`

	// lastRunAttempt is the last attempt in which every rank ran.
	// +optional
	// +kubebuilder:validation:Minimum=1
	LastRunAttempt int32 `json:"lastRunAttempt,omitempty"`

	// restarts is how often the job was restarted, whatever the cause.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Restarts *int32 `json:"restarts,omitempty"`

	// restartsCountTowardsMax is how many of the restarts were for failures of
	// the job's own program.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RestartsCountTowardsMax *int32 `json:"restartsCountTowardsMax,omitempty"`

	// countedRestarts are the times of the last restarts that counted, oldest
	// first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=33
	CountedRestarts []metav1.Time `json:"countedRestarts,omitempty"`

	// startTime is when the job's ranks first all ran.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// activeSince is when the job last got a place that it still holds.
	// +optional
	ActiveSince *metav1.Time `json:"activeSince,omitempty"`

	// activeSeconds is how long the job has held a place in all, up to the
	// last time it gave one up; the current stretch is not in it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ActiveSeconds *int64 `json:"activeSeconds,omitempty"`

	// completionTime is when the job ended.
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// lastRecovery is the story of the last restart.
	// +optional
	LastRecovery *Recovery `json:"lastRecovery,omitempty"`
}
