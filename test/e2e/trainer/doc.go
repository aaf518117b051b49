// Command trainer stands in for a training in the end-to-end tests: it steps,
// reports and commits by the contract of a real one, in no time and with no
// library. Its ranks do not exchange anything, so that one goes on when all
// others are cut off: the worst that can happen to a job's checkpoints.
//
// trainer meet checks instead that the ranks find each other by what JAX or
// TensorFlow would read from the environment.
package main
