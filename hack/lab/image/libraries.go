package image

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// cgoFlags let symbols be bound when they are first called, so that a library
// which a program opens at run time may lack some that it never calls.
const cgoFlags = "-s -w -buildid= -extldflags=-Wl,-z,lazy"

// libraries adds to a tree what a program needs of the C library that it was
// linked to, this machine's: the loader, the libraries it names and theirs, and
// further ones that are opened at run time. They lie where the loader looks.
func libraries(ctx context.Context, t *tree, program string, further []string) error {
	loader, needed, err := dependencies(program)
	if err != nil {
		return err
	}
	if loader == "" {
		return fmt.Errorf("%s names no loader: it is static, and needs no cgo: true", program)
	}
	if err := addLibrary(t, loader, loader); err != nil {
		return err
	}
	done := map[string]bool{filepath.Base(loader): true}
	for needed = append(needed, further...); len(needed) > 0; needed = needed[1:] {
		name := needed[0]
		if done[name] {
			continue
		}
		done[name] = true
		at, err := findLibrary(ctx, name)
		if err != nil {
			return err
		}
		if err := addLibrary(t, at, at); err != nil {
			return err
		}
		_, more, err := dependencies(at)
		if err != nil {
			return err
		}
		needed = append(needed, more...)
	}
	return nil
}

// dependencies are what a program or library names: its loader, and the
// libraries it needs.
func dependencies(file string) (loader string, needed []string, err error) {
	f, err := elf.Open(file)
	if err != nil {
		return "", nil, fmt.Errorf("read %s: %w", file, err)
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		name := make([]byte, p.Filesz)
		if _, err := p.ReadAt(name, 0); err != nil {
			return "", nil, fmt.Errorf("read the loader of %s: %w", file, err)
		}
		loader = strings.TrimRight(string(name), "\x00")
	}
	if needed, err = f.ImportedLibraries(); err != nil {
		return "", nil, fmt.Errorf("read the libraries of %s: %w", file, err)
	}
	return loader, needed, nil
}

// findLibrary asks the C compiler, which links with the same libraries.
func findLibrary(ctx context.Context, name string) (string, error) {
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	out, err := exec.CommandContext(ctx, cc, "-print-file-name="+name).Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for %s (install gcc, or set CC): %w", cc, name, err)
	}
	at := filepath.Clean(strings.TrimSpace(string(out)))
	if !filepath.IsAbs(at) {
		return "", fmt.Errorf("library %s: %w on this machine: install it, or leave it out", name, errNoLibrary)
	}
	return at, nil
}

var errNoLibrary = errors.New("does not exist")

// addLibrary adds a file where links lead on this machine, under the name that
// is asked for.
func addLibrary(t *tree, to, from string) error {
	source, err := filepath.EvalSymlinks(from)
	if err != nil {
		return fmt.Errorf("find the library %s: %w", from, err)
	}
	t.file(to, source, 0o755)
	return nil
}
