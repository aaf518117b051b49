// Package hardware turns what a node's sensors say into verdicts: which device
// is healthy, which is not, whose problem it is and what to do about it.
//
// It is a pure state machine. Samples and events go in with their own times;
// an Assessment comes out. Nothing here reads a clock, a file or a device.
//
//	Sample ──► variables ──► conditions ─┐
//	                                     ├─► findings ──► escalation ──► Verdict
//	Event  ──► bursts ─────► counts ─────┘
//
// The rules are data (Policy, Rule). Defaults returns the built-in ones, which
// cover the faults that NVIDIA's Xid catalogue and the fleets that published
// their experience agree on; a policy replaces single rules by name or claims
// single Xids for itself. Validate says what is wrong with a policy, field by
// field, and Replay says what a policy would have said about a recording.
//
// Three rules hold everywhere. Absent is not zero: an expression over a value
// that was not read is unknown, neither true nor false. What a tenant can
// provoke never condemns a device until two different owners have seen it.
// A time that runs backwards or leaps ahead never makes a condition older.
package hardware
