//go:build race

package progress

const raceDetector = true
