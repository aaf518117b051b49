// Package table is what every source of data looks like once it is opened: columns
// with a name and a type, each read alone, in stored row order, any number of times.
//
// It also holds what the readers share: the union of types over many files, the
// dictionary that turns the text of a column into codes, and the selection of the
// rows that a window asks for.
package table
