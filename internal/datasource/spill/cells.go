package spill

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/trainyard/trainyard/internal/datasource/infer"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// A cell is its length plus one as a varint, and its bytes; a missing one is a 0.

// cells is a column of text as it was read, whatever its type will be.
type cells struct {
	file *file
	// rows is how many cells were written, which may lag behind the table's rows:
	// the rest is missing.
	rows int64
}

func (c *cells) add(cell []byte) error {
	var head [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(head[:], uint64(len(cell))+1)
	if err := c.file.write(head[:n]); err != nil {
		return err
	}
	c.rows++
	return c.file.write(cell)
}

func (c *cells) missing() error {
	c.rows++
	return c.file.write([]byte{0})
}

// fill writes missing cells until there are as many as the table has rows.
func (c *cells) fill(rows int64) error {
	for c.rows < rows {
		if err := c.missing(); err != nil {
			return err
		}
	}
	return nil
}

// each visits every cell, nil where it is missing. The bytes are valid until visit
// returns.
func (c *cells) each(ctx context.Context, visit func(row int64, cell []byte) error) error {
	const checkEvery = 1 << 14
	reader := c.file.reader()
	var long []byte
	for row := range c.rows {
		if row%checkEvery == 0 && ctx.Err() != nil {
			return fmt.Errorf("read a column: %w", context.Cause(ctx))
		}
		cell, err := next(reader, &long)
		if err != nil {
			return fmt.Errorf("read a temporary file: %w", err)
		}
		if err := visit(row, cell); err != nil {
			return err
		}
	}
	return nil
}

// next reads a cell, in place where the buffer holds all of it.
func next(reader *bufio.Reader, long *[]byte) ([]byte, error) {
	head, err := binary.ReadUvarint(reader)
	if err != nil || head == 0 {
		return nil, err //nolint:wrapcheck // wrapped by the caller
	}
	length := int(head - 1)
	cell, err := reader.Peek(length)
	if err == nil {
		_, err = reader.Discard(length)
		return cell, err //nolint:wrapcheck // wrapped by the caller
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err //nolint:wrapcheck // wrapped by the caller
	}
	if cap(*long) < length {
		*long = make([]byte, length)
	}
	cell = (*long)[:length]
	_, err = io.ReadFull(reader, cell)
	return cell, err //nolint:wrapcheck // wrapped by the caller
}

// text is the column as text.
func (c *cells) text(ctx context.Context, name string, most int) (table.Column, error) {
	labels := table.NewLabels(int(c.rows), most)
	err := c.each(ctx, func(_ int64, cell []byte) error {
		code := table.Absent
		if cell != nil {
			code = labels.Code(cell)
		}
		labels.Add(code)
		if labels.Overflowed() {
			return errOverflow
		}
		return nil
	})
	switch {
	case errors.Is(err, errOverflow):
		return c.hashes(ctx, name)
	case err != nil:
		return table.Column{}, err
	}
	return labels.Column(name), nil
}

var errOverflow = errors.New("too many distinct values")

func (c *cells) hashes(ctx context.Context, name string) (table.Column, error) {
	var failed error
	column := table.HashColumn(name, int(c.rows), func(yield func([]byte) bool) {
		failed = c.each(ctx, func(_ int64, cell []byte) error {
			yield(cell)
			return nil
		})
	})
	return column, failed
}

// number is the column as a type of numbers. wrong is called for each cell that is
// not one, and ends the reading by an error.
func (c *cells) number(
	ctx context.Context, field table.Field, wrong func(row int64, cell []byte, soFar int) error,
) (table.Column, error) {
	column := table.Column{Field: field, Numbers: make([]float64, 0, c.rows)}
	err := c.each(ctx, func(row int64, cell []byte) error {
		value := math.NaN()
		if cell != nil {
			parsed, ok := infer.Parse(field.Type, cell)
			switch {
			case ok:
				value = parsed
			default:
				column.TypeErrors++
				if err := wrong(row, cell, column.TypeErrors); err != nil {
					return err
				}
			}
		}
		if math.IsNaN(value) {
			column.Missing++
		}
		column.Numbers = append(column.Numbers, value)
		return nil
	})
	return column, err
}
