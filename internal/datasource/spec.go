package datasource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Format is how the rows of a file are written.
type Format string

const (
	// Parquet files are read column by column.
	Parquet Format = "parquet"
	// CSV files are comma-separated values with a header.
	CSV Format = "csv"
)

// Formats are all formats.
var Formats = []Format{Parquet, CSV}

// Spec says what to read.
type Spec struct {
	// URL is a path, a pattern or a folder on this machine.
	URL string `json:"url"`
	// Format is told from the content if it is empty.
	Format Format `json:"format,omitempty"`
	// Columns are those to read, or all if there are none.
	Columns []string `json:"columns,omitempty"`
	// Types are declared types by column, which are then not inferred: values that
	// do not fit are missing, and counted as type errors. Parquet declares its own.
	Types map[string]table.Type `json:"types,omitempty"`
	// CSV is what a file of comma-separated values does not say of itself.
	CSV CSVSpec `json:"csv,omitzero"`
}

// CSVSpec is how comma-separated values are written.
type CSVSpec struct {
	// Delimiter is one character; a comma if it is empty.
	Delimiter string `json:"delimiter,omitempty"`
	// NoHeader says that the first row is data; the columns are then 0, 1, 2, …
	NoHeader bool `json:"noHeader,omitempty"`
}

// Validate says what is wrong with the spec itself.
func (s *Spec) Validate() error {
	if s.URL == "" {
		return fmt.Errorf("url is empty: name a file, a folder or a pattern")
	}
	if s.Format != "" && !slices.Contains(Formats, s.Format) {
		return fmt.Errorf("format %q is not known: choose one of %s, or leave it out", s.Format, list(Formats))
	}
	for column, typ := range s.Types {
		if !typ.Valid() {
			return fmt.Errorf("types.%s %q is not a type: choose one of %s", column, typ, list(table.Types))
		}
	}
	if len(s.CSV.Delimiter) > 1 {
		return fmt.Errorf("csv.delimiter %q has more than one byte: use one, such as \",\", \";\" or a tab", s.CSV.Delimiter)
	}
	return nil
}

func list[T ~string](all []T) string {
	text := make([]string, len(all))
	for i, one := range all {
		text[i] = string(one)
	}
	return strings.Join(text, ", ")
}
