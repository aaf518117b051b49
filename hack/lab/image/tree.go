package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Epoch is the time stamp of everything in an image.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// tree is what a layer will hold, by path. What is written from it depends on
// nothing but names, modes and contents.
type tree struct {
	entries map[string]entry
}

type entry struct {
	mode    fs.FileMode
	content []byte // of a small file
	source  string // of a large one
	link    string // of a symbolic link
}

func newTree() *tree { return &tree{entries: map[string]entry{}} }

// dir adds a folder.
func (t *tree) dir(name string, mode fs.FileMode) { t.entries[name] = entry{mode: mode | fs.ModeDir} }

// text adds a small file.
func (t *tree) text(name, content string) {
	t.entries[name] = entry{mode: 0o644, content: []byte(content)}
}

// file adds a file from the disk.
func (t *tree) file(name, source string, mode fs.FileMode) {
	t.entries[name] = entry{mode: mode, source: source}
}

// copy adds a file or a folder from the disk. Only whether a file can be
// executed is kept of its mode, for the rest depends on who checked it out.
func (t *tree) copy(from, to string) error {
	return filepath.WalkDir(from, func(source string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("copy into the image: %w", err)
		}
		relative, err := filepath.Rel(from, source)
		if err != nil {
			return fmt.Errorf("copy into the image: %w", err)
		}
		name := path.Join(to, filepath.ToSlash(relative))
		info, err := d.Info()
		if err != nil {
			return fmt.Errorf("copy into the image: %w", err)
		}
		switch {
		case d.Name() == "__pycache__" && d.IsDir():
			return fs.SkipDir
		case d.IsDir():
			t.dir(name, 0o755)
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(source)
			if err != nil {
				return fmt.Errorf("copy into the image: %w", err)
			}
			t.entries[name] = entry{mode: fs.ModeSymlink | 0o777, link: link}
		case info.Mode().IsRegular():
			t.file(name, source, normal(info.Mode()))
		default:
			return fmt.Errorf("copy into the image: %s is neither a file, a folder nor a link", source)
		}
		return nil
	})
}

// normal is a file's mode without what differs from one checkout to another.
func normal(mode fs.FileMode) fs.FileMode {
	if mode&0o100 != 0 {
		return 0o755
	}
	return 0o644
}

// write writes the tree as a tar archive: parents first, everything sorted,
// owned by root.
func (t *tree) write(out io.Writer) error {
	t.addParents()
	w := tar.NewWriter(out)
	for _, name := range slices.Sorted(maps.Keys(t.entries)) {
		if err := writeEntry(w, name, t.entries[name]); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("finish the layer: %w", err)
	}
	return nil
}

func (t *tree) addParents() {
	for name := range maps.Clone(t.entries) {
		for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
			if _, there := t.entries[dir]; !there {
				t.dir(dir, 0o755)
			}
		}
	}
}

func writeEntry(w *tar.Writer, name string, e entry) error {
	header := &tar.Header{
		Name:    strings.TrimPrefix(name, "/"),
		Mode:    tarMode(e.mode),
		ModTime: Epoch,
		Format:  tar.FormatPAX,
	}
	switch {
	case e.mode.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
		return w.WriteHeader(header)
	case e.link != "":
		header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
		return w.WriteHeader(header)
	case e.source == "":
		header.Typeflag, header.Size = tar.TypeReg, int64(len(e.content))
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err := w.Write(e.content)
		return err
	}
	return writeFile(w, header, e.source)
}

func writeFile(w *tar.Writer, header *tar.Header, source string) (err error) {
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header.Typeflag, header.Size = tar.TypeReg, info.Size()
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

func tarMode(mode fs.FileMode) int64 {
	m := int64(mode.Perm())
	if mode&fs.ModeSticky != 0 {
		m |= 0o1000
	}
	return m
}
