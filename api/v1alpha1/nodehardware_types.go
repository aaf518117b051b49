package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Bounds of a NodeHardware.
const (
	// MaxDevices is the largest number of devices of a node.
	MaxDevices = 32
	// MaxFaults is how many faults a node's record holds.
	MaxFaults = 32
	// MaxNodeHardwareBytes is the size, as JSON, that an agent's report does
	// not exceed: what is oldest and least severe is left out.
	MaxNodeHardwareBytes = 16384
)

// HardwareSeverity says how far a device or node can be used.
//
// +kubebuilder:validation:Enum=Healthy;Unknown;Degraded;Fatal
type HardwareSeverity string

// The severities, from good to bad.
const (
	// SeverityHealthy: no fault is known.
	SeverityHealthy HardwareSeverity = "Healthy"
	// SeverityUnknown: too little is known; a reason to look, not to move work.
	SeverityUnknown HardwareSeverity = "Unknown"
	// SeverityDegraded: it works, and should get no new work.
	SeverityDegraded HardwareSeverity = "Degraded"
	// SeverityFatal: work on it fails or will.
	SeverityFatal HardwareSeverity = "Fatal"
)

// HardwareMode says where a node's GPUs stand.
//
// +kubebuilder:validation:Enum=GPU;CPU;DriverDown;Released
type HardwareMode string

// The modes.
const (
	// ModeGPU: the driver answers.
	ModeGPU HardwareMode = "GPU"
	// ModeCPU: the node has no GPU, or no driver for one.
	ModeCPU HardwareMode = "CPU"
	// ModeDriverDown: the driver is installed and does not answer.
	ModeDriverDown HardwareMode = "DriverDown"
	// ModeReleased: the agent let go of the driver so that a GPU can be reset.
	ModeReleased HardwareMode = "Released"
)

// ConditionHealthy is True while a device or node has no fault, Unknown while
// too little is known. Its reason is the rule that decided, in CamelCase.
const ConditionHealthy = "Healthy"

// The reasons of Healthy where no rule decided.
const (
	// ReasonNoFault: no fault is known.
	ReasonNoFault = "NoFault"
)

// NodeHardwareSpec is what people and the controller ask of a node. The agent
// reads it and never writes it.
type NodeHardwareSpec struct {
	// quarantine keeps new work off the node while it is set.
	// +optional
	Quarantine *Quarantine `json:"quarantine,omitempty"`

	// hold keeps the controller from changing quarantine while it is set:
	// somebody works on the node.
	// +optional
	Hold *Hold `json:"hold,omitempty"`

	// expectedDevices is how many GPUs the node is known to have, 0 to 32. With
	// fewer the node is at fault. Unset: as many as its agent ever saw, less
	// those whose slot holds another card now.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=32
	ExpectedDevices *int32 `json:"expectedDevices,omitempty"`
}

// Quarantine says why a node gets no new work.
type Quarantine struct {
	// reason is a sentence for people.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`

	// by is who asked for it: a person, or a controller's name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	By string `json:"by,omitempty"`
}

// Hold says why nothing is changed about a node's quarantine.
type Hold struct {
	// reason is a sentence for people.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`
}

// NodeHardwareStatus is what a node's agent observed. Nobody else writes it, and
// a report that is older than the one before it is refused.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf || !has(oldSelf.bootID) || (has(self.bootID) && has(self.sequence) && (self.bootID != oldSelf.bootID || !has(oldSelf.sequence) || self.sequence > oldSelf.sequence))",messageExpression="'sequence %d is not above %d, which was reported in the same boot: another agent writes for this node, or this one is old; run one agent a node'.format([has(self.sequence) ? self.sequence : 0, has(oldSelf.sequence) ? oldSelf.sequence : 0])",fieldPath=".sequence"
type NodeHardwareStatus struct {
	// conditions are those of the node apart from its devices: Healthy.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=4
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// mode says where the node's GPUs stand.
	// +optional
	Mode HardwareMode `json:"mode,omitempty"`

	// modeReason says in words why the mode is not GPU.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ModeReason string `json:"modeReason,omitempty"`

	// driverVersion is the version of the GPU driver.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	DriverVersion string `json:"driverVersion,omitempty"`

	// bootID names the boot of the machine.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	BootID string `json:"bootID,omitempty"`

	// sequence grows with every report of a boot.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// heartbeatTime is when the report was made.
	// +optional
	HeartbeatTime *metav1.Time `json:"heartbeatTime,omitempty"`

	// summary is the whole node in one line.
	// +optional
	Summary *HardwareSummary `json:"summary,omitempty"`

	// policy is the HardwarePolicy in force.
	// +optional
	Policy *PolicyInForce `json:"policy,omitempty"`

	// devices are the node's GPUs, those that are lost included.
	// +optional
	// +listType=map
	// +listMapKey=uuid
	// +kubebuilder:validation:MaxItems=32
	Devices []DeviceStatus `json:"devices,omitempty"`

	// host is what the machine around the devices reports.
	// +optional
	Host *HostStatus `json:"host,omitempty"`

	// findings are the rules that hold about the node apart from its devices.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Findings []HardwareFinding `json:"findings,omitempty"`

	// faults is the record of what happened, oldest first. Where it is full, the
	// oldest of the least severe is left out.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Faults []HardwareFault `json:"faults,omitempty"`
}

// HardwareSummary is a node in one line.
type HardwareSummary struct {
	// devices is how many GPUs are known.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Devices *int32 `json:"devices,omitempty"`

	// healthy is how many of them have no fault.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Healthy *int32 `json:"healthy,omitempty"`

	// severity is the worst of the node and its devices.
	// +required
	Severity HardwareSeverity `json:"severity,omitempty"`

	// action is what should be done about it.
	// +optional
	Action HardwareAction `json:"action,omitempty"`

	// reason is a sentence for people.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`
}

// PolicyInForce names the policy by which an agent judges.
type PolicyInForce struct {
	// name is the HardwarePolicy's name, or built-in.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// generation is the generation of the HardwarePolicy; unset for built-in.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation,omitempty"`

	// problem says what is wrong with a newer policy, which is not in force.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Problem string `json:"problem,omitempty"`
}

// DeviceStatus is what is known of one GPU.
type DeviceStatus struct {
	// conditions are those of the device: Healthy.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=4
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// uuid is the driver's name for the device.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=96
	UUID string `json:"uuid,omitempty"`

	// index is the driver's number for it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Index *int32 `json:"index,omitempty"`

	// pciID is its address on the bus, as in 0000:18:00.0.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	PCIID string `json:"pciID,omitempty"`

	// model is its name, as in NVIDIA H100 80GB HBM3.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=96
	Model string `json:"model,omitempty"`

	// serial is the board's serial number, by which it is known across slots.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Serial string `json:"serial,omitempty"`

	// resets is how often the device was reset in this boot, as far as its
	// agent noticed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Resets *int32 `json:"resets,omitempty"`

	// severity is the verdict.
	// +required
	Severity HardwareSeverity `json:"severity,omitempty"`

	// recommendedAction is what should be done about it.
	// +optional
	RecommendedAction HardwareAction `json:"recommendedAction,omitempty"`

	// findings are the rules that hold, worst first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Findings []HardwareFinding `json:"findings,omitempty"`

	// thermal is how hot it is.
	// +optional
	Thermal *DeviceThermal `json:"thermal,omitempty"`

	// ecc counts memory errors.
	// +optional
	ECC *DeviceECC `json:"ecc,omitempty"`

	// remap is what became of worn memory.
	// +optional
	Remap *DeviceRemap `json:"remap,omitempty"`

	// throttle lists what holds its clocks down.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	Throttle []ThrottleReason `json:"throttle,omitempty"`

	// links is how it is connected.
	// +optional
	Links *DeviceLinks `json:"links,omitempty"`

	// lastXid is the last error that the driver reported.
	// +optional
	LastXid *XidStatus `json:"lastXid,omitempty"`

	// allocatedTo lists the containers that hold it, up to eight. An entry
	// counts only where a pod of that UID is bound to this node.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	AllocatedTo []DeviceHolder `json:"allocatedTo,omitempty"`
}

// HardwareFinding is a rule that holds.
type HardwareFinding struct {
	// rule is the rule's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=96
	Rule string `json:"rule,omitempty"`

	// code is the Xid, SXid or recovery action, where it is about one.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Code int32 `json:"code,omitempty"`

	// severity is what the rule concludes.
	// +required
	Severity HardwareSeverity `json:"severity,omitempty"`

	// class says whose problem it is.
	// +optional
	Class HardwareClass `json:"class,omitempty"`

	// action is what the rule asks for.
	// +optional
	Action HardwareAction `json:"action,omitempty"`

	// mode is Observe where the rule is shown and moves no verdict.
	// +optional
	Mode RuleMode `json:"mode,omitempty"`

	// count is how many bursts were seen, where more than one.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Count int32 `json:"count,omitempty"`

	// since is when it began to hold.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
}

// NodeHardware is one node's devices: what its agent observed, what that means,
// and whether the node is quarantined. Its name is the node's.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=nh,path=nodehardwares
// +kubebuilder:printcolumn:name="GPUs",type=integer,JSONPath=`.status.summary.devices`
// +kubebuilder:printcolumn:name="Healthy",type=integer,JSONPath=`.status.summary.healthy`
// +kubebuilder:printcolumn:name="Verdict",type=string,JSONPath=`.status.summary.severity`
// +kubebuilder:printcolumn:name="Action",type=string,JSONPath=`.status.summary.action`
// +kubebuilder:printcolumn:name="Quarantined",type=string,JSONPath=`.spec.quarantine.reason`
// +kubebuilder:printcolumn:name="Mode",type=string,priority=1,JSONPath=`.status.mode`
// +kubebuilder:printcolumn:name="Driver",type=string,priority=1,JSONPath=`.status.driverVersion`
// +kubebuilder:printcolumn:name="Heartbeat",type=date,priority=1,JSONPath=`.status.heartbeatTime`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.summary.reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type NodeHardware struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is what people and the controller ask of the node.
	// +optional
	Spec NodeHardwareSpec `json:"spec,omitempty,omitzero"`

	// status is what the node's agent observed.
	// +optional
	Status NodeHardwareStatus `json:"status,omitempty,omitzero"`
}

// NodeHardwareList is a list of NodeHardware.
//
// +kubebuilder:object:root=true
type NodeHardwareList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []NodeHardware `json:"items"`
}
