package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HardwareClass says whose problem a finding is.
//
// +kubebuilder:validation:Enum=Application;Secondary;Informational;Warning;Hardware;Operator;Unrecognised;Domain;Heuristic
type HardwareClass string

// The classes.
const (
	// ClassApplication is a fault of the program that ran.
	ClassApplication HardwareClass = "Application"
	// ClassSecondary follows from another fault reported beside it.
	ClassSecondary HardwareClass = "Secondary"
	// ClassInformational is worth counting and nothing else.
	ClassInformational HardwareClass = "Informational"
	// ClassWarning is a sign of wear; it alerts and moves nothing.
	ClassWarning HardwareClass = "Warning"
	// ClassHardware is a fault of the device or of what carries it.
	ClassHardware HardwareClass = "Hardware"
	// ClassOperator needs a person: cables, firmware, a support case.
	ClassOperator HardwareClass = "Operator"
	// ClassUnrecognised is a code that no rule knows.
	ClassUnrecognised HardwareClass = "Unrecognised"
	// ClassDomain is a fault of what many devices share.
	ClassDomain HardwareClass = "Domain"
	// ClassHeuristic is a suspicion drawn from behaviour.
	ClassHeuristic HardwareClass = "Heuristic"
)

// HardwareAction is what should be done next, from light to heavy.
//
// +kubebuilder:validation:Enum=None;Count;FollowRelated;Observe;RestartJob;InspectJob;RestartAgent;RunDiagnostics;DrainPeerToPeer;RecoverIMEX;ResetWhenIdle;ResetDevice;ResetBus;RestartVM;RebootNode;PowerCycle;UpdateSoftware;CheckMechanics;InspectHardware;ContactSupport;ReplaceDevice;InspectDomain
type HardwareAction string

// RuleMode says whether a rule moves a verdict or is only shown.
//
// +kubebuilder:validation:Enum=Enforce;Observe
type RuleMode string

// The modes of a rule.
const (
	// RuleEnforce: the rule moves verdicts.
	RuleEnforce RuleMode = "Enforce"
	// RuleObserve: the rule is shown and counted, and moves nothing.
	RuleObserve RuleMode = "Observe"
)

// EventKind is where an event comes from.
//
// +kubebuilder:validation:Enum=Xid;SXid
type EventKind string

// The kinds of event.
const (
	// EventXid is an error of a GPU's driver.
	EventXid EventKind = "Xid"
	// EventSXid is an error of an NVSwitch.
	EventSXid EventKind = "SXid"
)

// EventHint is what the text of an event says about its own weight.
//
// +kubebuilder:validation:Enum=Fatal;NonFatal
type EventHint string

// ClearOn says what ends a finding once its cause is no longer seen.
//
// +kubebuilder:validation:Enum=Quiet;Reset;Reboot
type ClearOn string

// The ways to clear a finding.
const (
	// ClearQuiet needs nothing but quiet for clearAfterSeconds.
	ClearQuiet ClearOn = "Quiet"
	// ClearReset needs a reset of the device, a new driver or a reboot too.
	ClearReset ClearOn = "Reset"
	// ClearReboot needs a reboot.
	ClearReboot ClearOn = "Reboot"
)

// HardwareOutcome is what a rule concludes.
type HardwareOutcome struct {
	// severity is Healthy, Degraded (no new work) or Fatal.
	// +required
	// +kubebuilder:validation:XValidation:rule="self != 'Unknown'",message="Unknown is concluded from silence, not by a rule: use Healthy, Degraded or Fatal"
	Severity HardwareSeverity `json:"severity,omitempty"`

	// class says whose problem it is.
	// +required
	Class HardwareClass `json:"class,omitempty"`

	// action is what should be done.
	// +required
	Action HardwareAction `json:"action,omitempty"`

	// advice is a sentence for people: what it means and what to do.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Advice string `json:"advice,omitempty"`
}

// HardwareRule says what a signal means: an event by its kind and codes, or a
// condition.
//
// +kubebuilder:validation:XValidation:rule="has(self.kind) != has(self.when)",messageExpression="'rule %s needs either kind (an event) or when (a condition), and not both: write two rules'.format([self.name])"
// +kubebuilder:validation:XValidation:rule="has(self.kind) || (!has(self.codes) && !has(self.hint))",messageExpression="'rule %s has codes or a hint and no kind: say Xid or SXid'.format([self.name])",fieldPath=".kind"
// +kubebuilder:validation:XValidation:rule="!has(self.kind) || (!has(self.forSeconds) && !has(self.withinSeconds))",messageExpression="'rule %s is about an event, which has no duration: use count and windowSeconds'.format([self.name])",fieldPath=".forSeconds"
// +kubebuilder:validation:XValidation:rule="has(self.kind) || (!has(self.count) && !has(self.owners) && !has(self.windowSeconds))",messageExpression="'rule %s is about a condition, which is not counted: use forSeconds and withinSeconds'.format([self.name])",fieldPath=".count"
// +kubebuilder:validation:XValidation:rule="!has(self.withinSeconds) || (has(self.forSeconds) && self.forSeconds <= self.withinSeconds)",messageExpression="'withinSeconds of rule %s needs a forSeconds that is no longer'.format([self.name])",fieldPath=".withinSeconds"
// +kubebuilder:validation:XValidation:rule="has(self.windowSeconds) == ((has(self.count) && self.count > 1) || (has(self.owners) && self.owners > 1))",messageExpression="'rule %s counts within windowSeconds: set it together with count or owners above 1, and only then'.format([self.name])",fieldPath=".windowSeconds"
// +kubebuilder:validation:XValidation:rule="!has(self.below) || has(self.windowSeconds)",messageExpression="'below of rule %s is concluded before a threshold, and there is none: set count or owners above 1'.format([self.name])",fieldPath=".below"
type HardwareRule struct {
	// name is the rule's name: lower-case letters, digits and dashes. A rule
	// replaces the built-in one of the same name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// kind makes it a rule about events: Xid or SXid.
	// +optional
	Kind EventKind `json:"kind,omitempty"`

	// codes are the Xids or SXids that it is about; built-in rules give up the
	// codes that a policy names. Unset: every code that no other rule names.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=99999
	Codes []int32 `json:"codes,omitempty"`

	// hint narrows it to events whose text says Fatal or NonFatal.
	// +optional
	Hint EventHint `json:"hint,omitempty"`

	// when makes it a rule about a condition: an expression over the variables
	// of the documentation, as in margin_celsius < margin_slowdown_celsius.
	// Operators: + - * / < <= > >= == != && || ! and known(name). A value that
	// was not read makes it undecided, neither true nor false.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_ ().+*/<>=!&|-]+$')",message="use names, numbers, ( ) and the operators + - * / < <= > >= == != && || ! only"
	When string `json:"when,omitempty"`

	// forSeconds is how long the condition must hold.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	ForSeconds int32 `json:"forSeconds,omitempty"`

	// withinSeconds is the span in which it must hold for forSeconds in sum.
	// Unset: without a break.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	WithinSeconds int32 `json:"withinSeconds,omitempty"`

	// count is how many bursts of the event it takes. Default 1.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32
	Count int32 `json:"count,omitempty"`

	// owners is how many different workloads must have held the device when
	// it happened. Set it to 2 for what a tenant can provoke.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32
	Owners int32 `json:"owners,omitempty"`

	// windowSeconds is the span in which count and owners are counted.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=7776000
	WindowSeconds int32 `json:"windowSeconds,omitempty"`

	// outcome is concluded when all of that is met.
	// +required
	Outcome *HardwareOutcome `json:"outcome,omitempty"`

	// below is concluded before count and owners are met.
	// +optional
	Below *HardwareOutcome `json:"below,omitempty"`

	// next replaces the action where a reset in the same boot did not help.
	// +optional
	Next HardwareAction `json:"next,omitempty"`

	// clearOn says what ends the finding. Default Quiet.
	// +optional
	// +default="Quiet"
	ClearOn ClearOn `json:"clearOn,omitempty"`

	// clearAfterSeconds is how long its cause must not have been seen. Default 300.
	// +optional
	// +default=300
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=7776000
	ClearAfterSeconds *int32 `json:"clearAfterSeconds,omitempty"`

	// mode is Enforce, or Observe for a rule that is shown and moves nothing.
	// Default Enforce.
	// +optional
	// +default="Enforce"
	Mode RuleMode `json:"mode,omitempty"`
}

// HardwareEscalation raises the action for a device, known by its serial
// number, whose fatal faults repeat.
//
// +kubebuilder:validation:XValidation:rule="has(self.count) || has(self.boots)",messageExpression="'escalation %s needs count or boots'.format([self.name])",fieldPath=".count"
type HardwareEscalation struct {
	// name is its name: lower-case letters, digits and dashes.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// count is how many fatal findings it takes.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=64
	Count int32 `json:"count,omitempty"`

	// boots is in how many different boots they must have been seen.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=64
	Boots int32 `json:"boots,omitempty"`

	// windowSeconds is the span in which they are counted.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=7776000
	WindowSeconds int32 `json:"windowSeconds,omitempty"`

	// match is Any fatal finding, or Same: each rule and code on its own.
	// Default Any.
	// +optional
	// +default="Any"
	Match EscalationMatch `json:"match,omitempty"`

	// action is what should be done then.
	// +required
	Action HardwareAction `json:"action,omitempty"`

	// advice is a sentence for people.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Advice string `json:"advice,omitempty"`
}

// EscalationMatch says what an escalation counts together.
//
// +kubebuilder:validation:Enum=Any;Same
type EscalationMatch string

// The ways to count together.
const (
	// EscalateAny counts every fatal finding.
	EscalateAny EscalationMatch = "Any"
	// EscalateSame counts each rule and code on its own.
	EscalateSame EscalationMatch = "Same"
)

// RecoveryActionMeaning says what a recovery action of the driver means.
type RecoveryActionMeaning struct {
	// value is the driver's number; 0 asks for nothing and has no meaning.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=255
	Value int32 `json:"value,omitempty"`

	// name is how it is called.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// outcome is what it means.
	// +required
	Outcome *HardwareOutcome `json:"outcome,omitempty"`
}

// HardwarePolicySpec says which signal means what. It is laid over the built-in
// rules, which hold wherever it is silent.
//
// +kubebuilder:validation:XValidation:rule="!has(self.rules) || self.rules.all(r, !has(r.codes) || r.codes.all(c, self.rules.filter(o, has(o.kind) && o.kind == r.kind && has(o.codes) && c in o.codes && has(o.hint) == has(r.hint) && (!has(o.hint) || o.hint == r.hint)).size() == 1))",message="two rules claim the same code: leave each code to one of them",fieldPath=".rules"
type HardwarePolicySpec struct {
	// nodeSelector chooses the nodes by their labels. Unset: all.
	// +optional
	NodeSelector *metav1.LabelSelector `json:"nodeSelector,omitempty"`

	// priority decides where several policies choose a node: the highest one,
	// then the first by name. Default 0.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=-1000
	// +kubebuilder:validation:Maximum=1000
	Priority *int32 `json:"priority,omitempty"`

	// rules say what signals mean.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Rules []HardwareRule `json:"rules,omitempty"`

	// escalations raise the action for repeat offenders.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Escalations []HardwareEscalation `json:"escalations,omitempty"`

	// recoveryActions say what the driver's own recovery actions mean.
	// +optional
	// +listType=map
	// +listMapKey=value
	// +kubebuilder:validation:MaxItems=16
	RecoveryActions []RecoveryActionMeaning `json:"recoveryActions,omitempty"`

	// burstWindowSeconds merges repetitions: an event that follows the last of
	// its kind sooner than this counts as the same. Default 180.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	BurstWindowSeconds int32 `json:"burstWindowSeconds,omitempty"`

	// unknownAfterSeconds is how long a device may be unreadable before its
	// severity is Unknown. Default 60.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	UnknownAfterSeconds int32 `json:"unknownAfterSeconds,omitempty"`
}

// HardwarePolicy says which signal means what on the nodes that it selects.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=hp
// +kubebuilder:printcolumn:name="Priority",type=integer,JSONPath=`.spec.priority`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type HardwarePolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec says which signal means what.
	// +required
	Spec HardwarePolicySpec `json:"spec,omitempty,omitzero"`
}

// HardwarePolicyList is a list of HardwarePolicy.
//
// +kubebuilder:object:root=true
type HardwarePolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []HardwarePolicy `json:"items"`
}
