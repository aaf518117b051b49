// Command peers runs the same training under Trainyard, under a Job and under a
// JobSet, side by side on one lab; it takes a node away from all of them at the
// same instant and prints what each of them did about it.
//
// The training is examples/pytorch-ddp: two ranks, each on a node of its own, a
// checkpoint an epoch. Its program is the same everywhere; where nobody tells
// it from which checkpoint to resume, a line of shell finds the newest one.
package main
