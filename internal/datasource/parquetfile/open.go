package parquetfile

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/trainyard/trainyard/internal/datasource/place"
	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// part is one file of the table.
type part struct {
	object place.Object
	file   *parquet.File
	// columns are the file's own, by name.
	columns map[string]*parquet.Column
}

// files is a table of Parquet files, which all have the same columns.
type files struct {
	parts   []part
	schema  table.Schema
	why     map[string]string
	rows    int
	limits  reading.Limits
	options reading.Options
}

// Open reads the footers of the files, which become the table's to close. columns
// are those to offer, or all if there are none.
func Open(ctx context.Context, objects []place.Object, columns []string, options reading.Options) (table.Table, error) {
	t := &files{why: map[string]string{}, limits: options.Limits.WithDefaults(), options: options}
	for _, object := range objects {
		if err := t.add(ctx, object); err != nil {
			place.CloseAll(objects)
			return nil, err
		}
	}
	if err := t.choose(columns); err != nil {
		place.CloseAll(objects)
		return nil, err
	}
	return t, nil
}

// add opens a file and holds its columns against those of the files before it.
func (t *files) add(ctx context.Context, object place.Object) error {
	file, err := openFile(ctx, object)
	if err != nil {
		return err
	}
	if err := t.count(object.Name(), file.NumRows()); err != nil {
		return err
	}
	p := part{object: object, file: file, columns: map[string]*parquet.Column{}}
	var schema table.Schema
	for _, column := range leaves(file.Root()) {
		name := strings.Join(column.Path(), ".")
		if column.Depth() > t.limits.Depth {
			t.why[name] = fmt.Sprintf("it is nested %d deep, more than %d", column.Depth(), t.limits.Depth)
			continue
		}
		leaf := leafOf(column)
		if leaf.why != "" {
			t.why[name] = leaf.why
			continue
		}
		if p.columns[name] != nil {
			return &table.CellError{File: object.Name(), Column: name, Problem: "two columns have this name"}
		}
		p.columns[name] = column
		schema = append(schema, table.Field{Name: name, Type: leaf.typ})
	}
	if len(schema) > t.limits.Columns {
		return &table.LimitError{
			Source: object.Name(),
			What:   fmt.Sprintf("%d columns, more than %d", len(schema), t.limits.Columns),
			Cure:   "name the columns to read, or raise the limit of columns",
		}
	}
	if err := t.agree(object.Name(), schema); err != nil {
		return err
	}
	t.parts = append(t.parts, p)
	return nil
}

func (t *files) count(name string, rows int64) error {
	if rows < 0 || int64(t.rows)+rows > t.limits.Rows {
		return &table.LimitError{
			Source: name,
			What:   fmt.Sprintf("more than %d rows", t.limits.Rows),
			Cure:   "read fewer files, or raise the limit of rows",
		}
	}
	t.rows += int(rows)
	return nil
}

// agree holds a file's schema against the table's, which it may widen.
func (t *files) agree(name string, schema table.Schema) error {
	if len(t.parts) == 0 {
		t.schema = schema
		return nil
	}
	first := t.parts[0].object.Name()
	for i, was := range t.schema {
		is, _ := schema.Lookup(was.Name)
		both, ok := table.Unify(was.Type, is.Type)
		if !ok || is.Type == table.Unknown {
			return &table.SchemaChangedError{File: name, First: first, Column: was.Name, Was: was.Type, Is: is.Type}
		}
		t.schema[i].Type = both
	}
	for _, is := range schema {
		if _, known := t.schema.Lookup(is.Name); !known {
			return &table.SchemaChangedError{File: name, First: first, Column: is.Name, Is: is.Type}
		}
	}
	return nil
}

// choose keeps the columns that were asked for, in that order.
func (t *files) choose(columns []string) error {
	if len(columns) == 0 {
		for name, why := range t.why {
			t.options.Warned(t.unknown(name, why).Error())
		}
		return nil
	}
	var chosen table.Schema
	for _, name := range columns {
		field, known := t.schema.Lookup(name)
		if !known {
			return t.unknown(name, t.why[name])
		}
		chosen = append(chosen, field)
	}
	t.schema = chosen
	return nil
}

func (t *files) unknown(name, why string) error {
	return &table.UnknownColumnError{Source: t.parts[0].object.Name(), Column: name, Known: t.schema, Why: why}
}

func leaves(column *parquet.Column) []*parquet.Column {
	if column.Leaf() {
		return []*parquet.Column{column}
	}
	var all []*parquet.Column
	for _, child := range column.Columns() {
		all = append(all, leaves(child)...)
	}
	return all
}

// openFile reads the footer. A file that is not what it says it is must not end the
// program, so that a panic of the library becomes an error.
func openFile(ctx context.Context, object place.Object) (file *parquet.File, err error) {
	defer recovered(object.Name(), "", &err)
	if err := checkFooter(ctx, object); err != nil {
		return nil, err
	}
	file, err = parquet.OpenFile(&readerAt{ctx: ctx, object: object}, object.Size(),
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readBuffer))
	if err != nil {
		return nil, damaged(object.Name(), "", err)
	}
	return file, nil
}

// readBuffer makes a request of a place that is far away worth its round trip.
const readBuffer = 1 << 20

// checkFooter refuses a footer larger than its file before memory is taken for it.
func checkFooter(ctx context.Context, object place.Object) error {
	const tail, head = 8, 4
	if object.Size() < head+tail {
		return damaged(object.Name(), "", fmt.Errorf("it has %d bytes, too few for a Parquet file", object.Size()))
	}
	var end [tail]byte
	if _, err := object.ReadAt(ctx, end[:], object.Size()-tail); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the end of %s: %w", object.Name(), err)
	}
	if string(end[4:]) != "PAR1" {
		return damaged(object.Name(), "", errors.New("it does not end as a Parquet file does: "+
			"its writer has not finished, or it was cut off, or it is encrypted"))
	}
	if size := int64(binary.LittleEndian.Uint32(end[:])); size > object.Size()-head-tail {
		return damaged(object.Name(), "", fmt.Errorf("its footer claims %d bytes of %d", size, object.Size()))
	}
	return nil
}

// damaged is the error of a file that cannot be read as Parquet.
func damaged(file, column string, err error) error {
	var changed *place.ChangedError
	if errors.As(err, &changed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", &table.CellError{File: file, Column: column, Problem: "cannot be read as Parquet"}, err)
}

func recovered(file, column string, err *error) {
	if problem := recover(); problem != nil {
		*err = damaged(file, column, fmt.Errorf("it is damaged (%v)", problem))
	}
}

// readerAt reads an object on behalf of one call.
type readerAt struct {
	ctx    context.Context
	object place.Object
}

func (r *readerAt) ReadAt(p []byte, offset int64) (int, error) {
	return r.object.ReadAt(r.ctx, p, offset)
}

func (t *files) Schema() table.Schema { return t.schema }
func (t *files) Rows() int            { return t.rows }

func (t *files) Close() error {
	var all []error
	for _, part := range t.parts {
		all = append(all, part.object.Close())
	}
	return errors.Join(all...)
}
