package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/trainyard/trainyard/internal/datasource/place"
	"github.com/trainyard/trainyard/internal/datasource/retry"
)

// object is an object as it was listed.
type object struct {
	from     *shared
	name     string
	key      string
	size     int64
	modified time.Time
	closed   bool
}

func newObject(from *shared, of *url.URL, listed *blob.ListObject) *object {
	return &object{
		from:     from,
		name:     of.Scheme + "://" + of.Host + "/" + listed.Key,
		key:      listed.Key,
		size:     listed.Size,
		modified: listed.ModTime,
	}
}

func (o *object) Name() string { return o.name }
func (o *object) Size() int64  { return o.size }

func (o *object) Close() error {
	if o.closed {
		return nil
	}
	o.closed = true
	return o.from.close()
}

// get asks for a part of the object, and refuses one that is not as it was listed.
func (o *object) get(ctx context.Context, offset, length int64) (*blob.Reader, error) {
	reader, err := o.from.bucket.NewRangeReader(ctx, o.key, offset, length, nil)
	if err != nil {
		return nil, o.explain(err)
	}
	if err := o.unchanged(reader); err != nil {
		_ = reader.Close()
		return nil, retry.Permanent(err)
	}
	return reader, nil
}

// unchanged compares size and time. A listing may know fractions of a second that
// the object's own header lacks.
func (o *object) unchanged(reader *blob.Reader) error {
	if reader.Size() != o.size {
		return &place.ChangedError{File: o.name, How: fmt.Sprintf("it had %d bytes and has %d", o.size, reader.Size())}
	}
	if !reader.ModTime().Truncate(time.Second).Equal(o.modified.Truncate(time.Second)) {
		return &place.ChangedError{File: o.name, How: "it was written again"}
	}
	return nil
}

// explain marks the errors that another attempt cannot cure.
func (o *object) explain(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return retry.Permanent(&place.ChangedError{File: o.name, How: "it was deleted"})
	}
	if errors.Is(err, io.EOF) {
		// A connection that ended is not the end of the object: nobody may take it so.
		return fmt.Errorf("read %s: %w: %s", o.name, io.ErrUnexpectedEOF, err.Error())
	}
	return final(fmt.Errorf("read %s: %w", o.name, err))
}

func (o *object) ReadAt(ctx context.Context, p []byte, offset int64) (int, error) {
	if offset >= o.size {
		return 0, io.EOF
	}
	length := min(int64(len(p)), o.size-offset)
	err := retry.Do(ctx, func() error {
		reader, err := o.get(ctx, offset, length)
		if err != nil {
			return err
		}
		defer func() { _ = reader.Close() }()
		if _, err := io.ReadFull(reader, p[:length]); err != nil {
			return o.explain(err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if length < int64(len(p)) {
		return int(length), io.EOF
	}
	return int(length), nil
}

func (o *object) Open(ctx context.Context) (io.ReadCloser, error) {
	return &stream{ctx: ctx, of: o}, nil
}

// stream reads an object from start to end. A connection that is cut is taken up
// again where it was.
type stream struct {
	ctx    context.Context
	of     *object
	offset int64
	reader *blob.Reader
}

func (s *stream) Read(p []byte) (int, error) {
	if s.offset == s.of.size {
		return 0, io.EOF
	}
	n := 0
	err := retry.Do(s.ctx, func() error {
		var err error
		if s.reader == nil {
			if s.reader, err = s.of.get(s.ctx, s.offset, -1); err != nil {
				return err
			}
		}
		n, err = s.reader.Read(p)
		if n > 0 {
			return nil
		}
		_ = s.reader.Close()
		s.reader = nil
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return s.of.explain(err)
	})
	s.offset += int64(n)
	return n, err
}

func (s *stream) Close() error {
	if s.reader == nil {
		return nil
	}
	if err := s.reader.Close(); err != nil {
		return fmt.Errorf("close %s: %w", s.of.name, err)
	}
	return nil
}
