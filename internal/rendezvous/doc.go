// Package rendezvous decides how the ranks of a TrainingJob find each other:
// the stable host name of every replica, the ports that they meet on, the
// number of processes in each pod and the environment variables that the job's
// framework expects.
//
// It computes, it does not connect. A Plan is made once for a job and answers
// for every replica of it; docs/environment.md lists what it sets.
package rendezvous
