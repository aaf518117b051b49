package v1alpha1

// The conditions of a TrainingJob. Queued and Admitted belong to the
// scheduling loop, all others to the job's controller.
const (
	// ConditionQueued is True while the job waits for a place.
	ConditionQueued = "Queued"
	// ConditionAdmitted is True while the job has a place.
	ConditionAdmitted = "Admitted"
	// ConditionRunning is True while every rank runs.
	ConditionRunning = "Running"
	// ConditionRecovering is True from a failure until every rank runs again.
	ConditionRecovering = "Recovering"
	// ConditionSuspended is True while the job holds nothing because the user
	// asked for it.
	ConditionSuspended = "Suspended"
	// ConditionSucceeded is True once the job has ended well.
	ConditionSucceeded = "Succeeded"
	// ConditionFailed is True once the job has ended badly.
	ConditionFailed = "Failed"
)

// The reasons of Queued and Admitted.
const (
	// ReasonAdmitted: the whole gang has a place.
	ReasonAdmitted = "Admitted"
	// ReasonReplaced: lost ranks have a new place, the others keep theirs.
	ReasonReplaced = "Replaced"
	// ReasonInsufficientCapacity: a resource is short; the message says which,
	// by how much and on how many nodes it was tried.
	ReasonInsufficientCapacity = "InsufficientCapacity"
	// ReasonImpossible: the gang would not fit even if its nodes were empty.
	ReasonImpossible = "Impossible"
	// ReasonAwaitingTurn: the job could be placed, and would hold up one that
	// comes first beyond the time at which that is expected to fit.
	ReasonAwaitingTurn = "AwaitingTurn"
	// ReasonAwaitingPreemption: the place is being freed by other jobs.
	ReasonAwaitingPreemption = "AwaitingPreemption"
	// ReasonNoEligibleNode: no node passes selectors, affinity and taints.
	ReasonNoEligibleNode = "NoEligibleNode"
	// ReasonBackoff: the last attempt failed and the next is held back.
	ReasonBackoff = "Backoff"
	// ReasonPodRejected: the API server refuses the job's pods (quota, Pod
	// Security, a webhook); the message carries its answer.
	ReasonPodRejected = "PodRejected"
	// ReasonSuspended: the user suspended the job.
	ReasonSuspended = "Suspended"
	// ReasonPreempted: a job of higher priority takes the place.
	ReasonPreempted = "Preempted"
	// ReasonUnplaceable: a lost rank finds no new place, so the whole job
	// gives its own up and waits.
	ReasonUnplaceable = "Unplaceable"
	// ReasonUnknownPriorityClass: spec.priorityClassName names none that exists.
	ReasonUnknownPriorityClass = "UnknownPriorityClass"
	// ReasonFinished: the job has ended.
	ReasonFinished = "Finished"
)

// The reasons of Running.
const (
	// ReasonAllRanksRunning: every rank of the attempt runs.
	ReasonAllRanksRunning = "AllRanksRunning"
	// ReasonNotPlaced: the job has no place.
	ReasonNotPlaced = "NotPlaced"
	// ReasonPodsStarting: some ranks' pods have not started.
	ReasonPodsStarting = "PodsStarting"
	// ReasonWaitingForDependency: a set waits for another.
	ReasonWaitingForDependency = "WaitingForDependency"
)

// ReasonResumed is the reason of Suspended=False once the user resumed the job.
const ReasonResumed = "Resumed"

// The reasons of recoveries, in lastRecovery.reason and the Recovering condition.
const (
	// RecoveryNodeLost: a rank's node is gone or does not answer.
	RecoveryNodeLost = "NodeLost"
	// RecoveryPodLost: a rank's pod was deleted or evicted by somebody else.
	RecoveryPodLost = "PodLost"
	// RecoveryPodRefused: the kubelet refused a rank's pod.
	RecoveryPodRefused = "PodRefused"
	// RecoveryBindTimeout: a rank's pod was not bound to its node in time.
	RecoveryBindTimeout = "BindTimeout"
	// RecoveryPodRejected: the API server refused a rank's pod.
	RecoveryPodRejected = "PodRejected"
	// RecoveryStartupTimeout: the ranks did not all run in time.
	RecoveryStartupTimeout = "StartupTimeout"
	// RecoveryProcessFailed: a rank's process ended with an error.
	RecoveryProcessFailed = "ProcessFailed"
	// RecoveryRankOrphaned: a rank's launcher had ended its process, since
	// nobody could reach it.
	RecoveryRankOrphaned = "RankOrphaned"
	// RecoveryCompleted: the last recovery has ended; reason of Recovering=False.
	RecoveryCompleted = "Recovered"
)

// The reasons of Succeeded and Failed.
const (
	// ReasonAllRanksSucceeded: every rank ended with exit code 0.
	ReasonAllRanksSucceeded = "AllRanksSucceeded"
	// ReasonFirstReplicaSucceeded: rank 0 ended with exit code 0.
	ReasonFirstReplicaSucceeded = "FirstReplicaSucceeded"
	// ReasonMaxRestartsExceeded: the program failed once more than allowed.
	ReasonMaxRestartsExceeded = "MaxRestartsExceeded"
	// ReasonFailureRule: a rule of failurePolicy asked for it.
	ReasonFailureRule = "FailureRule"
	// ReasonDeadlineExceeded: the job ran longer than activeDeadlineSeconds.
	ReasonDeadlineExceeded = "DeadlineExceeded"
	// ReasonQueueTimeout: the job waited longer than queueTimeoutSeconds.
	ReasonQueueTimeout = "QueueTimeout"
)
