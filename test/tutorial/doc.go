// Package tutorial runs the commands of the pages under docs/tutorials and
// compares what they print with what the pages say.
package tutorial
