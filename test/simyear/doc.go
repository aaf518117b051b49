// Command simyear lets a fleet of GPU servers live a year on a fake clock and
// compares what their agents say with what was done to them.
//
// The faults are those of a public pretraining fleet, at their own times, on
// their own servers and for as long as they lasted (faults.csv); beside them the
// servers suffer what is no fault and must not be taken for one: thermal waves,
// driver rollouts, agents that restart, MIG changes, programs that crash, clocks
// that are set. Some things happen to many servers at once, and are to be seen as
// one: a rack that overheats, a driver that fails, a job that does.
//
//	plan    what happens to whom, and when
//	machine a server: devices, host and pods behind the agent's own interfaces
//	life    one server's year: its agent looks, is restarted, and is judged
//	judge   misses, false alarms, stale alarms, wrong actions
//	fleet   what the servers' findings have in common, by pkg/hardware
//
// It prints a table with Wilson intervals at 95 %, then one line a figure.
package main
