package place

import (
	"context"
	"fmt"
	"io"
)

// Object is a file in some place. Its content is what it was when it was found: one
// that changes under the reader's hands is a *ChangedError, never a mixture.
type Object interface {
	// Name is what messages call it.
	Name() string
	// Size in bytes, or -1 for a pipe.
	Size() int64
	// ReadAt fills p from the offset, or says why not.
	ReadAt(ctx context.Context, p []byte, offset int64) (int, error)
	// Open reads from the start to Size.
	Open(ctx context.Context) (io.ReadCloser, error)
	Close() error
}

// ChangedError is a file that was written to while it was read.
type ChangedError struct{ File, How string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s changed while it was read (%s): read it again when its writer is done, or read a copy",
		e.File, e.How)
}

// NotFoundError is a path, pattern or prefix without any file.
type NotFoundError struct{ Path, Why string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("no data at %s: %s", e.Path, e.Why) }

// Hidden says whether writers of many files use a name for what is not data: it begins
// with a dot or an underscore, and the pattern that it matches does not.
func Hidden(name, pattern string) bool {
	if name == "" || name[0] != '.' && name[0] != '_' {
		return false
	}
	return pattern == "" || pattern[0] != name[0]
}

// Total is the size of all objects, or 0 where one is unknown.
func Total(objects []Object) int64 {
	total := int64(0)
	for _, object := range objects {
		if object.Size() < 0 {
			return 0
		}
		total += object.Size()
	}
	return total
}

// CloseAll closes every object.
func CloseAll(objects []Object) {
	for _, object := range objects {
		_ = object.Close()
	}
}
