package suites

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/trainyard/trainyard/internal/profile/schema"
)

// Format is a tool whose files are read.
type Format string

// The formats.
const (
	Evidently         Format = "evidently"
	GreatExpectations Format = "great-expectations"
)

// Formats are all formats.
var Formats = []Format{Evidently, GreatExpectations}

// MaxBytes bounds a file.
const MaxBytes = 8 << 20

// Result is a schema and what did not find a place in it.
type Result struct {
	Schema   *schema.Schema
	Unmapped []Unmapped
}

// Unmapped is a statement, or a part of one, without a counterpart.
type Unmapped struct {
	// Name is the other tool's own, Where the column or the field it was about.
	Name, Where string
	// Why says what is missing, or what to do instead.
	Why string
}

// String is the statement as one line.
func (u Unmapped) String() string {
	if u.Where == "" {
		return u.Name + ": " + u.Why
	}
	return u.Name + " (" + u.Where + "): " + u.Why
}

// Error is a file that is not what it was said to be.
type Error struct {
	Format       Format
	Detail, Cure string
}

func (e *Error) Error() string {
	return fmt.Sprintf("this is no %s file: %s: %s", e.Format, e.Detail, e.Cure)
}

// Import reads the text of one file.
func Import(format Format, text []byte) (*Result, error) {
	readers := map[Format]func(*builder, any) error{Evidently: readEvidently, GreatExpectations: readGreatExpectations}
	reader, ok := readers[format]
	if !ok {
		return nil, fmt.Errorf("--from is %q: take evidently or great-expectations", string(format))
	}
	if len(text) > MaxBytes {
		return nil, &Error{format, fmt.Sprintf("it has %d bytes", len(text)), fmt.Sprintf("at most %d are read", MaxBytes)}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, &Error{format, err.Error(), "save it as JSON with the tool itself"}
	}
	b := &builder{format: format, schema: &schema.Schema{Version: schema.Version}, index: map[string]int{}}
	if err := reader(b, document); err != nil {
		return nil, err
	}
	if err := b.schema.Validate(); err != nil {
		return nil, fmt.Errorf("the file contradicts itself: %w", err)
	}
	return &Result{b.schema, b.unmapped}, nil
}

// builder collects a schema; its columns stay in the order in which they come.
type builder struct {
	format   Format
	schema   *schema.Schema
	index    map[string]int
	unmapped []Unmapped
}

// column is what is known of a column so far.
func (b *builder) column(name string) *schema.Column {
	at, known := b.index[name]
	if !known {
		at = len(b.schema.Columns)
		b.index[name] = at
		b.schema.Columns = append(b.schema.Columns, schema.Column{Name: name})
	}
	return &b.schema.Columns[at]
}

// leave names a statement that has no counterpart, once.
func (b *builder) leave(name, where, why string) {
	if u := (Unmapped{name, where, why}); !slices.Contains(b.unmapped, u) {
		b.unmapped = append(b.unmapped, u)
	}
}

// atLeast and atMost keep the stricter of two bounds.
func atLeast(bound **float64, value float64) {
	if *bound == nil || **bound < value {
		*bound = &value
	}
}

func atMost(bound **float64, value float64) {
	if *bound == nil || **bound > value {
		*bound = &value
	}
}

// share is 1 - mostly without the dust of the subtraction.
func share(mostly float64) float64 {
	return math.Round((1-mostly)*1e12) / 1e12
}

func (b *builder) rowsAtLeast(n float64) { b.schema.Rows.Min = max(b.schema.Rows.Min, count(n)) }

func (b *builder) rowsAtMost(n float64) {
	if limit := count(n); b.schema.Rows.Max == 0 || limit < b.schema.Rows.Max {
		b.schema.Rows.Max = limit
	}
}

// count is a number of rows; what is beyond counting bounds nothing.
func count(n float64) int {
	return int(math.Ceil(min(max(n, 0), 1<<50)))
}

// oneOf bounds a column's categories; a second list keeps what both allow.
func (b *builder) oneOf(name string, values []string) {
	c := b.column(name)
	if c.Expect.Values == nil {
		c.Expect.Values = values
		return
	}
	c.Expect.Values = slices.DeleteFunc(slices.Clone(c.Expect.Values), func(v string) bool { return !slices.Contains(values, v) })
}

// key is the columns that tell rows apart; a schema has one key.
func (b *builder) key(statement string, columns []string, duplicates float64) {
	if b.schema.Key != nil && !slices.Equal(b.schema.Key, columns) {
		b.leave(statement, strings.Join(columns, ", "), "a schema has one key, and "+strings.Join(b.schema.Key, ", ")+" already is it")
		return
	}
	b.schema.Key = columns
	atMost(&b.schema.Rows.MaxDuplicates, duplicates)
}

// YAML is the schema as a file for profiler compare --schema, without what is
// empty.
func (r *Result) YAML() ([]byte, error) {
	text, err := json.Marshal(r.Schema)
	if err != nil {
		return nil, fmt.Errorf("cannot write the schema: %w", err)
	}
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("cannot write the schema: %w", err)
	}
	prune(document)
	if text, err = yaml.Marshal(document); err != nil {
		return nil, fmt.Errorf("cannot write the schema: %w", err)
	}
	return text, nil
}

// prune takes out empty texts and objects, which mean the same as absent ones.
func prune(o map[string]any) {
	for key, v := range o {
		switch v := v.(type) {
		case string:
			if v == "" {
				delete(o, key)
			}
		case map[string]any:
			if prune(v); len(v) == 0 {
				delete(o, key)
			}
		case []any:
			for _, element := range v {
				if nested, ok := element.(map[string]any); ok {
					prune(nested)
				}
			}
		}
	}
}
