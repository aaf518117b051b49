// Package nvml reads NVIDIA GPUs through the driver's management library, for a
// process that must outlive the driver's moods.
//
// A Session owns the library. Every device has a worker of its own, and Poll
// waits for none of them longer than its deadline: a call that does not return
// costs the reading of its device and nothing else, and is itself reported. The
// library may be missing, of another version, or go away and come back while
// the process runs; the Session then says so in its State and tries again at
// the next Poll. Release lets go of the library so that a GPU can be reset.
//
// Without cgo, or where no GPU is to be looked for, Null takes its place.
package nvml
