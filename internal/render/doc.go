// Package render says what the objects of a TrainingJob look like: its pods,
// its headless Service and the EndpointSlices behind it.
//
// Everything here is a function of its arguments. What is returned shares no
// memory with the job, so that a caller may change either. Writing the objects
// is up to the controllers.
//
// A pod is the user's template with four things done to it: what a template
// may not decide is overruled (template.go), the rank's identity is put on it
// (pod.go, affinity.go), the launcher is put in place (launcher.go) and the
// environment is added (environment.go, expansion.go).
package render
