// Package drift describes the columns whose two sides, a reference and current
// data, are compared, and the outcome of such a comparison.
//
// What lives below it:
//
//   - stat: two-sample tests and distances; dist: the tails of their laws.
//   - evidently, nannyml: which test, bins and threshold these peers choose for a
//     column, and their numbers, quirks included.
//   - native: Trainyard's own rule, calibrated on blocks of the reference.
//   - domain: many columns, text and embeddings through a classifier; stream: one
//     number over time.
//   - perf: how well a model predicts, with labels and without; gate: a candidate
//     against the champion; quality: whether a window is fit to be judged.
//   - mersenne: the random numbers that a peer's seeded test draws.
//
// Nothing under drift reads a file, a clock or a network, and none of it decides
// what to do about a drift: package retrain does.
package drift
