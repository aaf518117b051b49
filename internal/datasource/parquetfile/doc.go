// Package parquetfile reads tables of Parquet files. Only the chunks of the column
// that is asked for are read; text that the file stores by dictionary is coded once
// a distinct value instead of once a row. Structures are flattened to columns named
// a.b; lists and maps have no place in a table and are left out.
//
// The library is parquet-go: it hands out dictionaries and indexes as they are
// stored, needs neither cgo nor an in-memory format of its own, and is what Tempo,
// Pyroscope and Cortex keep their data in. Arrow's Go module would bring its arrays,
// its IPC and its compute kernels for the sake of the same few calls.
package parquetfile
