package parquetfile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Column reads the chunks of one column, file after file.
func (t *files) Column(ctx context.Context, name string) (table.Column, error) {
	field, known := t.schema.Lookup(name)
	if !known {
		return table.Column{}, t.unknown(name, t.why[name])
	}
	if field.Type == table.String {
		return t.text(ctx, field)
	}
	return t.number(ctx, field)
}

func (t *files) number(ctx context.Context, field table.Field) (table.Column, error) {
	column := table.Column{Field: field, Numbers: make([]float64, 0, t.rows)}
	for _, part := range t.parts {
		reader := numberReader{leaf: leafOf(part.columns[field.Name]), column: &column}
		if err := part.pages(ctx, field.Name, reader.page, reader.newChunk); err != nil {
			return table.Column{}, err
		}
	}
	if field.Type == table.Float {
		column.Missing = table.CountNaN(column.Numbers)
	}
	return column, t.complete(field.Name, len(column.Numbers))
}

// text codes the rows by what they say, or, if they say too many things, by hash.
func (t *files) text(ctx context.Context, field table.Field) (table.Column, error) {
	labels := table.NewLabels(t.rows, t.limits.Labels)
	reader := labelReader{labels: labels}
	err := t.texts(ctx, field.Name, &reader)
	switch {
	case errors.Is(err, errOverflow):
		return t.hashes(ctx, field)
	case err != nil:
		return table.Column{}, err
	}
	column := labels.Column(field.Name)
	return column, t.complete(field.Name, len(column.Codes))
}

func (t *files) hashes(ctx context.Context, field table.Field) (table.Column, error) {
	var failed error
	column := table.HashColumn(field.Name, t.rows, func(yield func([]byte) bool) {
		failed = t.texts(ctx, field.Name, &valueReader{yield: yield})
	})
	if failed != nil {
		return table.Column{}, failed
	}
	return column, t.complete(field.Name, len(column.Codes))
}

func (t *files) texts(ctx context.Context, name string, to textReader) error {
	for _, part := range t.parts {
		to.use(leafOf(part.columns[name]))
		if err := part.pages(ctx, name, to.page, to.newChunk); err != nil {
			return err
		}
	}
	return nil
}

// complete checks that there are as many values as the footers promised.
func (t *files) complete(name string, rows int) error {
	if rows == t.rows {
		return nil
	}
	return damaged(t.parts[0].object.Name(), name,
		fmt.Errorf("the footers promise %d rows and there are %d", t.rows, rows))
}

// errOverflow ends the reading of a text column that has too many distinct values.
var errOverflow = errors.New("too many distinct values")

// pages calls page for each page of a column in this file, and newChunk before the
// first of each chunk, whose dictionary is its own.
func (p *part) pages(
	ctx context.Context, name string, page func(parquet.Page, page) error, newChunk func(),
) (err error) {
	file := p.object.Name()
	defer recovered(file, name, &err)
	column := p.columns[name]
	reader := &readerAt{ctx: ctx, object: p.object}
	for _, group := range p.file.RowGroups() {
		chunk, ok := group.ColumnChunks()[column.Index()].(*parquet.FileColumnChunk)
		if !ok {
			return damaged(file, name, errors.New("the column is not stored in the file"))
		}
		newChunk()
		if err := eachPage(chunk.PagesFrom(reader), column.MaxDefinitionLevel(), page); err != nil {
			if errors.Is(err, errOverflow) {
				return err
			}
			return damaged(file, name, err)
		}
	}
	return nil
}

// page is what is common to all pages: which rows have a value.
type page struct {
	// rows and values count the rows, and those with a value.
	rows, values int
	levels       []byte
	present      byte
}

// has says whether a row of the page has a value.
func (p *page) has(row int) bool { return p.levels == nil || p.levels[row] == p.present }

func eachPage(pages *parquet.FilePages, present int, visit func(parquet.Page, page) error) error {
	defer func() { _ = pages.Close() }()
	for {
		stored, err := pages.ReadPage()
		if errors.Is(err, io.EOF) && stored == nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a page: %w", err)
		}
		p := page{rows: int(stored.NumRows()), present: byte(present)}
		if levels := stored.DefinitionLevels(); len(levels) > 0 {
			p.levels = levels
			p.rows = len(levels)
		}
		for row := range p.rows {
			if p.has(row) {
				p.values++
			}
		}
		err = visit(stored, p)
		parquet.Release(stored)
		if err != nil {
			return err
		}
	}
}
