// Package stat computes the statistics that compare two samples: tests with a
// p-value, distances between distributions, and distances between shares.
//
// Continuous columns come as Sorted, because almost everything about one number
// against another is read from a single walk over two sorted samples. Categorical
// or binned columns come as counts or as shares, one entry a category, the same
// category at the same index on both sides.
//
// By convention the reference is the first argument and the current data the
// second. Samples hold finite values only: see Finite. Nothing here decides
// whether a column has drifted; packages evidently, nannyml and native do.
package stat
