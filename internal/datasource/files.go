package datasource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/trainyard/trainyard/internal/datasource/csvrows"
	"github.com/trainyard/trainyard/internal/datasource/jsonrows"
	"github.com/trainyard/trainyard/internal/datasource/parquetfile"
	"github.com/trainyard/trainyard/internal/datasource/place"
	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/spill"
	"github.com/trainyard/trainyard/internal/datasource/stream"
)

// openObjects reads files as one table. It closes them, at once or with the table.
func openObjects(ctx context.Context, spec Spec, objects []place.Object, options Options) (Table, error) {
	format, err := formatOf(ctx, spec, objects[0])
	if err != nil {
		place.CloseAll(objects)
		return nil, err
	}
	if format == Parquet {
		return parquetfile.Open(ctx, objects, spec.needed(), options)
	}
	defer place.CloseAll(objects)
	rows := spill.NewRows(options, spec.Types)
	if err := readRows(ctx, spec, format, objects, options, rows); err != nil {
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

// needed are the columns to read: those wanted, and the time of the rows.
func (s *Spec) needed() []string {
	if len(s.Columns) == 0 || s.Time.Column == "" || slices.Contains(s.Columns, s.Time.Column) {
		return s.Columns
	}
	return append(slices.Clone(s.Columns), s.Time.Column)
}

func readRows(
	ctx context.Context, spec Spec, format Format, objects []place.Object, options Options, to *spill.Rows,
) error {
	meter := options.NewMeter(place.Total(objects))
	reader, finish := rowReader(spec, format, objects[0].Name(), options, meter, to)
	for _, object := range objects {
		content, err := stream.Open(ctx, object, meter)
		if err != nil {
			return err
		}
		err = reader(content, object.Name())
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	return finish()
}

// rowReader is how a format's rows are read, and what is to be said at the end.
func rowReader(
	spec Spec, format Format, first string, options Options, meter *reading.Meter, to *spill.Rows,
) (read func(*stream.Stream, string) error, finish func() error) {
	if format == JSON {
		reader := jsonrows.NewReader(spec.needed(), options, meter, to)
		return func(content *stream.Stream, name string) error { return reader.File(content, name, content.Grown) },
			func() error { return reader.Finish(first) }
	}
	reader := csvrows.NewReader(csvrows.Options{
		Delimiter: delimiter(spec),
		NoHeader:  spec.CSV.NoHeader,
		Columns:   spec.needed(),
	}, options.Limits, meter, to)
	return func(content *stream.Stream, name string) error { return reader.File(content, name, content.Grown) },
		func() error { return nil }
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
		return "", fmt.Errorf("%s is a pipe, which cannot be looked at beforehand: name its format", object.Name())
	}
	var options Options
	content, err := stream.Open(ctx, object, options.NewMeter(0))
	if err != nil {
		return "", err
	}
	defer func() { _ = content.Close() }()
	const enough = 512
	head, err := content.Peek(enough)
	if err != nil {
		return "", err
	}
	switch text := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"); {
	case bytes.HasPrefix(head, []byte("PAR1")) && content.Packed():
		return "", fmt.Errorf("%s is a Parquet file that is compressed as a whole: unpack it, Parquet is compressed inside",
			object.Name())
	case bytes.HasPrefix(head, []byte("PAR1")):
		return Parquet, nil
	case bytes.HasPrefix(text, []byte("{")), bytes.HasPrefix(text, []byte("[")):
		return JSON, nil
	}
	return CSV, nil
}
