// Package procfs reads what carries the accelerators: CPUs, memory, heat,
// pressure, energy, fabric and network links, file systems, and accelerators
// that the kernel knows and NVML does not.
//
// Every source is optional. What a kernel does not offer is absent; what cannot
// be parsed is a problem that is named, and never the end of a reading.
package procfs
