// Package datasource opens tables wherever they are kept, as columns of which each
// can be read alone.
//
// A Spec says what to read, Options how much it may cost. Behind Open:
//
//   - table: what a table is, whatever it came from; reading: limits and progress.
//   - place: files on this machine and objects in stores; stream: their unpacking.
//   - parquetfile: read column by column where it lies. csvrows: read once, row by
//     row, into spill's temporary files, one a column, typed by infer.
//
// Errors name file, row and column. They show a value only where Options say so.
package datasource
