package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/trainyard/trainyard/hack/lab/internal/lockfile"
)

// keep is how long an unpacked layer is kept after it was last asked for.
const keep = 14 * 24 * time.Hour

// ErrWhiteout says that a layer takes files of lower layers away, which a plain
// folder cannot say.
var ErrWhiteout = errors.New("the layer removes files of the layers below it")

// Unpack makes sure that every layer of an archive lies unpacked in a folder
// of the cache, and returns the folders from the bottom layer up. Nodes link
// to what is in them, so that an image is unpacked once, not once a node.
func (b *Builder) Unpack(ctx context.Context, a *Archive) ([]string, error) {
	root := filepath.Join(b.Cache, "layers")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("create the cache %s: %w", root, err)
	}
	unlock, err := lockfile.Lock(ctx, filepath.Join(root, ".lock"), func() {
		b.Report.Printf("waiting for another image to be unpacked")
	})
	if err != nil {
		return nil, err
	}
	defer unlock()
	var dirs []string
	for _, l := range a.Layers {
		dir := filepath.Join(root, l.Hex)
		if _, err := os.Stat(dir); err != nil {
			if err := unpackLayer(ctx, a, l, dir); err != nil {
				return nil, err
			}
		}
		now := time.Now()
		if err := os.Chtimes(dir, now, now); err != nil {
			return nil, fmt.Errorf("mark a layer as used: %w", err)
		}
		dirs = append(dirs, filepath.Join(dir, "fs"))
	}
	return dirs, prune(root, time.Now().Add(-keep))
}

func unpackLayer(ctx context.Context, a *Archive, l v1.Hash, dir string) error {
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return fmt.Errorf("clear the way for a layer: %w", err)
	}
	root := filepath.Join(partial, "fs")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("create a folder for a layer: %w", err)
	}
	err := a.Layer(l, func(content io.Reader) error {
		cmd := exec.CommandContext(ctx, "tar", "--extract", "--file=-", "--directory="+root,
			"--numeric-owner", "--same-owner", "--preserve-permissions", "--xattrs", "--xattrs-include=*")
		cmd.Stdin = content
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("unpack a layer: %w: %s", err, lastLines(string(said), 2))
		}
		return nil
	})
	if err == nil {
		err = refuseWhiteouts(root)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(partial))
	}
	return os.Rename(partial, dir)
}

func refuseWhiteouts(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(filepath.Base(path), ".wh.") {
			err = ErrWhiteout
		}
		return err
	})
}

// prune removes layers nobody has asked for since.
func prune(root string, since time.Time) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return fmt.Errorf("list the unpacked layers: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || info.ModTime().After(since) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(root, e.Name())); err != nil {
			return fmt.Errorf("remove an old layer: %w", err)
		}
	}
	return nil
}
