// Package stream opens the content of a file whatever it is packed in: gzip and
// Zstandard are known by their first bytes, not by the file's name.
package stream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/trainyard/trainyard/internal/datasource/place"
	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Stream is a file's content, unpacked and counted.
type Stream struct {
	name    string
	meter   *reading.Meter
	packing string
	reader  *bufio.Reader
	closers []func() error
	grown   func() bool
}

// Open unpacks an object. Reading counts against the meter's bytes.
func Open(ctx context.Context, object place.Object, meter *reading.Meter) (*Stream, error) {
	raw, err := object.Open(ctx)
	if err != nil {
		return nil, err
	}
	s := &Stream{name: object.Name(), meter: meter, grown: func() bool { return false }}
	s.closers = append(s.closers, raw.Close)
	if growing, ok := raw.(interface{ Grown() bool }); ok {
		s.grown = growing.Grown
	}
	if err := s.unpack(bufio.NewReaderSize(raw, 64<<10)); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stream) unpack(raw *bufio.Reader) error {
	head, err := raw.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", s.name, err)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		s.packing = "gzip"
		unpacked, err := gzip.NewReader(raw)
		if err != nil {
			return s.explain(err)
		}
		s.reader = bufio.NewReaderSize(unpacked, 64<<10)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		s.packing = "Zstandard"
		const window = 128 << 20
		unpacked, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(window))
		if err != nil {
			return s.explain(err)
		}
		s.closers = append(s.closers, func() error { unpacked.Close(); return nil })
		s.reader = bufio.NewReaderSize(unpacked, 64<<10)
	default:
		s.reader = raw
	}
	return nil
}

// Peek is the beginning of the content, shorter than n where the content is.
func (s *Stream) Peek(n int) ([]byte, error) {
	head, err := s.reader.Peek(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, s.explain(err)
	}
	return head, nil
}

// Packed says whether the content was compressed.
func (s *Stream) Packed() bool { return s.packing != "" }

// Grown says whether the file has become longer since it was opened.
func (s *Stream) Grown() bool { return s.grown() }

func (s *Stream) Read(p []byte) (int, error) {
	n, err := s.reader.Read(p)
	if over := s.meter.Read(s.name, n); over != nil {
		return n, over
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, s.explain(err)
	}
	return n, err //nolint:wrapcheck // io.EOF is passed as it is
}

// explain says what an error of unpacking means.
func (s *Stream) explain(err error) error {
	var changed *place.ChangedError
	if s.packing == "" || errors.As(err, &changed) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("read %s: %w", s.name, err)
	}
	problem := fmt.Sprintf("its %s data is damaged", s.packing)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		problem = fmt.Sprintf("its %s data ends too early: it was cut off, or is still being written", s.packing)
	}
	return fmt.Errorf("%w: %w", &table.CellError{File: s.name, Problem: problem}, err)
}

// Close gives back what unpacking holds; the object stays open.
func (s *Stream) Close() error {
	var all []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		all = append(all, s.closers[i]())
	}
	return errors.Join(all...)
}
