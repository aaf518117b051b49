package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// HardwareFault is an entry of a node's record.
type HardwareFault struct {
	// firstTime and lastTime are when it was first and last seen.
	// +required
	FirstTime *metav1.Time `json:"firstTime,omitempty"`

	// lastTime is when it was last seen; unset: once.
	// +optional
	LastTime *metav1.Time `json:"lastTime,omitempty"`

	// bootID is the boot in which it was seen; unset: the present one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	BootID string `json:"bootID,omitempty"`

	// kind is Xid or SXid; unset for a condition that began.
	// +optional
	Kind EventKind `json:"kind,omitempty"`

	// code is the Xid, SXid or recovery action.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Code int32 `json:"code,omitempty"`

	// hint is what the driver's text said about its weight.
	// +optional
	Hint EventHint `json:"hint,omitempty"`

	// rule is the rule that it fell under.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=96
	Rule string `json:"rule,omitempty"`

	// device is the GPU's uuid; unset for the node.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=96
	Device string `json:"device,omitempty"`

	// serial is the board's serial number.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Serial string `json:"serial,omitempty"`

	// resets is how often the device had been reset in that boot.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Resets *int32 `json:"resets,omitempty"`

	// owners are the workloads that held the device, as namespace/workload.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=320
	Owners []string `json:"owners,omitempty"`

	// count is how often it was seen in this burst; unset: once.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Count int32 `json:"count,omitempty"`

	// severity is what was concluded at the time.
	// +required
	Severity HardwareSeverity `json:"severity,omitempty"`

	// class says whose problem it was.
	// +optional
	Class HardwareClass `json:"class,omitempty"`

	// action is what was asked for.
	// +optional
	Action HardwareAction `json:"action,omitempty"`
}

// DeviceHolder is a container that holds a device.
type DeviceHolder struct {
	// namespace is the pod's namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// pod is the pod's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Pod string `json:"pod,omitempty"`

	// uid is the pod's UID; unset where the agent could not find it out.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID string `json:"uid,omitempty"`

	// container is the container's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Container string `json:"container,omitempty"`
}
