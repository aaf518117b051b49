// Package launcher is process 1 of a training container: it starts the user's
// command as its child, forwards signals, reaps, reads progress from the
// child's output, serves it, and starts the child again in place when a new
// attempt begins.
//
// The parts live in rooms of their own: lifecycle decides, proc runs, output
// passes on and reads, checkpoint and watch look at directories, peer asks and
// server answers, mpi makes keys. This package wires them into one loop that
// takes one event at a time.
package launcher
