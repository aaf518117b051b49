// Package rankwatch asks the launchers of running pods how they are.
//
// A Watcher holds a list of targets, asks each of them in turn over plain HTTP
// and keeps the last answer. It says when something changed that its user must
// act on; progress alone is told at a slower pace. How often a launcher is
// asked depends on how many there are: once a second for a few, so that a
// failure is seen at once, and never more than the budget allows in all.
//
// What a launcher says is a hint, never an instruction: the answers are read
// only, and one that speaks for another job (an address that was given to a new
// pod) counts as none.
package rankwatch
