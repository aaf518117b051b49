package profile

import (
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// fewWholes is the number of distinct values up to which whole numbers are taken
// for categories, by us as by Evidently.
const fewWholes = 10

// kindOf is how a column is compared: as the schema says, else as whoever is
// followed would infer it from what is stored.
func kindOf(compat report.Compat, said schema.Column, c *table.Column) drift.Kind {
	if said.Kind != "" {
		return drift.Kind(said.Kind)
	}
	switch compat {
	case report.Evidently:
		return evidently.InferKind(pandasType(c), distinct(c), c.Rows()-c.Missing)
	case report.NannyML:
		return nannymlKind(c)
	default:
		return nativeKind(c)
	}
}

// pandasType is how pandas would hold the column: whole numbers with a gap become
// floats, truth values with a gap objects.
func pandasType(c *table.Column) evidently.Type {
	switch {
	case c.Type == table.Integer && c.Missing == 0:
		return evidently.Integer
	case c.Type == table.Boolean && c.Missing == 0:
		return evidently.Boolean
	case c.Type == table.Boolean:
		return evidently.Other
	case c.Type == table.String:
		return evidently.String
	case c.Type == table.Timestamp:
		return evidently.Time
	}
	return evidently.Float
}

// nannymlKind follows the storage type alone.
func nannymlKind(c *table.Column) drift.Kind {
	switch c.Type {
	case table.String, table.Boolean:
		return drift.Categorical
	case table.Timestamp:
		return drift.Datetime
	}
	return drift.Numerical
}

// nativeKind is inferred from the reference, so that a window cannot change it.
func nativeKind(c *table.Column) drift.Kind {
	switch c.Type {
	case table.Boolean:
		return drift.Categorical
	case table.Timestamp:
		return drift.Datetime
	case table.String:
		return evidently.InferKind(evidently.String, distinct(c), c.Rows()-c.Missing)
	case table.Integer:
		if distinct(c) <= fewWholes {
			return drift.Categorical
		}
	}
	return drift.Numerical
}

// distinct counts the distinct values; of numbers only as far as matters.
func distinct(c *table.Column) int {
	if c.Codes != nil {
		seen := make([]bool, len(c.Labels))
		n := 0
		for _, code := range c.Codes {
			if code != table.Absent && !seen[code] {
				seen[code] = true
				n++
			}
		}
		return n
	}
	seen := map[float64]bool{}
	for _, v := range c.Numbers {
		if v == v && !seen[v] {
			seen[v] = true
			if len(seen) > fewWholes {
				break
			}
		}
	}
	return len(seen)
}
