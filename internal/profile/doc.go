// Package profile compares tables: it takes a reference and current data column
// by column, lets pkg/drift judge each, and returns a report.
//
// A comparison goes in three steps, so that it can be spread over processes:
//
//   - a Plan fixes what every shard must agree on: the rows of both sides, the
//     columns, their kinds' rules and the blocks of the reference;
//   - Part compares the columns of one shard, one column in memory at a time, and
//     returns plain values;
//   - Merge joins the parts of all shards, decides what needs all columns (the
//     native rule is calibrated over them jointly), and makes the report.
//
// One process is one shard of one, so any split gives the same report to the
// last bit.
//
// A reference can be saved once (Save) and compared with often (Load): exactly,
// as sorted values, or binned, where distances become intervals.
package profile
