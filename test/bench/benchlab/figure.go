package benchlab

import (
	"cmp"
	"fmt"
	"slices"
)

// AtMost prints a figure that is good when it is not above its target.
func AtMost(name string, value float64, unit string, target float64) {
	verdict := "pass"
	if value > target {
		verdict = "fail"
	}
	line(name, value, unit, fmt.Sprintf("<=%g", target), verdict)
}

// Tell prints a figure that has no target.
func Tell(name string, value float64, unit string) { line(name, value, unit, "-", "pass") }

func line(name string, value float64, unit, target, verdict string) {
	fmt.Printf("%s\t%.4g\t%s\t%s\t%s\n", name, value, unit, target, verdict)
}

// Median is the middle value, or the higher one of the two in the middle.
func Median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
