//go:build !cgo

package nvml

import "k8s.io/utils/clock"

// Session stands for a session in a program built without cgo.
type Session = Null

// New explains why no GPU will be found.
func New(Options, clock.PassiveClock) *Session {
	return &Null{Reason: "this program was built without cgo and cannot load the GPU driver's library"}
}
