package evidently

import "github.com/trainyard/trainyard/pkg/drift"

// Type is how a column is stored, in pandas' terms.
type Type string

// The storage types that Evidently tells apart.
const (
	Float    Type = "float"
	Integer  Type = "int"
	Boolean  Type = "bool"
	Category Type = "category"
	String   Type = "string"
	Time     Type = "datetime"
	Other    Type = "object"
)

// wholeCategories is the number of distinct values up to which whole numbers
// are categories.
const wholeCategories = 10

// InferKind is Evidently's kind for a column without a schema, from the current
// data: how it is stored, its distinct values and its values that are not
// missing. A whole-number column with a missing value is stored by pandas as
// Float, and must be passed as such.
func InferKind(stored Type, distinct, present int) drift.Kind {
	switch stored {
	case Float:
		return drift.Numerical
	case Integer:
		if distinct <= wholeCategories {
			return drift.Categorical
		}
		return drift.Numerical
	case String:
		switch {
		case present == 0:
			return drift.Unknown
		case 2*distinct > present:
			return drift.Text
		}
		return drift.Categorical
	case Boolean, Category:
		return drift.Categorical
	case Time:
		return drift.Datetime
	default:
		return drift.Unknown
	}
}
