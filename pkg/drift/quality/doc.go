// Package quality says whether a window's data is fit to be judged at all. A
// column that is empty, mistyped or in another unit is not drift, and training on
// it would make things worse: a failure here vetoes both.
//
// Expectations are what the user demands or the reference shows; Observation is
// what was counted while the window was read. Check compares them and touches no
// row, so that it works on merged shards and saved profiles alike.
package quality
