package spill

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Store makes temporary files and bounds their size together.
type Store struct {
	folder string
	most   int64
	used   int64
	// create is os.CreateTemp but in tests of a full disk.
	create func(folder, pattern string) (*os.File, error)
}

// NewStore keeps files in the folder, or in the system's for temporary files.
func NewStore(folder string, most int64) *Store {
	if folder == "" {
		folder = os.TempDir()
	}
	return &Store{folder: folder, most: most, create: os.CreateTemp}
}

// file is a temporary file, written once from start to end and then read from any
// offset.
type file struct {
	store *Store
	// buffer is small for tables of many columns; nil until the first write.
	buffer []byte
	size   int
	file   *os.File
	// length is what was written, the buffer included.
	length int64
}

func (s *Store) newFile(buffer int) *file { return &file{store: s, size: buffer} }

func (f *file) write(p []byte) error {
	f.length += int64(len(p))
	if len(f.buffer)+len(p) > f.size {
		if err := f.flush(); err != nil {
			return err
		}
		if len(p) > f.size {
			return f.append(p)
		}
	}
	if f.buffer == nil {
		f.buffer = make([]byte, 0, f.size)
	}
	f.buffer = append(f.buffer, p...)
	return nil
}

func (f *file) flush() error {
	if len(f.buffer) == 0 {
		return nil
	}
	err := f.append(f.buffer)
	f.buffer = f.buffer[:0]
	return err
}

func (f *file) append(p []byte) error {
	if f.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	f.store.used += int64(len(p))
	if f.store.used > f.store.most {
		return &table.LimitError{
			Source: f.store.folder,
			What:   fmt.Sprintf("more than %d bytes of temporary files", f.store.most),
			Cure:   "name the columns to read, read a shorter window, or raise the limit",
		}
	}
	if _, err := f.file.Write(p); err != nil {
		return f.store.explain(err)
	}
	return nil
}

// open creates the file and takes its name away at once.
func (f *file) open() error {
	created, err := f.store.create(f.store.folder, "trainyard-*.column")
	if err != nil {
		return f.store.explain(err)
	}
	if err := forget(created); err != nil {
		_ = created.Close()
		return fmt.Errorf("unlink a temporary file: %w", err)
	}
	f.file = created
	return nil
}

// forget unlinks a temporary file; what is not one, as in tests, is left alone.
func forget(created *os.File) error {
	info, err := created.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err //nolint:wrapcheck // wrapped by the caller
	}
	return os.Remove(created.Name()) //nolint:wrapcheck // wrapped by the caller
}

func (s *Store) explain(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("the disk of the temporary files, %s, is full after %d bytes: "+
			"name the columns to read, read a shorter window, or spill to another folder: %w", s.folder, s.used, err)
	}
	return fmt.Errorf("write a temporary file in %s: %w", s.folder, err)
}

// seal writes what is left; the file can be read from then on.
func (f *file) seal() error {
	err := f.flush()
	f.buffer = nil
	return err
}

// reader reads from the start; several may read at once.
func (f *file) reader() *bufio.Reader {
	const ahead = 256 << 10
	if f.file == nil {
		return bufio.NewReader(eof{})
	}
	return bufio.NewReaderSize(io.NewSectionReader(f.file, 0, f.length), ahead)
}

// eof is a reader of nothing.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

func (f *file) close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	if err != nil {
		return fmt.Errorf("close a temporary file: %w", err)
	}
	return nil
}
