// Package drift describes the columns whose two sides, a reference and current
// data, are compared, and the outcome of such a comparison.
//
// What lives below it:
//
//   - stat: two-sample tests and distances; dist: the tails of their laws.
//   - evidently, nannyml: which test, bins and threshold these peers choose for a
//     column, and their numbers, quirks included.
//   - native: Trainyard's own rule, calibrated on blocks of the reference.
//
// Nothing under drift reads a file, a clock or a network, and none of it decides
// what to do about a drift: package retrain does.
package drift
