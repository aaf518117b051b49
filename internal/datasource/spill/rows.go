package spill

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/trainyard/trainyard/internal/datasource/infer"
	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Rows takes the rows of one or many files and becomes a table of them.
//
// The columns of all files must be of one type: it is inferred file by file, or
// declared. Of a declared type, values that do not fit are missing and counted.
type Rows struct {
	options  reading.Options
	limits   reading.Limits
	store    *Store
	declared map[string]table.Type
	columns  []*column
	index    map[string]int
	rows     int64
	// starts are the first rows of the files, in order.
	starts []start
}

type start struct {
	file string
	row  int64
}

// column is what is known of a column while rows come in.
type column struct {
	name  string
	cells cells
	// guess is of the file being read, typ of those before it.
	guess infer.Guess
	typ   table.Type
	first string
}

// NewRows makes an empty table. declared are the types that are not to be inferred.
func NewRows(options reading.Options, declared map[string]table.Type) *Rows {
	limits := options.Limits.WithDefaults()
	return &Rows{
		options:  options,
		limits:   limits,
		store:    NewStore(options.SpillFolder, limits.Spill),
		declared: declared,
		index:    map[string]int{},
	}
}

// File begins a file.
func (r *Rows) File(name string) { r.starts = append(r.starts, start{name, r.rows}) }

// Column is the number of a column, which is added if it is new: its rows so far are
// missing.
func (r *Rows) Column(name string) (int, error) {
	if i, known := r.index[name]; known {
		return i, nil
	}
	if len(r.columns) >= r.limits.Columns {
		return 0, &table.LimitError{
			Source: r.starts[len(r.starts)-1].file,
			What:   fmt.Sprintf("more than %d columns", r.limits.Columns),
			Cure:   "name the columns to read, or raise the limit of columns",
		}
	}
	const buffer = 16 << 10
	i := len(r.columns)
	r.columns = append(r.columns, &column{name: name, cells: cells{file: r.store.newFile(buffer)}})
	r.index[name] = i
	return i, nil
}

// Cell adds a cell of a table of text to the row. Its type is guessed from what is
// in it; one that spells "no value" is missing.
func (r *Rows) Cell(i int, cell []byte) error {
	if infer.Missing(cell) {
		return nil
	}
	c := r.columns[i]
	c.guess.Cell(cell)
	return r.put(c, cell)
}

// Number adds a cell that is written as a number.
func (r *Rows) Number(i int, cell []byte) error {
	r.columns[i].guess.Number(cell)
	return r.put(r.columns[i], cell)
}

// Text adds a cell that is written as text.
func (r *Rows) Text(i int, cell []byte) error {
	r.columns[i].guess.Text(cell)
	return r.put(r.columns[i], cell)
}

// Boolean adds a cell that is true or false.
func (r *Rows) Boolean(i int, value bool) error {
	r.columns[i].guess.Boolean()
	if value {
		return r.put(r.columns[i], []byte("true"))
	}
	return r.put(r.columns[i], []byte("false"))
}

// put writes the row's cell. A second one for the same row is dropped.
func (r *Rows) put(c *column, cell []byte) error {
	if c.cells.rows > r.rows {
		return nil
	}
	if err := c.cells.fill(r.rows); err != nil {
		return err
	}
	return c.cells.add(cell)
}

// End ends the row: columns without a cell are missing in it.
func (r *Rows) End() { r.rows++ }

// EndFile ends the file, and holds its types against those of the files before it.
func (r *Rows) EndFile() error {
	file := r.starts[len(r.starts)-1].file
	for _, c := range r.columns {
		is := c.guess.Type()
		c.guess = infer.Guess{}
		if is == table.Unknown || r.declared[c.name] != "" {
			continue
		}
		both, ok := table.Unify(c.typ, is)
		if !ok {
			return &table.SchemaChangedError{File: file, First: c.first, Column: c.name, Was: c.typ, Is: is}
		}
		if c.typ == table.Unknown {
			c.first = file
		}
		c.typ = both
	}
	return nil
}

// Table is the table of all rows. Nothing can be added afterwards.
func (r *Rows) Table() (table.Table, error) {
	t := &spilled{rows: r, byName: map[string]*column{}}
	for _, c := range r.columns {
		if err := c.cells.fill(r.rows); err != nil {
			return nil, err
		}
		if err := c.cells.file.seal(); err != nil {
			return nil, err
		}
		typ := c.typ
		if declared := r.declared[c.name]; declared != "" {
			typ = declared
		}
		if typ == table.Unknown {
			typ = table.Float // a column without any value, as read_csv has it
		}
		t.schema = append(t.schema, table.Field{Name: c.name, Type: typ})
		t.byName[c.name] = c
	}
	return t, nil
}

// Close gives the disk space back.
func (r *Rows) Close() error {
	var all []error
	for _, c := range r.columns {
		all = append(all, c.cells.file.close())
	}
	return errors.Join(all...)
}

// place is the file of a row, and its number there from 1.
func (r *Rows) place(row int64) (file string, number int64) {
	i := sort.Search(len(r.starts), func(i int) bool { return r.starts[i].row > row }) - 1
	return r.starts[i].file, row - r.starts[i].row + 1
}

// spilled is the table of rows that were all read.
type spilled struct {
	rows   *Rows
	schema table.Schema
	byName map[string]*column
}

func (t *spilled) Schema() table.Schema { return t.schema }
func (t *spilled) Rows() int            { return int(t.rows.rows) }
func (t *spilled) Close() error         { return t.rows.Close() }

func (t *spilled) Column(ctx context.Context, name string) (table.Column, error) {
	field, known := t.schema.Lookup(name)
	if !known {
		return table.Column{}, &table.UnknownColumnError{Source: t.source(), Column: name, Known: t.schema}
	}
	c := t.byName[name]
	if field.Type == table.String {
		return c.cells.text(ctx, name, t.rows.limits.Labels)
	}
	return c.cells.number(ctx, field, func(row int64, cell []byte, soFar int) error {
		return t.wrong(field, row, cell, soFar)
	})
}

func (t *spilled) source() string {
	if len(t.rows.starts) == 0 {
		return "the table"
	}
	return t.rows.starts[0].file
}

// wrong decides whether a column has too many values of the wrong type.
func (t *spilled) wrong(field table.Field, row int64, cell []byte, soFar int) error {
	share := t.rows.limits.TypeErrors
	if float64(soFar) <= share*float64(t.rows.rows) {
		return nil
	}
	file, number := t.rows.place(row)
	return &table.CellError{
		File: file, Row: number, Column: field.Name,
		Problem: fmt.Sprintf("not a %s, as are %d values before it, more than %g %% of the column: "+
			"declare another type, or raise the limit of type errors", field.Type, soFar-1, share*100),
		Value: t.rows.options.Value(cell),
	}
}
