package profile

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// SaveOptions say what of a reference is kept.
type SaveOptions struct {
	Options
	// Exactness is Exact or Binned; Bins is the number of bins.
	Exactness string
	Bins      int
	// Anchor is a profile whose anchor, or which itself, stays the fixed past.
	Anchor *File
}

// DefaultBins is the number of bins of a binned column.
const DefaultBins = 1000

// Save writes a reference's profile, one column in memory at a time.
func Save(ctx context.Context, w io.Writer, l Live, o SaveOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	columns, err := planColumns(l.Schema(), &o.Options)
	if err != nil {
		return err
	}
	from, to := l.Span()
	m := manifest{Version: FileVersion, Name: l.Name, Rows: l.Rows(), From: from, To: to, Exactness: o.Exactness, Compat: o.Compat, Columns: []savedColumn{}}
	var cut blocks
	if length := o.block(); o.Compat == report.Native && !length.IsZero() {
		if cut, err = l.cut(length, o.season(), nil); err != nil {
			return err
		}
		m.Block, m.Season, m.Blocks, m.BlockRows = length, o.season(), cut.count, cut.typical
	}
	s := saver{archive: zip.NewWriter(w), live: l, options: &o, cut: cut}
	for i, c := range columns {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("stopped after %d of %d columns: %w", i, len(columns), err)
		}
		if c.members != nil {
			continue // an embedding is compared row by row, and no row is kept
		}
		saved, err := s.save(ctx, c)
		if err != nil {
			return err
		}
		m.Columns = append(m.Columns, *saved)
		if o.Progress != nil {
			o.Progress(i+1, len(columns), c.name)
		}
	}
	if err := s.carry(&m); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	if err := s.add(manifestName, text); err != nil {
		return err
	}
	if err := s.archive.Close(); err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	return nil
}

// saver writes the members of a profile.
type saver struct {
	archive *zip.Writer
	live    Live
	options *SaveOptions
	cut     blocks
	sorter  stat.Sorter
	members int
}

func (s *saver) add(name string, content []byte) error {
	// What is stored is already compact, and a fixed header gives the same bytes.
	w, err := s.archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err == nil {
		_, err = w.Write(content)
	}
	if err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	return nil
}

func (s *saver) save(ctx context.Context, c planned) (*savedColumn, error) {
	o := &s.options.Options
	read, err := s.live.Column(ctx, c.name)
	if err != nil {
		return nil, err
	}
	kind := kindOf(o.Compat, c.said, &read)
	need := need{spans: s.cut.spans, minEffect: o.native(s.cut.length).MinEffect, said: c.said, nannyml: o.fitted(c.said, kind), relabel: o.relabel(c.said)}
	if c.said.Sensitive && kind == drift.Categorical && need.relabel == nil {
		return nil, fmt.Errorf("column %q is sensitive, and a profile holds its categories: give --hash-key-file to hash them, or leave the column out", c.name)
	}
	summary, err := summarise(shape(read, kind).hidden(need.relabel), need, &s.sorter)
	if err != nil {
		return nil, err
	}
	if kind == drift.Numerical && summary.values() > 0 && (s.options.Exactness == Binned || c.said.Sensitive) {
		summary.bin(s.bins(c, summary))
	}
	saved := summary.saved()
	if need.relabel != nil && kind == drift.Categorical {
		saved.Key = keyedHash(o.HashKey, "")
	}
	if !native.Comparable(kind) {
		return saved, nil
	}
	raw := summary.encode()
	saved.Member, saved.SHA256 = fmt.Sprintf("columns/%06d", s.members), digest(raw)
	s.members++
	return saved, s.add(saved.Member, raw)
}

// bins is the number of a column's bins. Of a sensitive one each holds enough
// rows, and its extreme values are cut off.
func (s *saver) bins(c planned, summary *Summary) int {
	bins := s.options.Bins
	if !c.said.Sensitive {
		return bins
	}
	least := s.options.Schema.MinShown()
	n := len(summary.Numbers)
	cut := min(least, n-1) / 2
	for i := range cut {
		summary.Numbers[i], summary.Numbers[n-1-i] = summary.Numbers[cut], summary.Numbers[n-1-cut]
	}
	return max(1, min(bins, n/max(1, least)))
}

// carry copies the anchor.
func (s *saver) carry(m *manifest) error {
	from := s.options.Anchor
	if from == nil {
		return nil
	}
	if from.past != nil {
		from = from.past
	}
	if from.manifest.Compat != m.Compat {
		return fmt.Errorf("the anchor %s was saved with --compat %s: save both with the same", from.name, from.manifest.Compat)
	}
	past := from.manifest
	past.Anchor, past.Identity = nil, from.identity
	past.Columns = append([]savedColumn(nil), past.Columns...)
	for i := range past.Columns {
		c := &past.Columns[i]
		if c.Member == "" {
			continue
		}
		raw, err := from.member(c.Member, mostColumn)
		if err != nil {
			return fmt.Errorf("anchor %s: %w", from.name, err)
		}
		c.Member = "anchor/" + strings.TrimPrefix(c.Member, "anchor/")
		if err := s.add(c.Member, raw); err != nil {
			return err
		}
	}
	m.Anchor = &past
	return nil
}

// saved is the summary without its distribution.
func (s *Summary) saved() *savedColumn {
	c := &savedColumn{
		Name: s.Name, Stored: s.Type, Kind: s.Kind, Rows: s.Rows, Missing: s.Missing, TypeErrors: s.TypeErrors, Infinite: s.Infinite,
		Mean: exact(s.Mean), Std: exact(s.Std), Numeric: s.Numeric, Hashed: s.Hashed, Binned: s.Bins != nil, Split: s.Pooled != nil,
	}
	if s.Native != nil {
		c.Native = weigh(s.Native, &native.Evidence{}, 0)
	}
	for _, method := range slices.Sorted(maps.Keys(s.NannyML)) {
		f := s.NannyML[method]
		c.NannyML = append(c.NannyML, savedMethod{method, exact(f.Threshold), exacts(f.Edges), exacts(f.Shares)})
	}
	return c
}
