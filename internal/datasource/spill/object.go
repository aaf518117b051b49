package spill

import (
	"context"
	"fmt"
	"io"

	"github.com/trainyard/trainyard/internal/datasource/place"
)

// Object keeps all of a stream in a temporary file, to be read as a file is.
func (s *Store) Object(name string, from io.Reader) (place.Object, error) {
	const buffer = 64 << 10
	kept := &object{name: name, file: s.newFile(buffer)}
	if _, err := io.CopyBuffer(writer{kept.file}, from, make([]byte, buffer)); err != nil {
		_ = kept.Close()
		s.used -= kept.file.length
		return nil, fmt.Errorf("keep %s: %w", name, err)
	}
	if err := kept.file.seal(); err != nil {
		_ = kept.Close()
		return nil, err
	}
	return kept, nil
}

// writer is a file as an io.Writer.
type writer struct{ file *file }

func (w writer) Write(p []byte) (int, error) { return len(p), w.file.write(p) }

// object is a stream that was kept.
type object struct {
	name string
	file *file
}

func (o *object) Name() string { return o.name }
func (o *object) Size() int64  { return o.file.length }
func (o *object) Close() error { return o.file.close() }

func (o *object) ReadAt(ctx context.Context, p []byte, offset int64) (int, error) {
	if ctx.Err() != nil {
		return 0, fmt.Errorf("read %s: %w", o.name, context.Cause(ctx))
	}
	if o.file.file == nil {
		return 0, io.EOF
	}
	return o.file.file.ReadAt(p, offset) //nolint:wrapcheck // io.EOF is passed as it is
}

func (o *object) Open(ctx context.Context) (io.ReadCloser, error) {
	return io.NopCloser(&contextReader{ctx: ctx, from: o.file.reader()}), nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx  context.Context
	from io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, fmt.Errorf("read a temporary file: %w", context.Cause(r.ctx))
	}
	return r.from.Read(p) //nolint:wrapcheck // io.EOF is passed as it is
}
