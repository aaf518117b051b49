package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// errTruncated reports a column's bytes that end early, or go on too long.
var errTruncated = errors.New("the column's data is cut off or damaged: save the profile again")

// encode is a column's distribution as bytes. Sorted numbers are the differences of
// their bits, which order as the numbers do: a byte each where values are close.
//
//	numbers      sorted, sorted: inside blocks (or all), and outside of them
//	sorted       n, first bits as 8 bytes, n-1 differences
//	binned       n, n+1 edges as 8 bytes each, n counts
//	categories   n, n × (length, bytes, count inside blocks, count outside)
//
// Whole numbers are unsigned varints.
func (s *Summary) encode() []byte {
	switch {
	case s.Bins != nil:
		return encodeBins(*s.Bins)
	case s.Kind == drift.Numerical && s.Pooled == nil:
		return encodeSorted(encodeSorted(nil, s.Numbers), nil)
	case s.Kind == drift.Numerical:
		return encodeSorted(encodeSorted(nil, s.Pooled.Numbers), outside(s.Numbers, s.Pooled.Numbers))
	}
	return s.encodeCounts()
}

// decode reads what encode wrote, for a summary that knows its kind.
func (s *Summary) decode(raw []byte, binned, split bool) error {
	d := decoder{raw: raw}
	switch {
	case binned:
		bins := d.bins()
		s.Bins = &bins
	case s.Kind == drift.Numerical:
		inside, rest := d.sorted(), d.sorted()
		s.Numbers = inside
		if split {
			s.Pooled = &native.Sample{Numbers: inside}
			s.Numbers = mergeSorted(inside, rest)
		}
	default:
		d.counts(s, split)
	}
	if d.failed || len(d.raw) > 0 {
		return errTruncated
	}
	return nil
}

// key is a number's bits, folded so that they order as numbers do.
func key(v float64) uint64 {
	bits := math.Float64bits(v)
	if bits>>63 == 1 {
		return ^bits
	}
	return bits | 1<<63
}

func fromKey(k uint64) float64 {
	if k>>63 == 1 {
		return math.Float64frombits(k &^ (1 << 63))
	}
	return math.Float64frombits(^k)
}

func encodeSorted(out []byte, values stat.Sorted) []byte {
	out = slices.Grow(out, 3*len(values)+16)
	out = binary.AppendUvarint(out, uint64(len(values)))
	last := uint64(0)
	for i, v := range values {
		k := key(v)
		if i == 0 {
			out = binary.LittleEndian.AppendUint64(out, k)
		} else {
			out = binary.AppendUvarint(out, k-last)
		}
		last = k
	}
	return out
}

func encodeBins(b stat.Binned) []byte {
	out := binary.AppendUvarint(nil, uint64(len(b.Counts)))
	for _, e := range b.Edges {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(e))
	}
	for _, c := range b.Counts {
		out = binary.AppendUvarint(out, uint64(c))
	}
	return out
}

func (s *Summary) encodeCounts() []byte {
	out := binary.AppendUvarint(nil, uint64(len(s.Labels)))
	for i, label := range s.Labels {
		inside := s.Counts[i]
		if s.Pooled != nil {
			inside = s.Pooled.Counts[label]
		}
		out = binary.AppendUvarint(out, uint64(len(label)))
		out = append(out, label...)
		out = binary.AppendUvarint(out, uint64(inside))
		out = binary.AppendUvarint(out, uint64(s.Counts[i]-inside))
	}
	return out
}

// outside is all without some, both sorted.
func outside(all, some stat.Sorted) stat.Sorted {
	out := make(stat.Sorted, 0, len(all)-len(some))
	for _, v := range all {
		if len(some) > 0 && key(some[0]) == key(v) {
			some = some[1:]
			continue
		}
		out = append(out, v)
	}
	return out
}

func mergeSorted(a, b stat.Sorted) stat.Sorted {
	out := make(stat.Sorted, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if key(a[0]) <= key(b[0]) {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// decoder reads bytes that may be anything.
type decoder struct {
	raw    []byte
	failed bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.raw)
	if n <= 0 {
		d.failed, d.raw = true, nil
		return 0
	}
	d.raw = d.raw[n:]
	return v
}

// count is a number of things of at least so many bytes each.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if n > uint64(len(d.raw)/size) {
		d.failed, d.raw = true, nil
		return 0
	}
	return int(n)
}

// whole is a number of rows.
func (d *decoder) whole() int {
	n := d.uvarint()
	if n > math.MaxInt32 {
		d.failed = true
		return 0
	}
	return int(n)
}

func (d *decoder) bits() uint64 {
	if len(d.raw) < 8 {
		d.failed, d.raw = true, nil
		return 0
	}
	v := binary.LittleEndian.Uint64(d.raw)
	d.raw = d.raw[8:]
	return v
}

func (d *decoder) sorted() stat.Sorted {
	n := d.count(1)
	out := make(stat.Sorted, n)
	last := uint64(0)
	for i := range out {
		step := uint64(0)
		if i == 0 {
			step = d.bits()
		} else {
			step = d.uvarint()
		}
		if last+step < last {
			d.failed = true
		}
		last += step
		if out[i] = fromKey(last); out[i]-out[i] != 0 {
			d.failed = true
		}
		if d.failed {
			return nil
		}
	}
	return out
}

func (d *decoder) bins() stat.Binned {
	n := d.count(9)
	b := stat.Binned{Edges: make([]float64, n+1), Counts: make([]int, n)}
	for i := range b.Edges {
		b.Edges[i] = math.Float64frombits(d.bits())
		if b.Edges[i]-b.Edges[i] != 0 || i > 0 && b.Edges[i] < b.Edges[i-1] {
			d.failed = true
		}
	}
	for i := range b.Counts {
		b.Counts[i] = d.whole()
	}
	if n == 0 || b.Rows() == 0 {
		d.failed = true
	}
	return b
}

func (d *decoder) counts(s *Summary, split bool) {
	n := d.count(3)
	pooled := native.Sample{Counts: map[string]int{}}
	for range n {
		length := d.count(1)
		if d.failed {
			return
		}
		label := string(d.raw[:length])
		d.raw = d.raw[length:]
		inside, rest := d.whole(), d.whole()
		s.Labels, s.Counts = append(s.Labels, label), append(s.Counts, inside+rest)
		if inside > 0 {
			pooled.Counts[label] = inside
		}
	}
	if split {
		s.Pooled = &pooled
	}
}

// describe is for errors.
func (s *Summary) describe() string { return fmt.Sprintf("column %q (%s)", s.Name, s.Kind) }
