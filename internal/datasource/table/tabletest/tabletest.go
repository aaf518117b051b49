// Package tabletest helps tests to look at tables.
package tabletest

import (
	"testing"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Columns reads every column.
func Columns(t testing.TB, of table.Table) []table.Column {
	t.Helper()
	var all []table.Column
	for _, field := range of.Schema() {
		column, err := of.Column(t.Context(), field.Name)
		if err != nil {
			t.Fatalf("%s: %v", field.Name, err)
		}
		all = append(all, column)
	}
	return all
}
