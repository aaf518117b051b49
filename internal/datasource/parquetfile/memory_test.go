package parquetfile

import (
	"bytes"
	"context"
	"io"
)

// memory is a file in memory.
type memory []byte

func (m memory) Name() string { return "memory" }
func (m memory) Size() int64  { return int64(len(m)) }
func (m memory) Close() error { return nil }

func (m memory) ReadAt(_ context.Context, p []byte, offset int64) (int, error) {
	return bytes.NewReader(m).ReadAt(p, offset)
}

func (m memory) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(m)), nil
}
