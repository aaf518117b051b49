package table

import (
	"context"
	"fmt"
)

// Type is how a source stores a column.
type Type string

const (
	// Integer columns hold whole numbers only.
	Integer Type = "integer"
	// Float columns hold numbers.
	Float Type = "float"
	// Boolean columns hold true and false, as 1 and 0.
	Boolean Type = "boolean"
	// String columns hold text.
	String Type = "string"
	// Timestamp columns hold instants, as seconds since 1970 in UTC.
	Timestamp Type = "timestamp"
)

// Types are all types, in the order in which messages list them.
var Types = []Type{Integer, Float, Boolean, String, Timestamp}

// Valid says whether t is one of Types.
func (t Type) Valid() bool {
	for _, known := range Types {
		if t == known {
			return true
		}
	}
	return false
}

// Field is a column's name and type.
type Field struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// Schema are a table's columns in stored order. Names are distinct.
type Schema []Field

// Lookup returns the field of that name.
func (s Schema) Lookup(name string) (Field, bool) {
	for _, field := range s {
		if field.Name == name {
			return field, true
		}
	}
	return Field{}, false
}

// Column is one column in row order.
//
// Numbers is set for Integer, Float, Boolean (0 and 1) and Timestamp (seconds since
// 1970 in UTC); it is NaN where the value is missing. A whole number beyond 2⁵³ and a
// fraction of a second below 0.25 µs are rounded to the nearest float64.
//
// Codes and Labels are set for String: Labels are the distinct values in the order
// in which they first appear, Codes the index of each row's label, or Absent.
type Column struct {
	Field
	Numbers []float64
	Codes   []int32
	Labels  []string
	// Hashed says that the column has more distinct values than the limit, so that
	// Labels are their Hash, in ascending order, instead of themselves. Counts are
	// still exact but for a collision of 64 bits, whose probability is n²/2⁶⁵ for n
	// distinct values: 3 in a million for ten million. To compare a hashed side with
	// one that is not, hash the labels of the latter.
	Hashed bool
	// Missing counts rows without a value, those with a type error among them.
	Missing int
	// TypeErrors counts the values that are not of the column's declared type.
	TypeErrors int
}

// Absent is the code of a row without a value.
const Absent int32 = -1

// Rows is the number of rows in the column.
func (c *Column) Rows() int {
	if c.Type == String {
		return len(c.Codes)
	}
	return len(c.Numbers)
}

// Table is an opened data set.
type Table interface {
	// Schema are the columns that were asked for, or all.
	Schema() Schema
	// Rows is the number of rows.
	Rows() int
	// Column reads a column. It may be called any number of times, by several
	// goroutines at once. A name that the schema lacks is a *UnknownColumnError.
	Column(ctx context.Context, name string) (Column, error)
	// Close gives back whatever the table holds: files, connections, spilled data.
	// It may be called twice.
	Close() error
}

// UnknownColumnError is a column that a table does not have.
type UnknownColumnError struct {
	Source, Column string
	Known          Schema
	// Why is set for a column that is stored but cannot be read.
	Why string
}

func (e *UnknownColumnError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("%s: column %q cannot be read: %s", e.Source, e.Column, e.Why)
	}
	return fmt.Sprintf("%s has no column %q: it has %s", e.Source, e.Column, names(e.Known))
}

// names lists the columns of a schema for a message, at most ten.
func names(schema Schema) string {
	const most = 10
	text := ""
	for i, field := range schema {
		if i == most {
			return fmt.Sprintf("%s and %d more", text, len(schema)-most)
		}
		if i > 0 {
			text += ", "
		}
		text += field.Name
	}
	if text == "" {
		return "none"
	}
	return text
}
