// Package slim makes objects small before they enter the manager's cache, which
// holds every pod and node of the cluster and every TrainingJob that ever ended.
//
// What is kept is named here, and everything else is dropped: whoever reads more
// of a cached object has to add it. What many objects have in common (a job's
// name, a condition's type) is held once.
package slim
