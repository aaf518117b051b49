// Package trainingjob makes a TrainingJob's pods what its placement says, and
// its status what its pods say.
//
// A reconcile gathers (gather.go), asks lifecycle.Decide, carries the decision
// out (carryout.go, network.go) and writes the status once (status.go). Where a
// job runs is not decided here: the scheduling loop writes status.admission,
// and this controller creates exactly those pods. Nothing that must not be lost
// lives in memory; a controller that dies between two calls resumes from the
// status and the pods.
package trainingjob
