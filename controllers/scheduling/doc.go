// Package scheduling decides where TrainingJobs run, and writes it down.
//
// It is the loop around the planner. Informers feed a clusterstate.Tracker
// (feed.go) with nodes and pods; a reconcile of each job feeds it with what the
// job asks for and holds (gang.go). Whenever something changed, the loop plans
// (loop.go); what the plan says about a job is kept until that job's next
// reconcile has written it to the status (publish.go): admission, eviction and
// the conditions Queued and Admitted. Nobody else writes those.
//
// A place is taken in the tracker the moment it is planned, so that the next
// plan does not give it away again; if writing it fails, it is written again.
// After a restart everything is read back from the statuses.
package scheduling
