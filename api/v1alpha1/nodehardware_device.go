package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ThrottleReason is what holds a device's clocks down.
//
// +kubebuilder:validation:Enum=HardwareSlowdown;HardwareThermal;PowerBrake;SoftwareThermal;SoftwarePowerCap
type ThrottleReason string

// The reasons for low clocks.
const (
	// ThrottleHardwareSlowdown: the hardware slows itself down.
	ThrottleHardwareSlowdown ThrottleReason = "HardwareSlowdown"
	// ThrottleHardwareThermal: the hardware slows itself down for heat.
	ThrottleHardwareThermal ThrottleReason = "HardwareThermal"
	// ThrottlePowerBrake: the power supply pulled the brake.
	ThrottlePowerBrake ThrottleReason = "PowerBrake"
	// ThrottleSoftwareThermal: the driver slows it down for heat.
	ThrottleSoftwareThermal ThrottleReason = "SoftwareThermal"
	// ThrottleSoftwarePowerCap: it runs at its power limit, as configured.
	ThrottleSoftwarePowerCap ThrottleReason = "SoftwarePowerCap"
)

// RemapState says what became of a device's worn memory.
//
// +kubebuilder:validation:Enum=Settled;Pending;Failed
type RemapState string

// The states of remapping.
const (
	// RemapSettled: nothing waits.
	RemapSettled RemapState = "Settled"
	// RemapPending: a remap or a retirement waits for a reset.
	RemapPending RemapState = "Pending"
	// RemapFailed: a row could not be remapped.
	RemapFailed RemapState = "Failed"
)

// DeviceThermal is how hot a device is, in whole degrees Celsius.
//
// +kubebuilder:validation:MinProperties=1
type DeviceThermal struct {
	// temperatureCelsius is the temperature of the core.
	// +optional
	TemperatureCelsius *int32 `json:"temperatureCelsius,omitempty"`

	// memoryTemperatureCelsius is the temperature of the memory.
	// +optional
	MemoryTemperatureCelsius *int32 `json:"memoryTemperatureCelsius,omitempty"`

	// marginCelsius is the distance to the nearest thermal limit, signed.
	// +optional
	MarginCelsius *int32 `json:"marginCelsius,omitempty"`
}

// DeviceECC counts memory errors.
//
// +kubebuilder:validation:MinProperties=1
type DeviceECC struct {
	// corrected counts corrected errors since the driver was loaded.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Corrected *int64 `json:"corrected,omitempty"`

	// uncorrected counts uncorrected errors since the driver was loaded.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Uncorrected *int64 `json:"uncorrected,omitempty"`

	// lifetimeUncorrected counts uncorrected errors in the device's life.
	// +optional
	// +kubebuilder:validation:Minimum=0
	LifetimeUncorrected *int64 `json:"lifetimeUncorrected,omitempty"`
}

// DeviceRemap is what became of worn memory.
//
// +kubebuilder:validation:MinProperties=1
type DeviceRemap struct {
	// state says whether a remap waits or failed.
	// +optional
	State RemapState `json:"state,omitempty"`

	// correctable counts rows remapped for correctable errors.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Correctable *int32 `json:"correctable,omitempty"`

	// uncorrectable counts rows remapped for uncorrectable errors.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Uncorrectable *int32 `json:"uncorrectable,omitempty"`

	// retiredPages counts retired pages, on models that retire pages.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RetiredPages *int32 `json:"retiredPages,omitempty"`
}

// DeviceLinks is how a device is connected.
//
// +kubebuilder:validation:MinProperties=1
type DeviceLinks struct {
	// pcieGeneration is the generation of the PCIe link now.
	// +optional
	// +kubebuilder:validation:Minimum=0
	PCIeGeneration *int32 `json:"pcieGeneration,omitempty"`

	// pcieWidth is the number of its lanes now.
	// +optional
	// +kubebuilder:validation:Minimum=0
	PCIeWidth *int32 `json:"pcieWidth,omitempty"`

	// nvlinkInactive is how many NVLinks are inactive that should be active.
	// +optional
	// +kubebuilder:validation:Minimum=0
	NVLinkInactive *int32 `json:"nvlinkInactive,omitempty"`

	// nvlinkErrors counts CRC errors, replays and recoveries of all NVLinks.
	// +optional
	// +kubebuilder:validation:Minimum=0
	NVLinkErrors *int64 `json:"nvlinkErrors,omitempty"`
}

// XidStatus is an error that the driver reported.
type XidStatus struct {
	// code is the Xid.
	// +required
	// +kubebuilder:validation:Minimum=1
	Code int32 `json:"code,omitempty"`

	// time is when it was last reported.
	// +required
	Time *metav1.Time `json:"time,omitempty"`
}

// HostStatus is what the machine around the devices reports.
//
// +kubebuilder:validation:MinProperties=1
type HostStatus struct {
	// zoneTemperatureCelsius is the hottest thermal zone.
	// +optional
	ZoneTemperatureCelsius *int32 `json:"zoneTemperatureCelsius,omitempty"`

	// zoneMarginCelsius is the smallest distance of a zone to its critical point.
	// +optional
	ZoneMarginCelsius *int32 `json:"zoneMarginCelsius,omitempty"`

	// memoryCorrected counts corrected errors of the host's memory.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MemoryCorrected *int64 `json:"memoryCorrected,omitempty"`

	// memoryUncorrected counts uncorrected errors of the host's memory.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MemoryUncorrected *int64 `json:"memoryUncorrected,omitempty"`

	// fabricLinksDown is how many InfiniBand or RoCE ports went down.
	// +optional
	// +kubebuilder:validation:Minimum=0
	FabricLinksDown *int32 `json:"fabricLinksDown,omitempty"`

	// networkLinksDown is how many network interfaces lost their carrier.
	// +optional
	// +kubebuilder:validation:Minimum=0
	NetworkLinksDown *int32 `json:"networkLinksDown,omitempty"`

	// unreadable names the sources that could not be read, and why.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=160
	Unreadable []string `json:"unreadable,omitempty"`
}
