// Package perf measures how well a model predicts: with labels, with some of the
// labels, and without any (CBPE).
//
// Rows are parallel slices. A number that does not exist, such as a precision
// without a predicted positive, is NaN and never zero.
package perf
