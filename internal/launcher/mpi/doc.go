// Package mpi lets mpirun reach the workers of a job by ssh. Every pod makes a
// key pair of its own when its launcher starts and shows the public half; the
// workers admit rank 0's key and no other, rank 0 knows the workers by theirs.
// No private key ever leaves its pod, and none is made before the pods exist.
//
// What makes a key a rank's is the address it was fetched from: whoever can
// answer at a pod's name can take that pod's place, as for every other
// connection that ranks open to each other.
package mpi
