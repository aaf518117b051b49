// Package reading is what every reader of a source is told: how much it may read,
// where it may spill, whether it may show a value to the person who asked, and whom
// it tells how far it is.
package reading
