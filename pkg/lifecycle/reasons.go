package lifecycle

// The reasons of recoveries. They are part of the API: users match on them.
const (
	ReasonNodeLost       = "NodeLost"
	ReasonPodLost        = "PodLost"
	ReasonPodRefused     = "PodRefused"
	ReasonBindTimeout    = "BindTimeout"
	ReasonPodRejected    = "PodRejected"
	ReasonStartupTimeout = "StartupTimeout"
	ReasonProcessFailed  = "ProcessFailed"
	ReasonRankOrphaned   = "RankOrphaned"
)

// The reasons of ends.
const (
	ReasonAllSucceeded     = "AllRanksSucceeded"
	ReasonFirstSucceeded   = "FirstReplicaSucceeded"
	ReasonMaxRestarts      = "MaxRestartsExceeded"
	ReasonFailureRule      = "FailureRule"
	ReasonDeadlineExceeded = "DeadlineExceeded"
	ReasonQueueTimeout     = "QueueTimeout"
)
