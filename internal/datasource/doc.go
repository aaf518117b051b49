// Package datasource opens tables wherever they are kept, as columns of which each
// can be read alone.
//
// A Spec says what to read, Options how much it may cost. Behind Open:
//
//   - table: what a table is, whatever it came from; reading: limits and progress.
//   - place: files on this machine; bucket: objects in stores, each store a package of
//     its own; web: files and pages of HTTP servers; stream: their unpacking.
//   - parquetfile: read column by column where it lies. csvrows, jsonrows: read once,
//     row by row, into spill's temporary files, one a column, typed by infer.
//   - postgres, kafka, promql: what answers with rows, spilled likewise.
//   - guard: which addresses are never dialled; retry: what a network failed.
//   - servertest: real servers for tests, and a proxy that cuts connections.
//
// Errors name file, row and column. They show a value only where Options say so.
package datasource
