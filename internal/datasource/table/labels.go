package table

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// DefaultMaxLabels is the number of distinct values of a column up to which they
// are kept as they are.
const DefaultMaxLabels = 1_000_000

// Hash is what stands for a label in a hashed column: 16 hexadecimal digits of
// xxHash64.
func Hash(label string) string { return fmt.Sprintf("%016x", xxhash.Sum64String(label)) }

// Labels codes the text of a column as it is read. It holds one int32 a row and
// every distinct value, until these are too many: see Overflowed.
type Labels struct {
	codes  []int32
	labels []string
	index  map[string]int32
	most   int
}

// NewLabels expects rows values and keeps at most most distinct ones.
func NewLabels(rows, most int) *Labels {
	return &Labels{codes: make([]int32, 0, rows), index: map[string]int32{}, most: most}
}

// Code is the code of a value, which is copied if it is new. It does not add a row.
func (l *Labels) Code(value []byte) int32 {
	if code, known := l.index[string(value)]; known {
		return code
	}
	if len(l.labels) >= l.most {
		l.index = nil
		l.labels = append(l.labels, "")
		return Absent
	}
	code := int32(len(l.labels))
	label := string(value)
	l.labels = append(l.labels, label)
	l.index[label] = code
	return code
}

// Add appends a row.
func (l *Labels) Add(code int32) { l.codes = append(l.codes, code) }

// AddCodes appends rows.
func (l *Labels) AddCodes(codes []int32) { l.codes = append(l.codes, codes...) }

// Overflowed says that there are more distinct values than may be kept: what was
// gathered is of no use, and the column is read again through HashColumn.
func (l *Labels) Overflowed() bool { return len(l.labels) > l.most }

// Column is the column of the rows added.
func (l *Labels) Column(name string) Column {
	column := Column{Field: Field{Name: name, Type: String}, Codes: l.codes, Labels: l.labels}
	column.Missing = countAbsent(l.codes)
	column.dropUnused() // a dictionary may hold what no row has
	return column
}

// HashColumn codes a column of very many distinct values by their hashes. values
// yields each row's text, or nil where it is missing, and is ranged over once; the
// memory is 12 bytes a row and 32 a distinct value, whatever their length.
func HashColumn(name string, rows int, values iter.Seq[[]byte]) Column {
	column := Column{Field: Field{Name: name, Type: String}, Hashed: true}
	present := make([]bool, 0, rows)
	hashes := make([]uint64, 0, rows)
	for value := range values {
		present = append(present, value != nil)
		hashes = append(hashes, xxhash.Sum64(value))
	}
	distinct := distinctHashes(hashes, present)
	column.Codes = make([]int32, len(hashes))
	for i, hash := range hashes {
		if !present[i] {
			column.Codes[i] = Absent
			column.Missing++
			continue
		}
		code, _ := slices.BinarySearch(distinct, hash)
		column.Codes[i] = int32(code)
	}
	column.Labels = hexLabels(distinct)
	return column
}

// distinctHashes are the hashes of rows with a value, ascending.
func distinctHashes(hashes []uint64, present []bool) []uint64 {
	distinct := make([]uint64, 0, len(hashes))
	for i, hash := range hashes {
		if present[i] {
			distinct = append(distinct, hash)
		}
	}
	slices.Sort(distinct)
	return slices.Compact(distinct)
}

// hexLabels writes all labels into one string, of which each is a part: a string of
// its own for each of ten million would cost twice as much.
func hexLabels(hashes []uint64) []string {
	const digits, width = "0123456789abcdef", 16
	var text strings.Builder
	text.Grow(len(hashes) * width)
	for _, hash := range hashes {
		for shift := 60; shift >= 0; shift -= 4 {
			text.WriteByte(digits[hash>>shift&15])
		}
	}
	all := text.String()
	labels := make([]string, len(hashes))
	for i := range labels {
		labels[i] = all[i*width : (i+1)*width]
	}
	return labels
}
