// Package ranks counts the pods of a TrainingJob and keeps the book of where
// each one lives.
//
// A pod has two addresses: its set and its index there, and its flat rank over
// the whole job, which counts through the sets in the order of the spec; rank 0
// is the first replica of the first set. A Layout converts between the two.
//
// A rank's place is a Slot, a node and an attempt. The status of a job holds
// the slots as compact runs, since thousands of them would not fit into it;
// Expand and Compact convert between runs and slots.
package ranks
