// Package progress reads how far a training has come from what it prints.
//
// A training says it best itself, in one JSON object a line under the key
// "trainyard". For those who print only what their framework prints there are
// log rules: RE2 patterns with named groups, and ready ones for well-known
// trainers. A Scanner cuts a stream into lines and spends next to nothing on
// those that say nothing; a Parser turns a line into an Update; a Tracker adds
// updates up to the Snapshot of one attempt.
//
// What comes in is whatever a program prints: binary, endless lines, hostile
// names. Work is linear in its length, memory is bounded, and nothing but
// numbers and short metric names comes out.
package progress
