// Package dist holds the tails of the distributions that a drift test's p-value
// is read from, each as one function of plain numbers.
//
// The tails are exact where an exact law is known and affordable, and keep their
// relative precision far into the tail, because a p-value of 1e-30 is ordinary
// when a hundred thousand rows are compared. Every function is total: arguments
// outside the support give the limit (0 or 1), NaN gives NaN.
package dist
