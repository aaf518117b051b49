package schema

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/pkg/drift"
)

// maxBytes bounds a schema file.
const maxBytes = 8 << 20

// Error is a mistake in a schema.
type Error struct {
	File, Field, Value, Cure string
}

func (e *Error) Error() string {
	text := e.Field
	if e.Value != "" {
		text += fmt.Sprintf(" is %q", e.Value)
	}
	text += ": " + e.Cure
	if e.File != "" {
		text = e.File + ": " + text
	}
	return text
}

// Read reads and checks a schema file.
func Read(path string) (*Schema, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	if info.Size() > maxBytes {
		return nil, &Error{File: path, Field: "size", Value: fmt.Sprint(info.Size()), Cure: fmt.Sprintf("a schema has at most %d bytes", maxBytes)}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return Parse(path, text)
}

// Parse reads and checks the text of a schema; name is the file's, for messages.
func Parse(name string, text []byte) (*Schema, error) {
	var s Schema
	if err := yaml.UnmarshalStrict(text, &s); err != nil {
		return nil, &Error{File: name, Field: "schema", Cure: plain(err)}
	}
	if err := s.Validate(); err != nil {
		err.File = name
		return nil, err
	}
	return &s, nil
}

// plain drops the decoder's own preamble.
func plain(err error) string {
	text := err.Error()
	for _, preamble := range []string{"error unmarshaling JSON: ", "while decoding JSON: ", "error converting YAML to JSON: ", "json: "} {
		text = strings.ReplaceAll(text, preamble, "")
	}
	if _, field, found := strings.Cut(text, `unknown field "`); found {
		return fmt.Sprintf("there is no field %q: see docs/profiler.md for those that there are", strings.TrimSuffix(field, `"`))
	}
	return text
}

// Validate checks what the types do not.
func (s *Schema) Validate() *Error {
	if s.Version != "" && s.Version != Version {
		return &Error{Field: "version", Value: s.Version, Cure: "this profiler reads " + Version}
	}
	seen := map[string]bool{}
	for i, c := range s.Columns {
		field := fmt.Sprintf("columns[%d]", i)
		switch {
		case c.Name == "":
			return &Error{Field: field + ".name", Cure: "name the column"}
		case seen[c.Name]:
			return &Error{Field: field + ".name", Value: c.Name, Cure: "the column is listed twice: keep one"}
		}
		seen[c.Name] = true
		if err := c.validate(); err != nil {
			err.Field = fmt.Sprintf("%s (%s).%s", field, c.Name, err.Field)
			return err
		}
	}
	if err := s.Rows.validate(); err != nil {
		err.Field = "rows." + err.Field
		return err
	}
	switch {
	case s.Windows.Current.Before > 0:
		return &Error{Field: "windows.current", Value: s.Windows.Current.String(), Cure: "before is for the reference: use last"}
	case s.Native.MinRows < 0:
		return &Error{Field: "native.minRows", Value: fmt.Sprint(s.Native.MinRows), Cure: "give zero or more"}
	case s.Privacy.MinCount < 0:
		return &Error{Field: "privacy.minCount", Value: fmt.Sprint(s.Privacy.MinCount), Cure: "give zero or more"}
	}
	return nil
}

func (c Column) validate() *Error {
	switch {
	case c.Kind != "" && !slices.Contains(Kinds, c.Kind):
		return &Error{Field: "kind", Value: string(c.Kind), Cure: "take one of " + list(Kinds)}
	case c.Kind == Embedding && len(c.Columns) == 0:
		return &Error{Field: "columns", Cure: "name the embedding's columns, for example [emb_*]"}
	case c.Kind != Embedding && len(c.Columns) > 0:
		return &Error{Field: "columns", Value: strings.Join(c.Columns, ","), Cure: "only a column of kind embedding has columns"}
	case c.Effect != "" && c.Effect != "wasserstein" && c.Effect != "ks":
		return &Error{Field: "effect", Value: c.Effect, Cure: "take wasserstein or ks"}
	case c.Importance != nil && !(*c.Importance >= 0):
		return &Error{Field: "importance", Value: fmt.Sprint(*c.Importance), Cure: "give zero or more"}
	case c.MinEffect != nil && !(*c.MinEffect >= 0):
		return &Error{Field: "minEffect", Value: fmt.Sprint(*c.MinEffect), Cure: "give a distance, zero or more"}
	}
	if err := c.Expect.validate(); err != nil {
		err.Field = "expect." + err.Field
		return err
	}
	for i, r := range c.Rules {
		if err := r.validate(c); err != nil {
			err.Field = fmt.Sprintf("rules[%d].%s", i, err.Field)
			return err
		}
	}
	return nil
}

func (e Expectations) validate() *Error {
	if e.Type != "" && !e.Type.Valid() {
		return &Error{Field: "type", Value: string(e.Type), Cure: "take one of " + list(table.Types)}
	}
	for field, share := range map[string]*float64{
		"maxMissing": e.MaxMissing, "maxTypeErrors": e.MaxTypeErrors, "maxOutOfRange": e.MaxOutOfRange, "maxUnseen": e.MaxUnseen,
	} {
		if err := checkShare(field, share); err != nil {
			return err
		}
	}
	if e.Min != nil && e.Max != nil && *e.Min > *e.Max {
		return &Error{Field: "min", Value: fmt.Sprint(*e.Min), Cure: fmt.Sprintf("must not be above max, %g", *e.Max)}
	}
	return nil
}

func (r Rows) validate() *Error {
	switch {
	case r.Min < 0:
		return &Error{Field: "min", Value: fmt.Sprint(r.Min), Cure: "give zero or more"}
	case r.Max < 0 || r.Max > 0 && r.Max < r.Min:
		return &Error{Field: "max", Value: fmt.Sprint(r.Max), Cure: fmt.Sprintf("give zero, or at least min, %d", r.Min)}
	}
	if err := checkShare("maxDuplicates", r.MaxDuplicates); err != nil {
		return err
	}
	return checkShare("maxQuarantined", r.MaxQuarantined)
}

func checkShare(field string, share *float64) *Error {
	if share != nil && !(*share >= 0 && *share <= 1) {
		return &Error{Field: field, Value: fmt.Sprint(*share), Cure: "give a share between 0 and 1"}
	}
	return nil
}

func (r Rule) validate(c Column) *Error {
	bounded := c.Expect.Min != nil || c.Expect.Max != nil
	fixed, computed := r.Value != nil, r.With != ""
	switch {
	case !slices.Contains(Conditions, r.When):
		return &Error{Field: "when", Value: string(r.When), Cure: "take one of " + list(Conditions)}
	case !slices.Contains(Actions, r.Action):
		return &Error{Field: "action", Value: string(r.Action), Cure: "take one of " + list(Actions)}
	case r.When == OutOfRange && !bounded:
		return &Error{Field: "when", Value: string(r.When), Cure: "give the column expect.min or expect.max"}
	case r.When == UnknownCategory && len(c.Expect.Values) == 0:
		return &Error{Field: "when", Value: string(r.When), Cure: "give the column expect.values"}
	case r.Action == QuarantineRows && (fixed || computed):
		return &Error{Field: "with", Value: string(r.With), Cure: "only Repair has with or value"}
	case r.Action == Repair && fixed == computed:
		return &Error{Field: "with", Value: string(r.With), Cure: "give with (" + list(Replacements) + ") or value"}
	case computed && !slices.Contains(Replacements, r.With):
		return &Error{Field: "with", Value: string(r.With), Cure: "take one of " + list(Replacements)}
	case r.With == Nearest && r.When != OutOfRange:
		return &Error{Field: "with", Value: string(r.With), Cure: "Nearest is for OutOfRange"}
	case r.With == Median && c.Kind == Kind(drift.Categorical):
		return &Error{Field: "with", Value: string(r.With), Cure: "categories have no median: take Mode or a value"}
	}
	return nil
}

func list[T ~string](values []T) string {
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = string(v)
	}
	return strings.Join(text, ", ")
}
