// Package window does the arithmetic of windows: which span of time or which rows a
// reference and the current data are, and that they have none in common.
//
// A span is half open: it holds its start and not its end, so that windows that
// touch share no row. The present is passed in. Instants of rows are seconds since
// 1970 in UTC, NaN where a row has none.
package window
