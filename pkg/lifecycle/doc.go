// Package lifecycle decides what becomes of a running TrainingJob: which pods
// to create or delete, whether a rank has failed and whose fault that is, when
// to restart, and when a job has ended.
//
// It is the brain of the job's controller and knows nothing of Kubernetes. The
// controller gathers an Observation, calls Decide and carries the Decision out.
// Decide is a pure function: the same observation always gives the same
// decision, so a controller that dies between two writes simply asks again.
//
// The life of an attempt, as Decide sees it:
//
//   - the scheduling loop records a Placement: a node for every rank;
//   - missing pods are created (Run), and running launchers are told which
//     attempt is current (Instruct);
//   - a failed rank leads to a recorded Recovery (Recover), which asks the
//     scheduling loop for the next attempt's placement; nothing is deleted
//     before that record exists;
//   - a job ends by success, by a rule, by a deadline or by its budget (End).
//
// Whose fault a failure is stays open for the attribution window: ranks that
// survive a dying node exit with an error before the node is known to be dead.
package lifecycle
