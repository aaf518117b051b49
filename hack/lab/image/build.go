package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/trainyard/trainyard/hack/lab/internal/lockfile"
	"github.com/trainyard/trainyard/hack/lab/internal/progress"
)

const architecture = runtime.GOARCH

// Builder builds images into Cache/images.
type Builder struct {
	Cache  string
	Report *progress.Reporter
}

// Built is an image on the disk.
type Built struct {
	Name    string `json:"name"`
	Archive string `json:"archive"`
	Digest  string `json:"digest"`
}

func (b *Builder) dir() string { return filepath.Join(b.Cache, "images") }

// Build builds an image, or finds it in the cache, where it lies under a
// digest of all that went into it.
func (b *Builder) Build(ctx context.Context, d *Description) (*Built, error) {
	if err := os.MkdirAll(b.dir(), 0o755); err != nil {
		return nil, fmt.Errorf("create the cache %s: %w (set TRAINYARD_CACHE to a folder that can be written)", b.dir(), err)
	}
	unlock, err := b.lock(ctx, d.Name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	work, err := os.MkdirTemp(b.dir(), ".work-")
	if err != nil {
		return nil, fmt.Errorf("create a folder to work in: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	img, err := b.assemble(ctx, d, work)
	if err != nil {
		return nil, err
	}
	return b.store(d.Name, img)
}

// lock keeps two processes from building the same thing at once. Whoever builds
// something else does not wait.
func (b *Builder) lock(ctx context.Context, what string) (unlock func(), err error) {
	return lockfile.Lock(ctx, filepath.Join(b.dir(), ".lock-"+fileName(what)), func() {
		b.Report.Printf("waiting for another process that builds %s", what)
	})
}

func (b *Builder) assemble(ctx context.Context, d *Description, work string) (v1.Image, error) {
	var layers []v1.Layer
	if d.Debian != nil {
		base, err := b.debian(ctx, d.Debian)
		if err != nil {
			return nil, err
		}
		layers = append(layers, base)
	}
	own, err := b.ownLayer(ctx, d, work)
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), append(layers, own)...)
	if err != nil {
		return nil, fmt.Errorf("put the layers of %s together: %w", d.Name, err)
	}
	img, err = mutate.ConfigFile(mutate.ConfigMediaType(img, types.OCIConfigJSON), configFile(d, layers, own))
	if err != nil {
		return nil, fmt.Errorf("describe the image %s: %w", d.Name, err)
	}
	return img, nil
}

func configFile(d *Description, layers []v1.Layer, own v1.Layer) *v1.ConfigFile {
	config := &v1.ConfigFile{
		Architecture: architecture,
		OS:           "linux",
		Created:      v1.Time{Time: Epoch},
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: d.Entrypoint,
			Cmd:        d.Cmd,
			WorkingDir: d.WorkingDir,
			User:       d.User,
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		},
	}
	for _, name := range slices.Sorted(maps.Keys(d.Env)) {
		config.Config.Env = append(config.Config.Env, name+"="+d.Env[name])
	}
	for _, l := range append(layers, own) {
		diff, _ := l.DiffID() // ours never fail
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, diff)
		config.History = append(config.History, v1.History{Created: v1.Time{Time: Epoch}, CreatedBy: "lab image build"})
	}
	return config
}

// ownLayer packs what is not Debian's.
func (b *Builder) ownLayer(ctx context.Context, d *Description, work string) (*layer, error) {
	t := newTree()
	if d.Debian == nil {
		uid, gid, _ := strings.Cut(d.User, ":")
		t.text("/etc/passwd", fmt.Sprintf("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:%s:%s:nonroot:/:/sbin/nologin\n", uid, gid))
		t.text("/etc/group", fmt.Sprintf("root:x:0:\nnonroot:x:%s:\n", gid))
		t.dir("/tmp", 0o777|fs.ModeSticky)
	}
	if d.CACertificates {
		bundle, err := caBundle(caBundles)
		if err != nil {
			return nil, err
		}
		t.file("/etc/ssl/certs/ca-certificates.crt", bundle, 0o644)
	}
	for i, binary := range d.Binaries {
		built := filepath.Join(work, fmt.Sprintf("binary-%d", i))
		if err := b.compile(ctx, d, binary, built); err != nil {
			return nil, err
		}
		t.file(binary.To, built, 0o755)
		if binary.CGO {
			if err := libraries(ctx, t, built, d.Libraries); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range d.Files {
		if err := t.copy(d.path(f.From), f.To); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(work, "layer.tar")
	if err := writeTo(file, t.write); err != nil {
		return nil, err
	}
	return openLayer(file)
}

func (b *Builder) compile(ctx context.Context, d *Description, binary Binary, out string) error {
	return b.Report.Step("compile "+binary.Package, func() error {
		cgo, flags := "CGO_ENABLED=0", "-s -w -buildid="
		if binary.CGO {
			cgo, flags = "CGO_ENABLED=1", cgoFlags
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
			"-tags", strings.Join(binary.Tags, ","), "-ldflags", flags, "-o", out, binary.Package)
		cmd.Dir = d.path(binary.Module)
		cmd.Env = append(os.Environ(), cgo, "GOOS=linux", "GOFLAGS=")
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("compile %s: %w\n%s", binary.Package, err, said)
		}
		return nil
	})
}

// caBundles are where distributions keep the authorities they trust.
var caBundles = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}

func caBundle(places []string) (string, error) {
	for _, place := range places {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		}
	}
	return "", fmt.Errorf("caCertificates: none of %s exists: install the package ca-certificates", strings.Join(places, ", "))
}

// store writes the image's archive, unless it is there.
func (b *Builder) store(name string, img v1.Image) (*Built, error) {
	digest, err := img.Digest()
	if err != nil {
		return nil, fmt.Errorf("digest of %s: %w", name, err)
	}
	key := fingerprint(name, digest.Hex)
	file := filepath.Join(b.dir(), fileName(name)+"-"+key+".tar")
	built := &Built{Name: name, Archive: file, Digest: digest.String()}
	if _, err := os.Stat(file); err == nil {
		return built, nil
	}
	err = b.Report.Step("pack "+name, func() error {
		return writeTo(file, func(w io.Writer) error { return writeArchive(w, name, img) })
	})
	if err != nil {
		return nil, err
	}
	b.forgetOlder(name, file)
	return built, nil
}

// forgetOlder removes archives of earlier builds of the same name.
func (b *Builder) forgetOlder(name, newest string) {
	all, err := filepath.Glob(filepath.Join(b.dir(), fileName(name)+"-????????.tar"))
	if err != nil {
		return
	}
	for _, file := range all {
		if file != newest {
			_ = os.Remove(file)
		}
	}
}

func fileName(image string) string { return strings.NewReplacer("/", "_", ":", "_").Replace(image) }

// fingerprint is a short digest of some values.
func fingerprint(values ...any) string {
	content, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings and lists of them can always be encoded
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])[:8]
}

// writeTo writes a file as a whole or not at all.
func writeTo(file string, write func(io.Writer) error) error {
	partial := file + ".partial"
	f, err := os.Create(partial)
	if err != nil {
		return fmt.Errorf("create %s: %w", file, err)
	}
	err = write(f)
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("write %s: %w", file, closeErr)
	}
	if err == nil {
		err = os.Rename(partial, file)
	}
	if err != nil {
		_ = os.Remove(partial)
	}
	return err
}
