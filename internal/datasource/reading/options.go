package reading

import (
	"math"
	"time"

	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// Options are how a source is read. The zero value is fit for a pod: nothing of a
// row is shown, and every limit has its default.
type Options struct {
	Limits Limits
	// SpillFolder holds the temporary files of row formats; empty is the system's.
	SpillFolder string
	// ShowValues puts the offending value into an error. It is for who runs a
	// program by hand on data of their own; a log or a status never has it.
	ShowValues bool
	// Progress is called every few thousand rows while a source is opened.
	Progress func(Progress)
	// Now is the present, for windows that look back.
	Now time.Time
	// Guard decides what may be dialled; nil is the guard of a pod.
	Guard *guard.Guard
	// Warn is told of what was left out and why: columns that cannot be read.
	Warn func(string)
}

// Progress is how far the opening of a source is.
type Progress struct {
	// Source is the file, query or topic being read.
	Source string
	// Rows and Bytes were read so far, of all files together.
	Rows, Bytes int64
	// Of is the number of bytes to read, or 0 where it is unknown.
	Of int64
}

// Limits bound what a source may cost. Zero is the default, in brackets.
type Limits struct {
	// Bytes of data after decompression [256 GiB].
	Bytes int64
	// Rows of all files together [2³¹ − 2]; it may not be larger.
	Rows int64
	// Columns of a table [10 000].
	Columns int
	// Depth of nested values [16].
	Depth int
	// Cell is the size of one value in bytes [1 MiB].
	Cell int
	// Files of one table, or pages of an answer [10 000].
	Files int
	// Labels is the number of distinct values of a text column beyond which they
	// are hashed [1 000 000].
	Labels int
	// TypeErrors is the share of a column's rows that may not be of its declared
	// type [0.1].
	TypeErrors float64
	// Spill is the size of all temporary files in bytes [256 GiB].
	Spill int64
	// Time is how long opening may take [6 h].
	Time time.Duration
}

// WithDefaults fills in what is zero.
func (l Limits) WithDefaults() Limits {
	const mostRows = math.MaxInt32 - 1
	fill(&l.Bytes, 256<<30)
	fill(&l.Rows, mostRows)
	l.Rows = min(l.Rows, mostRows)
	fill(&l.Columns, 10_000)
	fill(&l.Depth, 16)
	fill(&l.Cell, 1<<20)
	fill(&l.Files, 10_000)
	fill(&l.Labels, table.DefaultMaxLabels)
	fill(&l.TypeErrors, 0.1)
	fill(&l.Spill, 256<<30)
	fill(&l.Time, 6*time.Hour)
	return l
}

func fill[T int | int64 | float64 | time.Duration](value *T, by T) {
	if *value <= 0 {
		*value = by
	}
}

// Dialer is the guard by which every connection is made.
func (o *Options) Dialer() *guard.Guard {
	if o.Guard != nil {
		return o.Guard
	}
	return guard.Default()
}

// Warned tells Warn, if there is one.
func (o *Options) Warned(text string) {
	if o.Warn != nil {
		o.Warn(text)
	}
}

// Value is what an error may show of a cell: nothing, unless ShowValues is set.
func (o *Options) Value(cell []byte) *string {
	if !o.ShowValues {
		return nil
	}
	text := string(cell)
	return &text
}
