package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layer is an uncompressed layer that lies on the disk. Images never leave
// the machine: to compress them would only cost time, twice.
type layer struct {
	file   string
	digest v1.Hash
	size   int64
}

var _ v1.Layer = (*layer)(nil)

// openLayer takes a tar archive as a layer.
func openLayer(file string) (_ *layer, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open a layer: %w", err)
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	if err != nil {
		return nil, fmt.Errorf("read the layer %s: %w", file, err)
	}
	digest := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}
	return &layer{file: file, digest: digest, size: size}, nil
}

// Digest is that of what is stored, which is what is unpacked.
func (l *layer) Digest() (v1.Hash, error) { return l.digest, nil }

// DiffID is that of what is unpacked.
func (l *layer) DiffID() (v1.Hash, error) { return l.digest, nil }

// Compressed returns what is stored.
func (l *layer) Compressed() (io.ReadCloser, error) { return l.Uncompressed() }

// Uncompressed returns what is unpacked.
func (l *layer) Uncompressed() (io.ReadCloser, error) {
	f, err := os.Open(l.file)
	if err != nil {
		return nil, fmt.Errorf("open a layer: %w", err)
	}
	return f, nil
}

// Size is the number of bytes stored.
func (l *layer) Size() (int64, error) { return l.size, nil }

// MediaType says that nothing is compressed.
func (l *layer) MediaType() (types.MediaType, error) { return types.OCIUncompressedLayer, nil }
