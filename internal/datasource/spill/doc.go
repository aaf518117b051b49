// Package spill keeps the columns of a row format in temporary files, one a column,
// so that memory holds one column at a time, however many rows and columns there are.
//
// A file has no name once it is open: the system gives its space back when the
// process ends, however it ends. Nothing is left behind by a signal, a crash or a
// power cut, and there is nothing to clean up at the next start.
package spill
