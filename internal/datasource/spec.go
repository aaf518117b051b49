package datasource

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// Format is how the rows of a file are written.
type Format string

const (
	// Parquet files are read column by column.
	Parquet Format = "parquet"
	// CSV files are comma-separated values with a header.
	CSV Format = "csv"
	// JSON files are objects one after the other, as JSON Lines, or in one array.
	JSON Format = "json"
)

// Formats are all formats.
var Formats = []Format{Parquet, CSV, JSON}

// Spec says what to read. docs/sources.md has an example of each source.
type Spec struct {
	// URL is a path, a pattern or a folder on this machine, or an address whose
	// scheme says what is there. It holds no password.
	URL string `json:"url"`
	// Format is told from the content if it is empty.
	Format Format `json:"format,omitempty"`
	// Columns are those to read, or all if there are none.
	Columns []string `json:"columns,omitempty"`
	// Types are declared types by column, which are then not inferred: values that
	// do not fit are missing, and counted as type errors. Parquet and PostgreSQL
	// declare their own.
	Types map[string]table.Type `json:"types,omitempty"`
	// Time is when a row happened.
	Time TimeSpec `json:"time,omitzero"`
	// Window is which rows are wanted; all of them if it is empty.
	Window WindowSpec `json:"window,omitzero"`
	// Query is what a database is asked: SQL or PromQL.
	Query string `json:"query,omitempty"`
	// Step is the distance between two values of a Prometheus query.
	Step window.Duration `json:"step,omitempty"`
	// Credentials are where the secrets of the source are.
	Credentials CredentialsSpec `json:"credentials,omitzero"`
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

// ParseSpec reads a spec that is written in YAML or JSON. A field that is not known
// is an error.
func ParseSpec(text []byte) (Spec, error) {
	var spec Spec
	if err := yaml.UnmarshalStrict(text, &spec); err != nil {
		return Spec{}, fmt.Errorf("read the spec of a source: %w", err)
	}
	return spec, spec.Validate()
}

// Validate says what is wrong with the spec itself.
func (s *Spec) Validate() error {
	if s.URL == "" {
		return errors.New("url is empty: name a file, a folder, a pattern or an address")
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
	if strings.ContainsAny(s.CSV.Delimiter, "\"\r\n") {
		return errors.New("csv.delimiter is a quote or a line end, which mean something else: use another")
	}
	if err := s.validateURL(); err != nil {
		return err
	}
	return errors.Join(s.Time.validate(), s.Window.validate(), s.Credentials.validate())
}

// validateURL keeps secrets out of what messages and reports show.
func (s *Spec) validateURL() error {
	address := s.address()
	if address == nil {
		return nil
	}
	if _, set := address.User.Password(); set {
		return errors.New("url holds a password, which messages and reports would show: " +
			"put it into a file or an environment variable and name that under credentials")
	}
	if !slices.Contains(schemes(), address.Scheme) {
		return fmt.Errorf("url begins with %s://, which this program cannot read: it reads paths and %s",
			address.Scheme, strings.Join(schemes(), ", "))
	}
	return nil
}

// address is the URL if it is one, or nil if it is a path.
func (s *Spec) address() *url.URL {
	scheme, _, found := strings.Cut(s.URL, "://")
	if !found || strings.ContainsAny(scheme, "/. ") {
		return nil
	}
	address, err := url.Parse(s.URL)
	if err != nil {
		// A pattern such as [0-9] may stand where a URL would have escapes.
		rest := strings.TrimPrefix(s.URL, scheme+"://")
		host, path, _ := strings.Cut(rest, "/")
		return &url.URL{Scheme: scheme, Host: host, Path: "/" + path}
	}
	return address
}

// label is the source in messages.
func (s *Spec) label() string {
	if address := s.address(); address != nil {
		return address.Scheme + "://" + address.Host + address.Path
	}
	return s.URL
}

func list[T ~string](all []T) string {
	text := make([]string, len(all))
	for i, one := range all {
		text[i] = string(one)
	}
	return strings.Join(text, ", ")
}
