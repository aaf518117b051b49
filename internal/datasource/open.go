package datasource

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/trainyard/trainyard/internal/datasource/csvrows"
	"github.com/trainyard/trainyard/internal/datasource/parquetfile"
	"github.com/trainyard/trainyard/internal/datasource/place"
	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/spill"
	"github.com/trainyard/trainyard/internal/datasource/stream"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// What a user of this package needs of those below it.
type (
	// Table is an opened data set.
	Table = table.Table
	// Column is one column in row order.
	Column = table.Column
	// Schema are a table's columns.
	Schema = table.Schema
	// Field is a column's name and type.
	Field = table.Field
	// Type is how a source stores a column.
	Type = table.Type
	// Options are how a source is read.
	Options = reading.Options
	// Limits bound what a source may cost.
	Limits = reading.Limits
	// Progress is how far the opening of a source is.
	Progress = reading.Progress
)

// The types of columns.
const (
	Integer   = table.Integer
	Float     = table.Float
	Boolean   = table.Boolean
	String    = table.String
	Timestamp = table.Timestamp
)

// Open reads what must be read before the first column can be: footers of Parquet
// files, all rows of other formats. The table is the caller's to close.
func Open(ctx context.Context, spec Spec, options Options) (Table, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	limits := options.Limits.WithDefaults()
	ctx, cancel := context.WithTimeoutCause(ctx, limits.Time,
		fmt.Errorf("%s took longer than %s to open: read less, or raise the limit of time", spec.URL, limits.Time))
	defer cancel()
	objects, err := place.Local(spec.URL, limits.Files)
	if err != nil {
		return nil, err
	}
	return openObjects(ctx, spec, objects, options)
}

// openObjects reads files as one table. It closes them, at once or with the table.
func openObjects(ctx context.Context, spec Spec, objects []place.Object, options Options) (Table, error) {
	format, err := formatOf(ctx, spec, objects[0])
	if err != nil {
		place.CloseAll(objects)
		return nil, err
	}
	if format == Parquet {
		return parquetfile.Open(ctx, objects, spec.Columns, options)
	}
	defer place.CloseAll(objects)
	rows := spill.NewRows(options, spec.Types)
	if err := readRows(ctx, spec, objects, options, rows); err != nil {
		_ = rows.Close()
		return nil, err
	}
	opened, err := rows.Table()
	if err != nil {
		_ = rows.Close()
		return nil, err
	}
	return opened, nil
}

func readRows(ctx context.Context, spec Spec, objects []place.Object, options Options, to *spill.Rows) error {
	meter := options.NewMeter(place.Total(objects))
	reader := csvrows.NewReader(csvrows.Options{
		Delimiter: delimiter(spec),
		NoHeader:  spec.CSV.NoHeader,
		Columns:   spec.Columns,
	}, options.Limits, meter, to)
	for _, object := range objects {
		content, err := stream.Open(ctx, object, meter)
		if err != nil {
			return err
		}
		err = reader.File(content, object.Name(), content.Grown)
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	return nil
}

func delimiter(spec Spec) byte {
	if spec.CSV.Delimiter == "" {
		return 0
	}
	return spec.CSV.Delimiter[0]
}

// formatOf looks at the first file where the spec does not say.
func formatOf(ctx context.Context, spec Spec, object place.Object) (Format, error) {
	if spec.Format != "" {
		return spec.Format, nil
	}
	if object.Size() < 0 {
		return CSV, nil // a pipe cannot be looked at without consuming it
	}
	var options Options
	content, err := stream.Open(ctx, object, options.NewMeter(0))
	if err != nil {
		return "", err
	}
	defer func() { _ = content.Close() }()
	head, err := content.Peek(4)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(head, []byte("PAR1")) {
		return CSV, nil
	}
	if content.Packed() {
		return "", fmt.Errorf("%s is a Parquet file that is compressed as a whole: unpack it, Parquet is compressed inside", object.Name())
	}
	return Parquet, nil
}
