// Package jsonrows reads rows that are JSON objects: one after the other, on lines of
// their own or not, or in one array. Objects inside a row become columns named a.b;
// arrays inside a row have no place in a table and are left out.
//
// The tokens come from the module that is to become encoding/json/jsontext, which
// checks the grammar without allocating, and without holding more than one value.
package jsonrows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/spill"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Reader adds the rows of one or many streams to a table.
type Reader struct {
	options reading.Options
	limits  reading.Limits
	meter   *reading.Meter
	to      *spill.Rows
	// wanted are the columns to read, or nil for all; found those that were there.
	wanted []string
	found  map[string]bool
	// leftOut are the columns that were warned of.
	leftOut map[string]bool
	// path is the name of the column being read, row the cells of its row: a row is
	// added when it is complete.
	path []byte
	row  row
}

// NewReader reads into the table to. columns are those wanted, or all if there are
// none.
func NewReader(columns []string, options reading.Options, meter *reading.Meter, to *spill.Rows) *Reader {
	return &Reader{
		options: options,
		limits:  options.Limits.WithDefaults(),
		meter:   meter,
		to:      to,
		wanted:  columns,
		found:   map[string]bool{},
		leftOut: map[string]bool{},
	}
}

// row holds the cells of a row one after the other.
type row struct {
	text  []byte
	cells []cell
}

type cell struct {
	column int
	kind   jsontext.Kind
	end    int
}

// File adds the rows of a stream. grown says whether it has become longer since it
// was opened: a row that is cut off at its end is then left for later.
func (r *Reader) File(from io.Reader, name string, grown func() bool) error {
	// A value's size is known only when it is read. What the decoder takes in since
	// the end of the one before bounds it.
	bounded := &bounded{from: from, most: int64(r.limits.Cell)}
	decoder := jsontext.NewDecoder(bounded, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	bounded.seen = decoder.InputOffset
	f := &file{Reader: r, name: name, decoder: decoder}
	r.to.File(name)
	err := f.read()
	cutOff := errors.Is(err, io.ErrUnexpectedEOF) && !f.array && grown()
	if err != nil && !cutOff {
		return f.located(err)
	}
	return r.to.EndFile()
}

// Record adds the row of one message, and says why it is none: such a message leaves
// nothing behind. number counts the messages from 1. Before the first comes File of
// the table.
func (r *Reader) Record(value []byte, name string, number int64) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	f := &file{Reader: r, name: name, decoder: decoder, rows: number - 1}
	if decoder.PeekKind() != '{' {
		return f.cellError("", "a row must be an object")
	}
	if err := f.collect(); err != nil {
		return f.located(err)
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return f.cellError("", "more follows after the object")
	}
	return f.addRow()
}

// Finish says whether every column that was asked for was in some row.
func (r *Reader) Finish(source string) error {
	for _, name := range r.wanted {
		if !r.found[name] {
			known := make(table.Schema, 0, len(r.found))
			for other := range r.found {
				known = append(known, table.Field{Name: other})
			}
			slices.SortFunc(known, func(a, b table.Field) int { return strings.Compare(a.Name, b.Name) })
			return &table.UnknownColumnError{Source: source, Column: name, Known: known}
		}
	}
	return nil
}

// file is one stream while it is read.
type file struct {
	*Reader
	name    string
	decoder *jsontext.Decoder
	// array says that the rows are the elements of one array.
	array bool
	rows  int64
}

func (f *file) read() error {
	if f.decoder.PeekKind() == '[' {
		f.array = true
		if _, err := f.decoder.ReadToken(); err != nil {
			return fmt.Errorf("read an array: %w", err)
		}
	}
	for {
		switch kind := f.decoder.PeekKind(); kind {
		case '{':
			if err := f.object(); err != nil {
				return err
			}
		case ']':
			return f.end()
		default:
			if kind == 0 {
				_, err := f.decoder.ReadToken()
				if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					return nil
				}
				return err //nolint:wrapcheck // located names the place
			}
			return f.cellError("", fmt.Sprintf("a row must be an object and is %s", kind))
		}
	}
}

// end reads past the end of the array, after which nothing may follow.
func (f *file) end() error {
	if _, err := f.decoder.ReadToken(); err != nil {
		return fmt.Errorf("read the end of an array: %w", err)
	}
	if _, err := f.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return f.cellError("", "more follows after the array of rows")
	}
	return nil
}

// object reads one row and adds it.
func (f *file) object() error {
	if err := f.collect(); err != nil {
		return err
	}
	return f.addRow()
}

// collect reads one row without adding it.
func (f *file) collect() error {
	f.row.text, f.row.cells, f.path = f.row.text[:0], f.row.cells[:0], f.path[:0]
	return f.members(1)
}

// addRow adds the row that was collected.
func (f *file) addRow() error {
	f.rows++
	if err := f.meter.Row(f.name); err != nil {
		return err
	}
	from := 0
	for _, cell := range f.row.cells {
		if err := f.add(cell, f.row.text[from:cell.end]); err != nil {
			return err
		}
		from = cell.end
	}
	f.to.End()
	return nil
}

func (f *file) add(c cell, text []byte) error {
	switch c.kind {
	case '0':
		return f.to.Number(c.column, text)
	case '"':
		return f.to.Text(c.column, text)
	}
	return f.to.Boolean(c.column, c.kind == 't')
}

// members reads an object that is nested depth deep.
func (f *file) members(depth int) error {
	if depth > f.limits.Depth {
		return f.cellError(string(f.path), fmt.Sprintf("nested more than %d deep: flatten it, or raise the limit of depth",
			f.limits.Depth))
	}
	if _, err := f.decoder.ReadToken(); err != nil {
		return err //nolint:wrapcheck // located names the place
	}
	outer := len(f.path)
	for f.decoder.PeekKind() != '}' {
		name, err := f.decoder.ReadValue()
		if err != nil {
			return err //nolint:wrapcheck // located names the place
		}
		f.path = f.path[:outer]
		if outer > 0 {
			f.path = append(f.path, '.')
		}
		if f.path, err = jsontext.AppendUnquote(f.path, name); err != nil {
			return err //nolint:wrapcheck // located names the place
		}
		if err := f.value(depth); err != nil {
			return err
		}
	}
	f.path = f.path[:outer]
	_, err := f.decoder.ReadToken()
	return err //nolint:wrapcheck // located names the place
}

// value reads what a name stands for.
func (f *file) value(depth int) error {
	kind := f.decoder.PeekKind()
	switch kind {
	case '{':
		return f.members(depth + 1)
	case '[':
		f.warn()
		return f.decoder.SkipValue() //nolint:wrapcheck // located names the place
	case 'n':
		_, err := f.decoder.ReadToken()
		return err //nolint:wrapcheck // located names the place
	}
	value, err := f.decoder.ReadValue()
	if err != nil {
		return err //nolint:wrapcheck // located names the place
	}
	if len(value) > f.limits.Cell {
		return f.cellError(string(f.path), fmt.Sprintf("the value is longer than %d bytes: raise the limit of a cell", f.limits.Cell))
	}
	column, err := f.column()
	if err != nil || column < 0 {
		return err
	}
	if kind == '"' {
		f.row.text, err = jsontext.AppendUnquote(f.row.text, value)
	} else {
		f.row.text = append(f.row.text, value...)
	}
	f.row.cells = append(f.row.cells, cell{column: column, kind: kind, end: len(f.row.text)})
	return err //nolint:wrapcheck // located names the place
}

// column is the number of the column at the path, or -1 if it is not wanted.
func (f *file) column() (int, error) {
	if !f.found[string(f.path)] {
		f.found[string(f.path)] = true
	}
	if len(f.wanted) > 0 && !slices.Contains(f.wanted, string(f.path)) {
		return -1, nil
	}
	return f.to.Column(string(f.path))
}

func (f *file) warn() {
	if f.leftOut[string(f.path)] {
		return
	}
	f.leftOut[string(f.path)] = true
	f.options.Warned(fmt.Sprintf("%s: column %q is left out: it holds arrays: write their elements as columns of their own",
		f.name, f.path))
}

// located adds the place to an error of the decoder, whose own text may hold a part
// of the data.
func (f *file) located(err error) error {
	var cell *table.CellError
	var limit *table.LimitError
	if errors.As(err, &cell) || errors.As(err, &limit) {
		return err
	}
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, errLong):
		return f.cellError(string(f.path), fmt.Sprintf("the value is longer than %d bytes: "+
			"look for a quote that is not closed, or raise the limit of a cell", f.limits.Cell))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return f.cellError(string(f.path), "the data ends in the middle of a row: it was cut off, or is still being written")
	case errors.As(err, &syntax):
		problem := fmt.Sprintf("this is not JSON (at byte %d)", syntax.ByteOffset)
		if f.options.ShowValues {
			problem += ": " + err.Error()
		}
		return f.cellError(string(f.path), problem)
	}
	return err
}

// cellError is an error of the row being read.
func (f *file) cellError(column, problem string) error {
	return &table.CellError{File: f.name, Row: f.rows + 1, Column: column, Problem: problem}
}

var errLong = errors.New("a value is longer than the limit")

// bounded ends a stream whose next value is too long.
type bounded struct {
	from io.Reader
	read int64
	most int64
	// seen is the offset up to which values were taken.
	seen func() int64
}

func (b *bounded) Read(p []byte) (int, error) {
	const ahead = 1 << 20
	if b.read-b.seen() > b.most+ahead {
		return 0, errLong
	}
	n, err := b.from.Read(p)
	b.read += int64(n)
	return n, err //nolint:wrapcheck // io.EOF is passed as it is
}
