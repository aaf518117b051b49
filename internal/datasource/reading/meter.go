package reading

import (
	"fmt"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Meter counts what opening a source has read so far, over all of its files, and
// says when a limit is passed.
type Meter struct {
	limits      Limits
	report      func(Progress)
	rows, bytes int64
	of          int64
	told        int64
}

// NewMeter counts against the limits, which have their defaults filled in. of is the
// number of bytes expected, or 0.
func (o *Options) NewMeter(of int64) *Meter {
	return &Meter{limits: o.Limits.WithDefaults(), report: o.Progress, of: of}
}

// Row counts a row.
func (m *Meter) Row(source string) error {
	m.rows++
	if m.rows > m.limits.Rows {
		return &table.LimitError{
			Source: source,
			What:   fmt.Sprintf("more than %d rows", m.limits.Rows),
			Cure:   "read a shorter window, or raise the limit of rows",
		}
	}
	const every = 1 << 14
	if m.report != nil && m.rows-m.told >= every {
		m.told = m.rows
		m.report(Progress{Source: source, Rows: m.rows, Bytes: m.bytes, Of: m.of})
	}
	return nil
}

// Read counts bytes after decompression.
func (m *Meter) Read(source string, n int) error {
	m.bytes += int64(n)
	if m.bytes > m.limits.Bytes {
		return &table.LimitError{
			Source: source,
			What:   fmt.Sprintf("more than %d bytes of data", m.limits.Bytes),
			Cure:   "read fewer files or a shorter window, or raise the limit of bytes",
		}
	}
	return nil
}

// Rows is how many rows were counted.
func (m *Meter) Rows() int64 { return m.rows }
