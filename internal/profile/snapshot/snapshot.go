// Package snapshot writes a table as one Parquet file that is named by the SHA-256
// of its bytes: what a training reads is then exactly what was judged.
package snapshot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// batch is the number of values that are handed over at once.
const batch = 4096

// File is a snapshot that was written.
type File struct {
	// Path is the folder's, and a name of the SHA-256 in hexadecimal digits.
	Path, SHA256 string
	Rows         int
}

// Write writes all columns of a table, one in memory at a time, into a folder. A
// snapshot of the same rows has the same bytes and so the same name. Columns are
// stored in alphabetical order. scratch is a folder for temporary files, which the
// caller removes.
func Write(ctx context.Context, t table.Table, folder, scratch string) (*File, error) {
	file, err := os.CreateTemp(scratch, "file-*")
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	sum := sha256.New()
	err = errors.Join(write(ctx, t, io.MultiWriter(file, sum), scratch), file.Chmod(0o644), file.Sync(), file.Close())
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return place(file.Name(), folder, sum, t.Rows())
}

// place gives the file its name. One that is there already has the same bytes.
func place(from, folder string, sum hash.Hash, rows int) (*File, error) {
	f := &File{SHA256: hex.EncodeToString(sum.Sum(nil)), Rows: rows}
	f.Path = filepath.Join(folder, f.SHA256+".parquet")
	if err := os.Rename(from, f.Path); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return f, nil
}

func write(ctx context.Context, t table.Table, w io.Writer, scratch string) error {
	group := parquet.Group{}
	for _, field := range t.Schema() {
		group[field.Name] = nodeOf(field.Type)
	}
	schema := parquet.NewSchema("snapshot", group)
	writer := parquet.NewWriter(w, schema, parquet.Compression(&zstd.Codec{}),
		parquet.CreatedBy("trainyard profiler", "1", "0"),
		parquet.ColumnPageBuffers(parquet.NewFileBufferPool(scratch, "page-*")))
	columns := writer.ColumnWriters()
	for i, path := range schema.Columns() {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("stopped after %d of %d columns: %w", i, len(columns), err)
		}
		column, err := t.Column(ctx, path[0])
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if column.Hashed {
			return fmt.Errorf("column %q has more distinct texts than are kept, so that they cannot be written: raise the limit of labels, or leave the column out", column.Name)
		}
		if err := writeColumn(columns[i], &column, i); err != nil {
			return fmt.Errorf("column %q: %w", column.Name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func nodeOf(t table.Type) parquet.Node {
	switch t {
	case table.Integer:
		return parquet.Optional(parquet.Int(64))
	case table.Boolean:
		return parquet.Optional(parquet.Leaf(parquet.BooleanType))
	case table.String:
		return parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
	case table.Timestamp:
		return parquet.Optional(parquet.Timestamp(parquet.Microsecond))
	}
	return parquet.Optional(parquet.Leaf(parquet.DoubleType))
}

func writeColumn(w *parquet.ColumnWriter, c *table.Column, index int) error {
	values := make([]parquet.Value, 0, batch)
	flush := func() error {
		_, err := w.WriteRowValues(values)
		values = values[:0]
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		return nil
	}
	for row := range c.Rows() {
		v, present := valueOf(c, row)
		level := 0
		if present {
			level = 1
		}
		if values = append(values, v.Level(0, level, index)); len(values) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func valueOf(c *table.Column, row int) (parquet.Value, bool) {
	if c.Type == table.String {
		if code := c.Codes[row]; code != table.Absent {
			return parquet.ByteArrayValue([]byte(c.Labels[code])), true
		}
		return parquet.NullValue(), false
	}
	v := c.Numbers[row]
	switch {
	case math.IsNaN(v):
		return parquet.NullValue(), false
	case c.Type == table.Integer:
		return parquet.Int64Value(int64(v)), true
	case c.Type == table.Boolean:
		return parquet.BooleanValue(v != 0), true
	case c.Type == table.Timestamp:
		return parquet.Int64Value(int64(math.Round(v * 1e6))), true
	}
	return parquet.DoubleValue(v), true
}
