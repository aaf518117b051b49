package procfs

import (
	"time"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// Reading is one look at the host.
type Reading struct {
	// BootID names the boot of the machine.
	BootID string
	// Vars are the node's variables for the rules.
	Vars         hardware.Vars
	Zones        []Zone
	Ports        []Port
	Interfaces   []Interface
	Memory       []MemoryController
	Energy       []Energy
	Accelerators []Accelerator
	Pressure     []Pressure
	// Load1 is the load average of one minute, Cores the cores online; 0 is unknown.
	Load1 *float64
	Cores int
	// Uptime is how long the machine has been up; 0 is unknown.
	Uptime time.Duration
	// Problems names the sources that could not be read, and why.
	Problems []string
}

// Zone is a thermal zone.
type Zone struct {
	Name, Type string
	Celsius    float64
	// Critical is its critical trip point, where it has one.
	Critical *float64
}

// Port is a port of an InfiniBand or RoCE device.
type Port struct {
	Device string
	Port   int
	Up     bool
	// Errors counts symbol, receive and integrity errors; Downed how often the
	// link went down.
	Errors, Downed uint64
	// BytesPerSecond is the rate of the link.
	BytesPerSecond float64
}

// Interface is a network interface with a device behind it.
type Interface struct {
	Name string
	Up   bool
}

// MemoryController is a memory controller that EDAC watches.
type MemoryController struct {
	Name                   string
	Corrected, Uncorrected uint64
}

// Energy is a RAPL domain; the counter does not wrap.
type Energy struct {
	Domain string
	Joules float64
}

// Accelerator is a device that the kernel calls an accelerator: an NPU, a TPU.
type Accelerator struct {
	Name, Driver, PCI string
	// Celsius and Watts are what its hwmon tells, if it has one.
	Celsius, Watts *float64
}

// Pressure is the share of the last minute in which some or all tasks waited.
type Pressure struct {
	Resource   string
	Some, Full float64
}
