// Package report is what the profiler found, as plain values: what `-o json`
// prints, what the table and the page are drawn from, and what a controller reads.
//
// A Report speaks of one of three things: a comparison of a reference with
// current data (Columns), a stream replayed in windows (Windows), or a candidate
// model beside the champion (Evaluation). Data quality stands beside all of them
// and comes first: data that is unfit to be judged has not drifted.
//
// Shares are between 0 and 1, times are RFC 3339 in UTC, durations are seconds.
// A number that does not exist is null, never zero, NaN or infinity; see Number.
// Nothing here holds a value of a row of a sensitive column: its categories are
// hashed, counts below its minimum are left out, and it has no extreme values.
//
// The JSON is described by docs/reference/report.schema.json. A field may be
// added; to rename, remove or redefine one raises Version.
package report
