package place

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Local finds files on this machine: a file, a pattern of path/filepath.Match, or a
// folder, which stands for all files below it but those whose name begins with a dot
// or an underscore, as writers of many files leave them. They come sorted by name.
func Local(path string, most int) ([]Object, error) {
	names, err := expand(path)
	if err != nil {
		return nil, err
	}
	if len(names) > most {
		return nil, tooMany(path, len(names), most)
	}
	objects := make([]Object, 0, len(names))
	for _, name := range names {
		object, err := openLocal(name)
		if err != nil {
			CloseAll(objects)
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func tooMany(path string, have, most int) error {
	return fmt.Errorf("%s has %d files, more than %d: narrow the pattern, or raise the limit of files", path, have, most)
}

func expand(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return below(path)
	case err == nil:
		return []string{path}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("look for data: %w", err)
	}
	names, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("%s is not a pattern that can be read: %w", path, err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return Hidden(filepath.Base(name), filepath.Base(path)) })
	if len(names) == 0 {
		return nil, &NotFoundError{Path: path, Why: "there is no such file, and no file matches it as a pattern"}
	}
	slices.Sort(names)
	return names, nil
}

func below(folder string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := path != folder && Hidden(entry.Name(), "")
		switch {
		case hidden && entry.IsDir():
			return filepath.SkipDir
		case !hidden && !entry.IsDir():
			names = append(names, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", folder, err)
	}
	if len(names) == 0 {
		return nil, &NotFoundError{Path: folder, Why: "the folder holds no file"}
	}
	slices.Sort(names)
	return names, nil
}

// localFile is a file as it was when it was opened: what is appended later is not
// read.
type localFile struct {
	name string
	file *os.File
	size int64
}

func openLocal(name string) (Object, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open data: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("look at %s: %w", name, err)
	}
	size := info.Size()
	switch {
	case info.IsDir():
		_ = file.Close()
		return nil, fmt.Errorf("%s is a folder: a pattern matches files only", name)
	case !info.Mode().IsRegular():
		size = -1
	}
	return &localFile{name: name, file: file, size: size}, nil
}

func (f *localFile) Name() string { return f.name }
func (f *localFile) Size() int64  { return f.size }

func (f *localFile) Close() error {
	if err := f.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close %s: %w", f.name, err)
	}
	return nil
}

func (f *localFile) ReadAt(ctx context.Context, p []byte, offset int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("read %s: %w", f.name, context.Cause(ctx))
	}
	n, err := f.file.ReadAt(p, offset)
	if errors.Is(err, io.EOF) && offset+int64(len(p)) <= f.size {
		return n, &ChangedError{File: f.name, How: fmt.Sprintf("it was %d bytes and is shorter now", f.size)}
	}
	return n, err //nolint:wrapcheck // the caller names the file; io.EOF is passed as it is
}

func (f *localFile) Open(ctx context.Context) (io.ReadCloser, error) {
	if f.size < 0 {
		return io.NopCloser(&ctxReader{ctx: ctx, r: f.file}), nil
	}
	return &localStream{ctx: ctx, of: f}, nil
}

// localStream reads a file up to the size that it had when it was opened.
type localStream struct {
	ctx    context.Context
	of     *localFile
	offset int64
}

func (s *localStream) Read(p []byte) (int, error) {
	left := s.of.size - s.offset
	if left == 0 {
		return 0, io.EOF
	}
	n, err := s.of.ReadAt(s.ctx, p[:min(int64(len(p)), left)], s.offset)
	s.offset += int64(n)
	return n, err
}

// Close leaves the file open for other readers.
func (s *localStream) Close() error { return nil }

// Grown says whether the file is longer now than it was when it was opened.
func (s *localStream) Grown() bool {
	info, err := s.of.file.Stat()
	return err == nil && info.Size() > s.of.size
}

// ctxReader ends with its context.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *ctxReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, fmt.Errorf("read a pipe: %w", context.Cause(r.ctx))
	}
	return r.r.Read(p) //nolint:wrapcheck // io.EOF is passed as it is
}
