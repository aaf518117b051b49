package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// ErrForeign says that an archive is none that this package wrote: it may be
// a good image all the same.
var ErrForeign = errors.New("not an archive of uncompressed layers with one named image")

// Archive is an image archive, read.
type Archive struct {
	Path     string
	Name     string
	Manifest v1.Hash
	Config   v1.Hash
	// Layers are the layers from the bottom up, by what they unpack to.
	Layers []v1.Hash

	small map[string][]byte // everything but the layers, by name
}

// maxSmall is how large an index, a manifest or a config may be.
const maxSmall = 4 << 20

// Open reads an archive, but not its layers.
func Open(path string) (*Archive, error) {
	a := &Archive{Path: path, small: map[string][]byte{}}
	err := a.each(func(h *tar.Header, content io.Reader) error {
		if h.Size > maxSmall || h.Typeflag != tar.TypeReg {
			return nil
		}
		bytes, err := io.ReadAll(content)
		a.small[h.Name] = bytes
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, a.parse()
}

// each calls f for every entry of the archive.
func (a *Archive) each(f func(*tar.Header, io.Reader) error) error {
	file, err := os.Open(a.Path)
	if err != nil {
		return fmt.Errorf("open an image archive: %w", err)
	}
	defer func() { _ = file.Close() }()
	r := tar.NewReader(file)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = f(h, r)
		}
		if err != nil {
			return fmt.Errorf("read the image archive %s: %w", a.Path, err)
		}
	}
}

func (a *Archive) parse() error {
	var index v1.IndexManifest
	if json.Unmarshal(a.small["index.json"], &index) != nil || len(index.Manifests) != 1 {
		return ErrForeign
	}
	a.Manifest = index.Manifests[0].Digest
	a.Name = index.Manifests[0].Annotations["io.containerd.image.name"]
	var manifest v1.Manifest
	if json.Unmarshal(a.small[blob(a.Manifest)], &manifest) != nil || a.Name == "" {
		return ErrForeign
	}
	a.Config = manifest.Config.Digest
	for _, l := range manifest.Layers {
		if l.MediaType != types.OCIUncompressedLayer {
			return ErrForeign
		}
		a.Layers = append(a.Layers, l.Digest)
	}
	if a.small[blob(a.Config)] == nil {
		return ErrForeign
	}
	return nil
}

// Chain returns what containerd calls the file system of the first n layers.
func (a *Archive) Chain(n int) string {
	chain := a.Layers[0].String()
	for _, l := range a.Layers[1:n] {
		sum := sha256.Sum256([]byte(chain + " " + l.String()))
		chain = "sha256:" + hex.EncodeToString(sum[:])
	}
	return chain
}

// WriteMeta writes the archive without its layers.
func (a *Archive) WriteMeta(out io.Writer) error {
	w := tar.NewWriter(out)
	meta := archiveWriter{w: w}
	for _, name := range []string{"oci-layout", "index.json", blob(a.Manifest), blob(a.Config)} {
		meta.bytes(name, a.small[name])
	}
	if meta.err == nil {
		meta.err = w.Close()
	}
	if meta.err != nil {
		return fmt.Errorf("write the description of %s: %w", a.Name, meta.err)
	}
	return nil
}

// Layer calls f with the content of a layer, a tar archive.
func (a *Archive) Layer(digest v1.Hash, f func(io.Reader) error) error {
	found := false
	err := a.each(func(h *tar.Header, content io.Reader) error {
		if strings.TrimPrefix(h.Name, "./") != blob(digest) {
			return nil
		}
		found = true
		return f(content)
	})
	if err == nil && !found {
		err = fmt.Errorf("image archive %s: the layer %s is missing", a.Path, digest)
	}
	return err
}
