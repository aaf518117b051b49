package schema

import (
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// Version names the format of a schema file.
const Version = "trainyard.dev/data-schema/v1"

// Schema describes one data set. The zero value asks for nothing: every column is
// compared as its type suggests.
type Schema struct {
	// Version is Version, or empty.
	Version string   `json:"version,omitempty"`
	Columns []Column `json:"columns,omitempty"`
	// Closed makes a column that is not listed a quality failure.
	Closed bool `json:"closed,omitempty"`
	// TimeColumn is the time of each row's event. Rows are taken in its order.
	TimeColumn string `json:"timeColumn,omitempty"`
	// Label, Prediction and Score are what was true, what the model said, and the
	// probability, or number, that it said it with. They are not compared unless
	// they are listed in Columns.
	Label      string `json:"label,omitempty"`
	Prediction string `json:"prediction,omitempty"`
	Score      string `json:"score,omitempty"`
	// Key are the columns that tell rows apart; rows that agree in all of them are
	// duplicates. Without a key rows that agree in every column are.
	Key     []string `json:"key,omitempty"`
	Rows    Rows     `json:"rows,omitempty"`
	Windows Windows  `json:"windows,omitempty"`
	Native  Native   `json:"native,omitempty"`
	Privacy Privacy  `json:"privacy,omitempty"`
}

// Column is what is said about one column.
type Column struct {
	Name string `json:"name"`
	// Kind is numerical, categorical, text, datetime, embedding or ignore; empty is
	// inferred.
	Kind Kind `json:"kind,omitempty"`
	// Columns are the dimensions of an embedding, which may end in * to take every
	// column that begins so. Name is then only a name.
	Columns  []string `json:"columns,omitempty"`
	Optional bool     `json:"optional,omitempty"`
	// Sensitive values never leave the data: see Privacy.
	Sensitive bool `json:"sensitive,omitempty"`
	// Importance weighs the column in the ranking of a report; empty is 1.
	Importance *float64 `json:"importance,omitempty"`
	// Method and Threshold replace those of the rule that is followed; MinEffect is
	// the native rule's, and Effect its distance for numbers: wasserstein or ks.
	Method    string       `json:"method,omitempty"`
	Threshold *float64     `json:"threshold,omitempty"`
	MinEffect *float64     `json:"minEffect,omitempty"`
	Effect    string       `json:"effect,omitempty"`
	Expect    Expectations `json:"expect,omitempty"`
	Rules     []Rule       `json:"rules,omitempty"`
}

// Kind is how a column is compared.
type Kind string

// Kinds beside those of package drift.
const (
	// Embedding is a group of columns that are compared together.
	Embedding Kind = "embedding"
	// Ignore leaves a column out.
	Ignore Kind = "ignore"
)

// Kinds are all kinds that a schema may name.
var Kinds = []Kind{Kind(drift.Numerical), Kind(drift.Categorical), Kind(drift.Text), Kind(drift.Datetime), Embedding, Ignore}

// Expectations are on the quality of a column's current data. Shares are of the
// rows, or of the values that are present; absent ones take the defaults that
// docs/profiler.md lists.
type Expectations struct {
	// Type is the storage type: integer, float, boolean, string or timestamp.
	Type table.Type `json:"type,omitempty"`
	// MaxMissing defaults to ten points more than the reference has.
	MaxMissing *float64 `json:"maxMissing,omitempty"`
	// MaxTypeErrors defaults to 0.01.
	MaxTypeErrors *float64 `json:"maxTypeErrors,omitempty"`
	// Min and Max bound numbers, inclusive; MaxOutOfRange defaults to 0.
	Min           *float64 `json:"min,omitempty"`
	Max           *float64 `json:"max,omitempty"`
	MaxOutOfRange *float64 `json:"maxOutOfRange,omitempty"`
	// Values are the categories that may occur; without them those of the
	// reference may. MaxUnseen defaults to 0 with Values and to 1 without.
	Values    []string `json:"values,omitempty"`
	MaxUnseen *float64 `json:"maxUnseen,omitempty"`
	// Unit looks for a change of unit; the default is true.
	Unit *bool `json:"unit,omitempty"`
}

// Condition is what a rule looks for in a row.
type Condition string

// The conditions.
const (
	Missing         Condition = "Missing"
	Infinite        Condition = "Infinite"
	OutOfRange      Condition = "OutOfRange"
	UnknownCategory Condition = "UnknownCategory"
)

// Conditions are all conditions.
var Conditions = []Condition{Missing, Infinite, OutOfRange, UnknownCategory}

// Action is what a rule does with a row.
type Action string

// The actions.
const (
	// QuarantineRows takes the row out of the data.
	QuarantineRows Action = "QuarantineRows"
	// Repair replaces the value.
	Repair Action = "Repair"
)

// Actions are all actions.
var Actions = []Action{QuarantineRows, Repair}

// Replacement says what a Repair puts in the place of a value.
type Replacement string

// The replacements beside a fixed value.
const (
	// Median is that of the usable values of the same column and data.
	Median Replacement = "Median"
	// Nearest is the bound that the value is beyond.
	Nearest Replacement = "Nearest"
	// Mode is the most frequent category of the same column and data.
	Mode Replacement = "Mode"
)

// Replacements are all replacements.
var Replacements = []Replacement{Median, Nearest, Mode}

// Rule is what to do with rows whose value is not as it should be. Rules act
// before quality is checked, in the order in which they are listed.
type Rule struct {
	When   Condition `json:"when"`
	Action Action    `json:"action"`
	// With or Value is what a Repair puts in place; one of them.
	With  Replacement `json:"with,omitempty"`
	Value *Value      `json:"value,omitempty"`
}

// Rows are expectations on the window as a whole.
type Rows struct {
	Min int `json:"min,omitempty"`
	Max int `json:"max,omitempty"`
	// MaxDuplicates is a share; absent does not look.
	MaxDuplicates *float64 `json:"maxDuplicates,omitempty"`
	// MaxAge is the largest age of the newest row.
	MaxAge window.Duration `json:"maxAge,omitempty"`
	// MaxQuarantined is the largest share of rows that rules may take out; the
	// default is 0.05.
	MaxQuarantined *float64 `json:"maxQuarantined,omitempty"`
}

// Windows say which rows are compared: see Window for the text.
type Windows struct {
	Reference Window `json:"reference,omitempty"`
	Current   Window `json:"current,omitempty"`
	// Length is that of a window of a stream and of the native rule's blocks: a
	// duration, as 7d, or a number of rows, as 336 rows. Season is what windows
	// are matched by.
	Length Length `json:"length,omitempty"`
	Season Length `json:"season,omitempty"`
}

// Native tunes the native rule.
type Native struct {
	// FalseAlarmsPerYear defaults to 1, WindowsPerYear to what the windows' length
	// says, else 52, MinEffect to 0.1.
	FalseAlarmsPerYear *float64 `json:"falseAlarmsPerYear,omitempty"`
	WindowsPerYear     *float64 `json:"windowsPerYear,omitempty"`
	MinEffect          *float64 `json:"minEffect,omitempty"`
	// MinRows is the number of values below which a column is Unknown.
	MinRows int `json:"minRows,omitempty"`
}

// Privacy is how sensitive columns are shown.
type Privacy struct {
	// MinCount is the smallest count that is shown; the default is 10.
	MinCount int `json:"minCount,omitempty"`
}

// DefaultMinCount is that of Privacy.
const DefaultMinCount = 10

// Lookup returns what is said about a column.
func (s *Schema) Lookup(name string) (Column, bool) {
	for _, c := range s.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{Name: name}, false
}

// Weight is the importance, 1 where none is given.
func (c Column) Weight() float64 {
	if c.Importance == nil {
		return 1
	}
	return *c.Importance
}

// MinShown is the smallest count of a sensitive column that is shown.
func (s *Schema) MinShown() int {
	if s.Privacy.MinCount == 0 {
		return DefaultMinCount
	}
	return s.Privacy.MinCount
}
