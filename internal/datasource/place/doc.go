// Package place finds the files that make up a table, wherever they are kept, and
// reads them: as a stream, or in parts.
package place
