package csvrows

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/spill"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Options are what a file does not say of itself.
type Options struct {
	// Delimiter separates values; 0 is the comma.
	Delimiter byte
	// NoHeader says that the first row is data; the columns are then 0, 1, 2, …
	NoHeader bool
	// Columns are those to read, or all if there are none.
	Columns []string
}

// Reader adds the rows of one or many files to a table.
type Reader struct {
	options  Options
	mostCell int
	meter    *reading.Meter
	to       *spill.Rows
	// first is the name of the first file, names its columns.
	first string
	names []string
}

// NewReader reads into the table to.
func NewReader(options Options, limits reading.Limits, meter *reading.Meter, to *spill.Rows) *Reader {
	if options.Delimiter == 0 {
		options.Delimiter = ','
	}
	return &Reader{options: options, mostCell: limits.WithDefaults().Cell, meter: meter, to: to}
}

// File adds a file's rows. grown says whether it has become longer since it was
// opened: its last row, if it has no line end, is then only a part of one.
func (r *Reader) File(from io.Reader, name string, grown func() bool) error {
	buffered := bufio.NewReaderSize(from, 4096)
	if mark, _ := buffered.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3)
	}
	f := &file{
		Reader:  r,
		name:    name,
		scanner: newScanner(buffered, r.options.Delimiter, r.mostCell),
		grown:   grown,
	}
	r.to.File(name)
	if err := f.header(); err != nil {
		return err
	}
	for {
		err := f.row()
		if errors.Is(err, io.EOF) {
			return r.to.EndFile()
		}
		if err != nil {
			return err
		}
	}
}

// file is one file while it is read.
type file struct {
	*Reader
	name    string
	scanner *scanner
	grown   func() bool
	names   []string
	// columns are the numbers of the file's columns in the table, or skip.
	columns []int
	rows    int64
}

const skip = -1

// header reads the names, which read_csv makes distinct.
func (f *file) header() error {
	err := f.scanner.next()
	if errors.Is(err, io.EOF) {
		return &table.CellError{File: f.name, Problem: "the file is empty: it has not even a header"}
	}
	if err != nil {
		return f.located(err)
	}
	seen := map[string]bool{}
	for i := range f.scanner.ends {
		name := strconv.Itoa(i)
		if !f.options.NoHeader {
			name = distinct(string(f.scanner.cell(i)), i, seen)
		}
		f.names = append(f.names, name)
	}
	if err := f.choose(); err != nil {
		return err
	}
	if f.options.NoHeader {
		return f.add()
	}
	return nil
}

func distinct(name string, i int, seen map[string]bool) string {
	if name == "" {
		name = "Unnamed: " + strconv.Itoa(i)
	}
	unique := name
	for n := 1; seen[unique]; n++ {
		unique = name + "." + strconv.Itoa(n)
	}
	seen[unique] = true
	return unique
}

// choose finds the table's columns among the file's.
func (f *file) choose() error {
	if f.Reader.names == nil {
		f.first, f.Reader.names = f.name, f.names
	}
	if err := f.same(); err != nil {
		return err
	}
	for _, name := range f.options.Columns {
		if !slices.Contains(f.names, name) {
			return &table.UnknownColumnError{Source: f.name, Column: name, Known: schemaOf(f.names)}
		}
		if _, err := f.to.Column(name); err != nil {
			return err
		}
	}
	f.columns = make([]int, len(f.names))
	for i, name := range f.names {
		f.columns[i] = skip
		if len(f.options.Columns) > 0 && !slices.Contains(f.options.Columns, name) {
			continue
		}
		number, err := f.to.Column(name)
		if err != nil {
			return err
		}
		f.columns[i] = number
	}
	return nil
}

// same says which column this file has and the first does not, or the reverse.
func (f *file) same() error {
	for _, name := range f.Reader.names {
		if !slices.Contains(f.names, name) {
			return f.differs(name, "it has no such column")
		}
	}
	for _, name := range f.names {
		if !slices.Contains(f.Reader.names, name) {
			return f.differs(name, "the files before it have no such column")
		}
	}
	return nil
}

func (f *file) differs(column, how string) error {
	return &table.CellError{
		File: f.name, Column: column,
		Problem: fmt.Sprintf("the schema changes here: %s (the first file is %s): "+
			"read files of one schema together, or name the columns that all have", how, f.first),
	}
}

func schemaOf(names []string) table.Schema {
	schema := make(table.Schema, len(names))
	for i, name := range names {
		schema[i].Name = name
	}
	return schema
}

// row reads a row; io.EOF is the end of the file.
func (f *file) row() error {
	err := f.scanner.next()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil {
		return f.located(err)
	}
	if !f.scanner.terminated && f.grown() {
		return io.EOF // the rest of this row was not there when the file was opened
	}
	return f.add()
}

// add puts the scanner's row into the table.
func (f *file) add() error {
	f.rows++
	if err := f.meter.Row(f.name); err != nil {
		return err
	}
	if len(f.scanner.ends) > len(f.columns) {
		return f.cellError("", fmt.Sprintf("the row has %d values and the header %d: quote values that hold a %q",
			len(f.scanner.ends), len(f.columns), f.options.Delimiter))
	}
	for i := range f.scanner.ends {
		if f.columns[i] == skip {
			continue
		}
		if err := f.to.Cell(f.columns[i], f.scanner.cell(i)); err != nil {
			return err
		}
	}
	f.to.End()
	return nil
}

// located says in which row and column the scanner stopped.
func (f *file) located(err error) error {
	if !errors.Is(err, errLong) && !errors.Is(err, errQuote) {
		return err
	}
	f.rows++
	column := ""
	if i := len(f.scanner.ends); i < len(f.names) {
		column = f.names[i]
	}
	problem := err.Error()
	if errors.Is(err, errLong) {
		problem = fmt.Sprintf("the value is longer than %d bytes: look for a quote that is not closed, "+
			"or raise the limit of a cell", f.mostCell)
	}
	return f.cellError(column, problem)
}

func (f *file) cellError(column, problem string) error {
	return &table.CellError{File: f.name, Row: f.rows, Column: column, Problem: problem}
}
