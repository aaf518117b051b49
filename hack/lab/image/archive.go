package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// writeArchive writes an image as an OCI archive: an OCI image layout in a
// tar, as containerd, Podman and recent Docker engines load it.
func writeArchive(out io.Writer, name string, img v1.Image) error {
	tag := name[strings.LastIndexByte(name, ':')+1:]
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: img,
		Descriptor: v1.Descriptor{
			Annotations: map[string]string{
				"io.containerd.image.name":          name,
				"org.opencontainers.image.ref.name": tag,
			},
			Platform: &v1.Platform{OS: "linux", Architecture: architecture},
		},
	})
	rawIndex, err := index.RawManifest()
	if err != nil {
		return fmt.Errorf("describe the archive: %w", err)
	}
	w := tar.NewWriter(out)
	a := archiveWriter{w: w}
	a.bytes("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	a.bytes("index.json", rawIndex)
	a.image(img)
	if a.err != nil {
		return fmt.Errorf("write the archive of %s: %w", name, a.err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("finish the archive of %s: %w", name, err)
	}
	return nil
}

// archiveWriter remembers the first error, after which it does nothing.
type archiveWriter struct {
	w   *tar.Writer
	err error
}

func (a *archiveWriter) bytes(name string, content []byte) {
	a.stream(name, int64(len(content)), bytes.NewReader(content))
}

func (a *archiveWriter) stream(name string, size int64, content io.Reader) {
	if a.err != nil {
		return
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: Epoch, Format: tar.FormatPAX}
	if a.err = a.w.WriteHeader(header); a.err == nil {
		_, a.err = io.Copy(a.w, content)
	}
}

func (a *archiveWriter) image(img v1.Image) {
	manifest, err := img.RawManifest()
	a.note(err)
	digest, err := img.Digest()
	a.note(err)
	a.bytes(blob(digest), manifest)
	config, err := img.RawConfigFile()
	a.note(err)
	configDigest, err := img.ConfigName()
	a.note(err)
	a.bytes(blob(configDigest), config)
	layers, err := img.Layers()
	a.note(err)
	for _, l := range layers {
		a.layer(l)
	}
}

func (a *archiveWriter) layer(l v1.Layer) {
	digest, err := l.Digest()
	a.note(err)
	size, err := l.Size()
	a.note(err)
	if a.err != nil {
		return
	}
	content, err := l.Compressed()
	a.note(err)
	if a.err != nil {
		return
	}
	a.stream(blob(digest), size, content)
	a.note(content.Close())
}

func (a *archiveWriter) note(err error) {
	if a.err == nil {
		a.err = err
	}
}

func blob(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }
