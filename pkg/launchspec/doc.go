// Package launchspec is what the job's controller and the launcher inside its
// pods agree on: names of environment variables, files and headers, the
// instruction that starts a new attempt, the status that a launcher serves and
// the message that it leaves when it ends.
//
// It holds values and their checks only. Whoever renders a pod and whoever runs
// in it import the same constants, so that the two cannot drift apart.
package launchspec
