package table

import "fmt"

// Unknown is the type of a column without any value: it agrees with every other.
const Unknown Type = ""

// Unify is the type that holds the values of both types, and whether there is one:
// whole numbers widen to Float, and a column without values agrees with anything.
func Unify(a, b Type) (Type, bool) {
	switch {
	case a == b || b == Unknown:
		return a, true
	case a == Unknown:
		return b, true
	case a == Integer && b == Float, a == Float && b == Integer:
		return Float, true
	}
	return "", false
}

// SchemaChangedError is a file whose columns do not agree with those of the files
// before it.
type SchemaChangedError struct {
	// File is where it changed, First a file before it.
	File, First string
	Column      string
	// Was and Is are the types, or Unknown where the column is absent.
	Was, Is Type
}

func (e *SchemaChangedError) Error() string {
	const cure = "read files of one schema together, or name the column's type"
	switch {
	case e.Is == Unknown:
		return fmt.Sprintf("the schema changes at %s: it has no column %q, which is %s in %s: %s",
			e.File, e.Column, e.Was, e.First, cure)
	case e.Was == Unknown:
		return fmt.Sprintf("the schema changes at %s: its column %q (%s) is not in %s: %s",
			e.File, e.Column, e.Is, e.First, cure)
	}
	return fmt.Sprintf("the schema changes at %s: column %q is %s there and %s in %s: %s",
		e.File, e.Column, e.Is, e.Was, e.First, cure)
}
