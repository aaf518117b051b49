package v1alpha1

// RestartStrategy says how much of an attempt a restart replaces.
//
// +kubebuilder:validation:Enum=Recreate;InPlace;ReplaceFailed
type RestartStrategy string

// The restart strategies.
const (
	// RestartRecreate deletes every pod and places the whole job anew.
	RestartRecreate RestartStrategy = "Recreate"
	// RestartInPlace keeps the pods where their nodes are well and starts the
	// processes in them again; a rank without a usable pod gets a new one.
	RestartInPlace RestartStrategy = "InPlace"
	// RestartReplaceFailed gives the failed ranks new pods, on the same node
	// where that is well, and starts the processes of the others in place.
	RestartReplaceFailed RestartStrategy = "ReplaceFailed"
)

// UnreachablePolicy says what becomes of a pod whose node cannot be reached.
//
// +kubebuilder:validation:Enum=Wait;ForceReplace
type UnreachablePolicy string

// The policies for unreachable pods.
const (
	// UnreachableWait asks for the pod's deletion and leaves the object until
	// its node, or its removal, confirms it. The replacement does not wait.
	UnreachableWait UnreachablePolicy = "Wait"
	// UnreachableForceReplace removes the pod's object at once, so that
	// volumes and quotas that hang on it are freed. The process may still run.
	UnreachableForceReplace UnreachablePolicy = "ForceReplace"
)

// FailureAction is what a failure rule asks for.
//
// +kubebuilder:validation:Enum=FailJob;RestartJob;RestartJobAndIgnoreMaxRestarts;ReplacePod
type FailureAction string

// The actions of failure rules.
const (
	// ActionFailJob fails the job at once.
	ActionFailJob FailureAction = "FailJob"
	// ActionRestartJob restarts by the strategy and counts it.
	ActionRestartJob FailureAction = "RestartJob"
	// ActionRestartJobAndIgnoreMaxRestarts restarts by the strategy and does
	// not count it.
	ActionRestartJobAndIgnoreMaxRestarts FailureAction = "RestartJobAndIgnoreMaxRestarts"
	// ActionReplacePod gives the failed ranks new pods, whatever the
	// strategy, and counts it.
	ActionReplacePod FailureAction = "ReplacePod"
)

// ExitCodeOperator relates a process's exit code to a rule's values.
//
// +kubebuilder:validation:Enum=In;NotIn
type ExitCodeOperator string

// The operators on exit codes.
const (
	// ExitCodeIn matches a code that is listed.
	ExitCodeIn ExitCodeOperator = "In"
	// ExitCodeNotIn matches a code that is not listed.
	ExitCodeNotIn ExitCodeOperator = "NotIn"
)

// OnExitCodes matches the exit code of a rank's process; zero never fails.
type OnExitCodes struct {
	// operator is In or NotIn.
	// +required
	Operator ExitCodeOperator `json:"operator,omitempty"`

	// values are exit codes from 1 to 255; 128+n is a process killed by signal n.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=255
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=255
	Values []int32 `json:"values,omitempty"`
}

// OnPodCondition matches a condition of a failed pod.
type OnPodCondition struct {
	// type is the condition's type, such as DisruptionTarget.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=316
	Type string `json:"type,omitempty"`

	// status is the condition's status: True, False or Unknown. Default True.
	// +optional
	// +default="True"
	// +kubebuilder:validation:Enum=True;False;Unknown
	Status string `json:"status,omitempty"`
}

// FailureRule says what a certain failure leads to.
//
// +kubebuilder:validation:XValidation:rule="has(self.onExitCodes) != has(self.onPodCondition)",messageExpression="'rule %s has %s'.format([self.name, has(self.onExitCodes) ? 'both onExitCodes and onPodCondition: remove one' : 'neither onExitCodes nor onPodCondition: add one'])"
type FailureRule struct {
	// name is the rule's name, shown in the job's status when it applies.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`
	Name string `json:"name,omitempty"`

	// action is what to do.
	// +required
	Action FailureAction `json:"action,omitempty"`

	// sets are the sets that the rule is about. Unset: all.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=32
	Sets []string `json:"sets,omitempty"`

	// onExitCodes matches the exit code of the rank's process.
	// +optional
	OnExitCodes *OnExitCodes `json:"onExitCodes,omitempty"`

	// onPodCondition matches a condition of the rank's pod.
	// +optional
	OnPodCondition *OnPodCondition `json:"onPodCondition,omitempty"`
}

// FailurePolicy says what to do when a rank fails. Faults of a node or of the
// control plane never count towards maxRestarts.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.restartWindowSeconds) || !has(self.maxRestarts) || self.maxRestarts <= 32",messageExpression="'%d is more than 32, the most with restartWindowSeconds: lower it or remove restartWindowSeconds'.format([self.maxRestarts])",fieldPath=".maxRestarts"
type FailurePolicy struct {
	// maxRestarts is how often the job may be restarted for failures of its
	// own program, in all or, with restartWindowSeconds, per window. Default 3.
	// +optional
	// +default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	MaxRestarts *int32 `json:"maxRestarts,omitempty"`

	// restartWindowSeconds makes maxRestarts a budget for any stretch of this
	// length. Unset: for the life of the job.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=31536000
	RestartWindowSeconds int64 `json:"restartWindowSeconds,omitempty"`

	// attributionWindowSeconds is how long a failure's cause stays open: a
	// node found dead within it turns a failed process into the node's fault,
	// which does not count. Default 60.
	// +optional
	// +default=60
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	AttributionWindowSeconds *int32 `json:"attributionWindowSeconds,omitempty"`

	// orphanSeconds is how long a rank runs on that neither Trainyard nor any
	// other rank of its attempt can reach, before its launcher ends it; 0:
	// for ever. Default 300.
	// +optional
	// +default=300
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	OrphanSeconds *int32 `json:"orphanSeconds,omitempty"`

	// restartStrategy is Recreate, InPlace or ReplaceFailed. Default Recreate.
	// +optional
	// +default="Recreate"
	RestartStrategy RestartStrategy `json:"restartStrategy,omitempty"`

	// unreachable says what becomes of a pod whose node cannot be reached:
	// Wait or ForceReplace. Default Wait.
	// +optional
	// +default="Wait"
	Unreachable UnreachablePolicy `json:"unreachable,omitempty"`

	// rules are tried in order on every failed rank; the first that matches
	// decides. What none matches is restarted and counted.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	Rules []FailureRule `json:"rules,omitempty"`
}
