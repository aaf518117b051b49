package profile

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// FileVersion names the format of a saved profile: a zip archive of manifest.json
// and one member a column, whose SHA-256 the manifest holds. The profile's
// identity is the SHA-256 of the manifest.
const FileVersion = "trainyard.dev/reference-profile/v1"

// How a reference's distributions are kept.
const (
	Exact  = "Exact"
	Binned = "Binned"
)

const (
	manifestName = "manifest.json"
	// mostManifest bounds the manifest, mostColumn a column's data, in bytes.
	mostManifest = 256 << 20
	mostColumn   = 1 << 34
)

// File is a saved reference.
type File struct {
	manifest manifest
	name     string
	identity string
	archive  *zip.Reader
	closer   io.Closer
	keyID    string
	past     *File
}

// IsFile says whether a file begins as a saved profile does.
func IsFile(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	var head [4]byte
	_, err = io.ReadFull(file, head[:])
	return err == nil && string(head[:]) == "PK\x03\x04"
}

// Load opens a saved profile. key is what sensitive categories were hashed with.
func Load(path string, hashKey []byte) (*File, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s is no saved profile: %w", path, err)
	}
	f, err := readFile(&archive.Reader, path)
	if err != nil {
		return nil, errors.Join(err, archive.Close())
	}
	f.closer = archive
	if len(hashKey) > 0 {
		f.keyID = keyedHash(hashKey, "")
	}
	if f.manifest.Anchor != nil {
		f.past = &File{manifest: *f.manifest.Anchor, name: path, identity: f.manifest.Anchor.Identity, archive: f.archive, keyID: f.keyID}
	}
	return f, nil
}

func readFile(archive *zip.Reader, path string) (*File, error) {
	f := &File{name: path, archive: archive}
	raw, err := f.member(manifestName, mostManifest)
	if err != nil {
		return nil, fmt.Errorf("%s is no saved profile: %w", path, err)
	}
	if err := json.Unmarshal(raw, &f.manifest); err != nil {
		return nil, fmt.Errorf("%s: the manifest is damaged: %w: save the profile again", path, err)
	}
	if f.manifest.Version != FileVersion {
		return nil, fmt.Errorf("%s: its version is %q, this profiler reads %s: save the profile again", path, f.manifest.Version, FileVersion)
	}
	f.identity = digest(raw)
	return f, nil
}

func (f *File) member(name string, most int64) ([]byte, error) {
	for _, m := range f.archive.File {
		if m.Name != name {
			continue
		}
		if m.UncompressedSize64 > uint64(most) {
			return nil, fmt.Errorf("%s has %d bytes, more than the %d that are read", name, m.UncompressedSize64, most)
		}
		r, err := m.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		raw, err := io.ReadAll(io.LimitReader(r, most))
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return raw, nil
	}
	return nil, fmt.Errorf("it holds no %s", name)
}

// Close gives the file back.
func (f *File) Close() error {
	if err := f.closer.Close(); err != nil {
		return fmt.Errorf("close %s: %w", f.name, err)
	}
	return nil
}

// Input implements Reference.
func (f *File) Input() report.Input {
	m := f.manifest
	return report.Input{Name: m.Name, Rows: m.Rows, Columns: len(m.Columns), From: m.From, To: m.To, Profile: f.identity, Exactness: m.Exactness}
}

// Schema implements Reference.
func (f *File) Schema() table.Schema {
	var s table.Schema
	for _, c := range f.manifest.Columns {
		s = append(s, table.Field{Name: c.Name, Type: c.Stored})
	}
	return s
}

func (f *File) rows() *View { return nil }

func (f *File) anchor() Reference {
	if f.past == nil {
		return nil
	}
	return f.past
}

func (f *File) lookup(name string) (*savedColumn, error) {
	for i := range f.manifest.Columns {
		if f.manifest.Columns[i].Name == name {
			return &f.manifest.Columns[i], nil
		}
	}
	return nil, fmt.Errorf("%s has no column %q", f.name, name)
}

func (f *File) kind(_ context.Context, o *Options, said schema.Column, current *table.Column) (drift.Kind, error) {
	saved, err := f.lookup(current.Name)
	if err != nil {
		return drift.Unknown, err
	}
	if said.Kind != "" && drift.Kind(said.Kind) != saved.Kind {
		return drift.Unknown, fmt.Errorf("%s holds column %q as %s, and the schema says %s: save it again with this schema", f.name, saved.Name, saved.Kind, said.Kind)
	}
	if f.manifest.Compat != o.Compat {
		return saved.Kind, fmt.Errorf("%s was saved with --compat %s, which decides kinds and what is kept: compare with it, or save it again", f.name, f.manifest.Compat)
	}
	return saved.Kind, nil
}

func (f *File) blocks(_ *Options, current *View) (blocks, error) {
	m := f.manifest
	b := blocks{length: m.Block, season: m.Season, count: m.Blocks, typical: m.BlockRows}
	have := current.length()
	if m.Block.Rows > 0 {
		have = schema.Length{Rows: current.Rows()}
	}
	const nearly = 0.9
	if float64(have.Time) < nearly*float64(m.Block.Time) || float64(have.Rows) < nearly*float64(m.Block.Rows) {
		return b, fmt.Errorf("the current window is %s long, and %s knows what windows of %s do by chance: widen the window, or save the reference with --block %s",
			have, f.name, m.Block, have)
	}
	return b, f.inPhase(current)
}

// inPhase says whether a window is at the phase of the season that the blocks are
// at: that of the window which follows the reference.
func (f *File) inPhase(current *View) error {
	m := f.manifest
	if m.Season.Time == 0 || m.To == nil || current.times == nil {
		return nil
	}
	season := time.Duration(m.Season.Time)
	off := ((current.period0().From.Sub(*m.To) % season) + season) % season
	if off > season/20 && off < season-season/20 {
		return fmt.Errorf("%s knows windows that begin whole seasons of %s after it ends at %s, and the current window begins %s off: choose another window, or save the reference again",
			f.name, m.Season, m.To.Format(time.RFC3339), off)
	}
	return nil
}

func (f *File) summary(_ context.Context, name string, _ drift.Kind, need need, _ *stat.Sorter) (*Summary, error) {
	c, err := f.lookup(name)
	if err != nil {
		return nil, err
	}
	if c.Key != "" && c.Key != f.keyID {
		return nil, fmt.Errorf("%s: the categories of %q were hashed: give the same key with --hash-key-file", f.name, name)
	}
	if c.Key == "" && need.relabel != nil && c.Kind == drift.Categorical {
		return nil, fmt.Errorf("%s: the categories of %q were not hashed: save it again with --hash-key-file", f.name, name)
	}
	s := &Summary{
		Field: table.Field{Name: c.Name, Type: c.Stored}, Kind: c.Kind, Rows: c.Rows, Missing: c.Missing, TypeErrors: c.TypeErrors,
		Infinite: c.Infinite, Mean: float64(c.Mean), Std: float64(c.Std), Numeric: c.Numeric, Hashed: c.Hashed,
	}
	if c.Native != nil {
		learned, _ := c.Native.learned(c.Name)
		learned.MinEffect = first(need.minEffect, need.said.MinEffect)
		s.Native = &learned
	}
	for _, m := range c.NannyML {
		if s.NannyML == nil {
			s.NannyML = map[nannyml.Method]nannyml.Fitted{}
		}
		s.NannyML[m.Method] = nannyml.Fitted{Method: m.Method, Threshold: float64(m.Threshold), Edges: plain(m.Edges), Shares: plain(m.Shares)}
	}
	if c.Member == "" {
		return s, nil
	}
	raw, err := f.member(c.Member, mostColumn)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	if digest(raw) != c.SHA256 {
		return nil, fmt.Errorf("%s: %s does not have the checksum of the manifest: copy the profile again, or save it again", f.name, s.describe())
	}
	if err := s.decode(raw, c.Binned, c.Split); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", f.name, s.describe(), err)
	}
	return s, nil
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

func plain(values []exact) []float64 {
	if values == nil {
		return nil
	}
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

func exacts(values []float64) []exact {
	var out []exact
	for _, v := range values {
		out = append(out, exact(v))
	}
	return out
}
