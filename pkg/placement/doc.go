// Package placement decides which gangs of pods run, and where.
//
// It is pure: values in, a plan out. It knows no client, no Kubernetes type and
// no clock. Whoever feeds it has already interned what it sees: nodes and
// shapes are small dense numbers, resources are positions in a catalogue, and
// whether a shape may run on a node (taints, selectors, affinity) is one bit.
//
//	state, err := placement.New(snapshot)   // or New of an empty Snapshot
//	err = state.Apply(delta)                // what changed since
//	plan := state.Decide(now)               // one decision for each gang that waits
//
// Decide is incremental and equals Full over the same facts: it remembers how
// many pods of a shape each node could take, never what it decided. A decision
// takes effect when its caller applies it, as a gang's Held runs.
//
// # The rules of this planner
//
// A gang is placed whole or not at all. Gangs are asked in order of priority;
// among equals those that already hold or were promised capacity come first,
// then the earlier arrival. A gang that cannot be placed does not hold up the
// smaller ones behind it, and the plan names whom they passed. Where running
// gangs say when they end, the first gang that waits is promised a time, and
// those behind it may not break the promise.
//
// Pods are packed densely: into the smallest topology domain that takes the
// whole gang, onto few nodes, and where several would do, onto the one with
// the least room to spare.
//
// A gang that lost ranks has them placed anew near the survivors; where that
// is impossible it is placed anew as a whole, counting what it holds as free.
// While neither works it holds on until its HoldUntil, unless an earlier gang
// in the same plight could go on with what it holds: two gangs never wait for
// each other's halves.
//
// Only gangs of strictly lower priority that are preemptible are ever
// preempted, as few as will do. Their capacity is kept for the beneficiary
// from that moment: see Gang.YieldsTo.
//
// # Completeness
//
// A gang whose pods all have one shape is placed if and only if that is
// possible. Several shapes at once are a packing problem that is hard in
// general: a greedy order is followed by an exact search of bounded effort, and
// a plan that says Impossible has proved it.
package placement
