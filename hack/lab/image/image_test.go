package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// project writes a small project with an image description into a folder.
func project(t *testing.T, description string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":      "module example.test/hello\n\ngo 1.26.0\n",
		"main.go":     "package main\n\nfunc main() { println(\"hello\") }\n",
		"app/b.py":    "print('b')\n",
		"app/a.sh":    "#!/bin/sh\n",
		"image.yaml":  description,
		"app/c/d.txt": "d",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "app/a.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

const hello = `
name: example.test/hello:v1
binaries: [{package: ., to: /hello}]
files: [{from: app, to: /app}]
entrypoint: [/hello]
env: {B: "2", A: "1"}
`

func build(t *testing.T, dir, cache string) *Built {
	t.Helper()
	d, err := Load(filepath.Join(dir, "image.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	built, err := (&Builder{Cache: cache}).Build(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

func TestTheSameInputsGiveTheSameDigest(t *testing.T) {
	one, two := project(t, hello), project(t, hello)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(two, "app/b.py"), later, later); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(two, "app/b.py"), 0o644); err != nil {
		t.Fatal(err)
	}
	first, second := build(t, one, t.TempDir()), build(t, two, t.TempDir())
	if first.Digest != second.Digest {
		t.Errorf("digests %s and %s", first.Digest, second.Digest)
	}
	a, errA := os.ReadFile(first.Archive)
	b, errB := os.ReadFile(second.Archive)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("the archives differ (%v, %v)", errA, errB)
	}
}

func TestOtherInputsGiveAnotherDigest(t *testing.T) {
	dir, cache := project(t, hello), t.TempDir()
	first := build(t, dir, cache)
	if err := os.WriteFile(filepath.Join(dir, "app/b.py"), []byte("print('c')\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := build(t, dir, cache)
	if first.Digest == second.Digest || first.Archive == second.Archive {
		t.Errorf("both are %s", first.Digest)
	}
	if _, err := os.Stat(first.Archive); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the older archive is still there: %v", err)
	}
}

func TestWhatIsBuiltIsFoundAgain(t *testing.T) {
	dir, cache := project(t, hello), t.TempDir()
	first := build(t, dir, cache)
	before, err := os.Stat(first.Archive)
	if err != nil {
		t.Fatal(err)
	}
	second := build(t, dir, cache)
	after, err := os.Stat(second.Archive)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the archive was written again (%v)", err)
	}
}

// TestOneBuildAtATime of an image; those of others do not wait for it.
func TestOneBuildAtATime(t *testing.T) {
	dir, b := project(t, hello), &Builder{Cache: t.TempDir()}
	d, err := Load(filepath.Join(dir, "image.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(b.dir(), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, waits := range map[string]bool{"example.test/other:v1": false, d.Name: true} {
		unlock, err := b.lock(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		if waits {
			cancel()
		}
		if _, err := b.Build(ctx, d); errors.Is(err, context.Canceled) != waits || !waits && err != nil {
			t.Errorf("while %s is built: error %v, waits should be %v", name, err, waits)
		}
		cancel()
		unlock()
	}
}

func TestLayerHoldsWhatItShould(t *testing.T) {
	archive, err := Open(build(t, project(t, hello), t.TempDir()).Archive)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = archive.Layer(archive.Layers[0], func(content io.Reader) error {
		r := tar.NewReader(content)
		for {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(Epoch) {
				t.Errorf("%s belongs to %d:%d and is of %s", h.Name, h.Uid, h.Gid, h.ModTime)
			}
			got = append(got, h.FileInfo().Mode().String()+" "+h.Name)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"drwxr-xr-x app/", "-rwxr-xr-x app/a.sh", "-rw-r--r-- app/b.py", "drwxr-xr-x app/c/", "-rw-r--r-- app/c/d.txt",
		"drwxr-xr-x etc/", "-rw-r--r-- etc/group", "-rw-r--r-- etc/passwd", "-rwxr-xr-x hello", "dtrwxrwxrwx tmp/",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
}

func TestUnpack(t *testing.T) {
	cache := t.TempDir()
	archive, err := Open(build(t, project(t, hello), cache).Archive)
	if err != nil {
		t.Fatal(err)
	}
	b := &Builder{Cache: cache}
	dirs, err := b.Unpack(context.Background(), archive)
	if os.Geteuid() != 0 && err != nil {
		t.Skipf("only root can give files to root: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(filepath.Join(dirs[0], "app/b.py")); err != nil || string(content) != "print('b')\n" {
		t.Errorf("app/b.py is %q (%v)", content, err)
	}
	old := time.Now().Add(-keep - time.Hour)
	if err := os.Chtimes(filepath.Dir(dirs[0]), old, old); err != nil {
		t.Fatal(err)
	}
	if err := prune(filepath.Dir(filepath.Dir(dirs[0])), time.Now().Add(-keep)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dirs[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a layer nobody wants is still there: %v", err)
	}
}

func TestOpenRefusesForeignArchives(t *testing.T) {
	file := filepath.Join(t.TempDir(), "foreign.tar")
	err := writeTo(file, func(w io.Writer) error {
		tree := newTree()
		tree.text("/manifest.json", "[]")
		return tree.write(w)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); !errors.Is(err, ErrForeign) {
		t.Errorf("error %v, want %v", err, ErrForeign)
	}
}

func TestRefuseWhiteouts(t *testing.T) {
	dir := t.TempDir()
	if err := refuseWhiteouts(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".wh.gone"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := refuseWhiteouts(dir); !errors.Is(err, ErrWhiteout) {
		t.Errorf("error %v, want %v", err, ErrWhiteout)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ description, want string }{
		"no tag":               {"name: example.test/x\nentrypoint: [/x]", `name "example.test/x"`},
		"no host":              {"name: x:v1\nentrypoint: [/x]", `name "x:v1"`},
		"nothing to run":       {"name: example.test/x:v1", "entrypoint"},
		"a user by name":       {"name: example.test/x:v1\nentrypoint: [/x]\nuser: root", `user "root": must be numbers`},
		"an unknown field":     {"name: example.test/x:v1\nentrypoint: [/x]\npackages: [curl]", `unknown field "packages"`},
		"an option for apt":    {"name: example.test/x:v1\nentrypoint: [/x]\ndebian: {packages: [--force]}", `"--force" is not the name of a package`},
		"a relative target":    {"name: example.test/x:v1\nentrypoint: [/x]\nfiles: [{from: a, to: b}]", `files[0].to "b"`},
		"a target that climbs": {"name: example.test/x:v1\nentrypoint: [/x]\nfiles: [{from: a, to: /a/../b}]", "clean absolute path"},
		"two for one target":   {"name: example.test/x:v1\nentrypoint: [/x]\nfiles: [{from: a, to: /b}, {from: c, to: /b}]", "is there twice"},
		"two C libraries":      {"name: example.test/x:v1\nentrypoint: [/x]\ndebian: {packages: [a]}\nbinaries: [{package: ., to: /x, cgo: true}]", "leave debian out"},
		"libraries for nobody": {"name: example.test/x:v1\nentrypoint: [/x]\nlibraries: [libm.so.6]", "leave them out"},
		"a library by path":    {"name: example.test/x:v1\nentrypoint: [/x]\nlibraries: [/lib/libm.so.6]\nbinaries: [{package: ., to: /x, cgo: true}]", `libraries[0] "/lib/libm.so.6"`},
		"a nameless binary":    {"name: example.test/x:v1\nentrypoint: [/x]\nbinaries: [{to: /x}]", "binaries[0].package"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "image.yaml")
			if err := os.WriteFile(file, []byte(tc.description), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(file); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func hashOf(hex string) v1.Hash { return v1.Hash{Algorithm: "sha256", Hex: hex} }

func TestChain(t *testing.T) {
	a := &Archive{}
	for _, hex := range []string{"27607170c42a6b76a73ccc3cc829d14924790d20a28d57f2c479135464f89ec4",
		"5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"} {
		a.Layers = append(a.Layers, hashOf(hex))
	}
	// As containerd computed it when it imported these two layers.
	want := "sha256:27e18aac5ced3e8b387648823c7efdfd91f3e24c5e6473be6c34b3b54ebed1c0"
	if got := a.Chain(2); got != want {
		t.Errorf("chain %s, want %s", got, want)
	}
	if got := a.Chain(1); got != a.Layers[0].String() {
		t.Errorf("chain of one layer %s", got)
	}
}

func TestCABundle(t *testing.T) {
	if _, err := caBundle([]string{"/nowhere"}); err == nil || !strings.Contains(err.Error(), "install the package ca-certificates") {
		t.Errorf("error %v", err)
	}
}
