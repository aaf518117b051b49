// Package bucket finds the files of a table in object stores.
//
// A store is known by the scheme of its URL and is there if its package is imported
// for its side effect: s3, gcs and azure below this one. Each brings the client
// library of its cloud, which a program that needs none should not carry.
package bucket

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/place"
	"github.com/trainyard/trainyard/internal/datasource/retry"
)

// Opener opens the bucket of a URL. Every connection is dialled by the guard.
type Opener func(ctx context.Context, from *url.URL, by *guard.Guard) (*blob.Bucket, error)

var openers = map[string]Opener{}

// Register adds a store. It is called by the init function of the store's package.
func Register(scheme string, opener Opener) { openers[scheme] = opener }

// Schemes are the stores that this program can read.
func Schemes() []string { return slices.Sorted(maps.Keys(openers)) }

// Known says whether a URL's scheme is that of a store.
func Known(scheme string) bool { return openers[scheme] != nil }

// Find lists the objects of a URL: an object's key, a prefix of keys that ends in a
// slash or stands for a folder, or a pattern of path.Match. Keys of which a part
// begins with a dot or an underscore are left out, as writers of many files use them
// for what is not data. They come sorted by key.
func Find(ctx context.Context, from *url.URL, by *guard.Guard, most int) ([]place.Object, error) {
	store, err := openers[from.Scheme](ctx, from, by)
	if err != nil {
		return nil, err
	}
	opened := &shared{bucket: store}
	var objects []place.Object
	err = retry.Do(ctx, func() error {
		objects, err = opened.list(ctx, from, most)
		return final(err)
	})
	if err == nil && len(objects) == 0 {
		err = &place.NotFoundError{Path: label(from), Why: "no object has this key, begins with it, or matches it as a pattern"}
	}
	if err != nil {
		_ = store.Close()
		return nil, fmt.Errorf("list %s: %w", label(from), err)
	}
	opened.users = len(objects)
	return objects, nil
}

// final marks the errors that another attempt cannot cure.
func final(err error) error {
	switch gcerrors.Code(err) {
	case gcerrors.NotFound, gcerrors.PermissionDenied, gcerrors.InvalidArgument, gcerrors.Unimplemented, gcerrors.FailedPrecondition:
		return retry.Permanent(err)
	}
	return err
}

// label is a URL without what is secret in it.
func label(from *url.URL) string { return from.Scheme + "://" + from.Host + from.Path }

// shared is a bucket that is closed with the last of its objects.
type shared struct {
	bucket *blob.Bucket
	users  int
}

func (s *shared) close() error {
	s.users--
	if s.users > 0 {
		return nil
	}
	if err := s.bucket.Close(); err != nil {
		return fmt.Errorf("close a bucket: %w", err)
	}
	return nil
}

func (s *shared) list(ctx context.Context, from *url.URL, most int) ([]place.Object, error) {
	key := strings.TrimPrefix(from.Path, "/")
	prefix := key
	if i := strings.IndexAny(key, `*?[\`); i >= 0 {
		prefix = key[:i]
		if _, err := path.Match(key, ""); err != nil {
			return nil, retry.Permanent(fmt.Errorf("%q is not a pattern that can be read: %w", key, err))
		}
	}
	var objects []place.Object
	listing := s.bucket.List(&blob.ListOptions{Prefix: prefix})
	for {
		found, err := listing.Next(ctx)
		if err == io.EOF { //nolint:errorlint // one that is wrapped is a connection that was cut
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("ask for keys: %w", err)
		}
		if found.IsDir || found.Size == 0 || !wanted(found.Key, key) {
			continue
		}
		if len(objects) == most {
			return nil, retry.Permanent(fmt.Errorf("more than %d objects: narrow the pattern, or raise the limit of files", most))
		}
		objects = append(objects, newObject(s, from, found))
	}
}

// wanted says whether a key is meant by what the URL says.
func wanted(key, by string) bool {
	if key == by {
		return true
	}
	if strings.ContainsAny(by, `*?[\`) {
		matches, _ := path.Match(by, key)
		return matches && !place.Hidden(path.Base(key), path.Base(by))
	}
	folder := by
	if folder != "" && !strings.HasSuffix(folder, "/") {
		folder += "/"
	}
	rest, below := strings.CutPrefix(key, folder)
	if !below {
		return false
	}
	for part := range strings.SplitSeq(rest, "/") {
		if part == "" || place.Hidden(part, "") {
			return false
		}
	}
	return true
}
