// Package infer finds out what the cells of a text table are: which are missing,
// and the narrowest type that holds a whole column. The rules are those of
// pandas.read_csv, so that a column has the type that its user knows, but for
// instants, which read_csv leaves as text; docs/sources.md lists them.
package infer

import "github.com/trainyard/trainyard/internal/datasource/table"

// missing are the spellings of "no value" that read_csv knows.
var missing = map[string]bool{
	"": true, "#N/A": true, "#N/A N/A": true, "#NA": true, "-1.#IND": true, "-1.#QNAN": true,
	"-NaN": true, "-nan": true, "1.#IND": true, "1.#QNAN": true, "<NA>": true, "N/A": true,
	"NA": true, "NULL": true, "NaN": true, "None": true, "n/a": true, "nan": true, "null": true,
}

// Missing says whether a cell has no value.
func Missing(cell []byte) bool {
	const longest = len("#N/A N/A")
	if len(cell) > longest {
		return false
	}
	return missing[string(cell)]
}

// class is what a single cell could be.
type class uint8

const (
	whole class = 1 << iota
	number
	boolean
	instant
	text
)

// Guess gathers what the cells of a column have been. Its zero value has seen none.
type Guess struct{ seen class }

// Cell takes in a cell of a table of text that is not missing.
func (g *Guess) Cell(cell []byte) {
	if !g.settled() {
		g.seen |= classify(cell)
	}
}

// Number takes in a value that is written as a number.
func (g *Guess) Number(cell []byte) {
	if isWhole(cell) {
		g.seen |= whole
		return
	}
	g.seen |= number
}

// Boolean takes in a value that is true or false.
func (g *Guess) Boolean() { g.seen |= boolean }

// Text takes in a value that is written as text, which may be an instant.
func (g *Guess) Text(cell []byte) {
	if g.settled() {
		return
	}
	if _, ok := parseInstant(cell); ok {
		g.seen |= instant
		return
	}
	g.seen |= text
}

// Join takes in all that another has.
func (g *Guess) Join(other Guess) { g.seen |= other.seen }

// settled says that no further cell can change the type.
func (g *Guess) settled() bool { return g.seen&text != 0 || g.Type() == table.String }

// Type is the narrowest type of all that was seen, or table.Unknown.
func (g *Guess) Type() table.Type {
	switch g.seen {
	case 0:
		return table.Unknown
	case whole:
		return table.Integer
	case number, whole | number:
		return table.Float
	case boolean:
		return table.Boolean
	case instant:
		return table.Timestamp
	}
	return table.String
}

func classify(cell []byte) class {
	if isWhole(cell) {
		return whole
	}
	if _, ok := parseFloat(cell); ok {
		return number
	}
	if _, ok := parseBoolean(cell); ok {
		return boolean
	}
	if _, ok := parseInstant(cell); ok {
		return instant
	}
	return text
}

// Parse reads a cell as a type of numbers, and says whether it is one.
func Parse(typ table.Type, cell []byte) (float64, bool) {
	switch typ {
	case table.Integer:
		return parseInteger(cell)
	case table.Float:
		return parseFloat(cell)
	case table.Boolean:
		return parseBoolean(cell)
	case table.Timestamp:
		return parseInstant(cell)
	}
	return 0, false
}
