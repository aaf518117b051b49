package stat

import (
	"math"
	"math/bits"
	"slices"
)

// Sorted is a sample of finite values in ascending order.
type Sorted []float64

// Finite moves the finite values of a column to its front, in order, and returns
// that front: NaN and infinities are what a peer drops before it compares.
func Finite(values []float64) []float64 {
	kept := 0
	for _, v := range values {
		values[kept] = v
		if v-v == 0 {
			kept++
		}
	}
	return values[:kept]
}

// Sorter sorts samples and keeps its scratch memory for the next one. The zero
// value is ready. It must not be shared between goroutines.
type Sorter struct {
	keys, spare []uint64
}

// Sort sorts values in place, with scratch memory of its own. A caller with many
// columns keeps a Sorter.
func Sort(values []float64) Sorted { return new(Sorter).Sort(values) }

const (
	digitBits = 11
	digits    = 3
	digitMask = 1<<digitBits - 1
	// tinySample is the size below which clearing the counters costs more than a
	// comparison sort.
	tinySample = 512
)

// Sort sorts finite values in place and returns them as Sorted.
//
// A double's bits order like the number once the sign is folded in. Three
// stable passes of eleven bits order the 33 most significant bits in which the
// values differ at all; neighbours that still tie there are few in real data
// and are put right by insertion, or by three more passes where they are many.
func (s *Sorter) Sort(values []float64) Sorted {
	if len(values) < tinySample {
		slices.Sort(values)
		return values
	}
	s.grow(len(values))
	keys, low, high := s.load(values)
	shift := uint(bits.LeadingZeros64(high - low))
	for i, k := range keys {
		keys[i] = (k - low) << (shift & 63)
	}
	sorted := s.passes(keys, 64-digits*digitBits)
	if !repair(sorted) {
		sorted = s.sortAll(sorted)
	}
	for i, k := range sorted {
		values[i] = fromKey(k>>(shift&63) + low)
	}
	return values
}

func (s *Sorter) grow(n int) {
	if cap(s.keys) < n {
		s.keys, s.spare = make([]uint64, n), make([]uint64, n)
	}
	s.keys, s.spare = s.keys[:n], s.spare[:n]
}

func (s *Sorter) load(values []float64) (keys []uint64, low, high uint64) {
	low = math.MaxUint64
	keys = s.keys
	for i, v := range values {
		k := toKey(v)
		keys[i] = k
		low, high = min(low, k), max(high, k)
	}
	return keys, low, high
}

// toKey maps a double to an integer of the same order.
func toKey(v float64) uint64 {
	b := math.Float64bits(v)
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

func fromKey(k uint64) float64 {
	return math.Float64frombits(k ^ (k>>63 - 1 | 1<<63))
}

// passes sorts keys by the 33 bits above the lowest, digit by digit, and returns
// the buffer that the result is in.
func (s *Sorter) passes(keys []uint64, lowest uint) []uint64 {
	var counts [digits][1 << digitBits]uint32
	for _, k := range keys {
		k >>= lowest & 63
		counts[0][k&digitMask]++
		counts[1][k>>digitBits&digitMask]++
		counts[2][k>>(2*digitBits)&digitMask]++
	}
	from, to := keys, s.other(keys)
	for d := range digits {
		count := &counts[d]
		start := uint32(0)
		for i, c := range count {
			count[i] = start
			start += c
		}
		shift := lowest + uint(d)*digitBits
		for _, k := range from {
			digit := k >> (shift & 63) & digitMask
			to[count[digit]] = k
			count[digit]++
		}
		from, to = to, from
	}
	return from
}

func (s *Sorter) other(keys []uint64) []uint64 {
	if &keys[0] == &s.keys[0] {
		return s.spare
	}
	return s.keys
}

// repair is an insertion sort that gives up, keys then being in any order, when
// it has moved more than a few places a key.
func repair(keys []uint64) bool {
	budget := 4 * len(keys)
	for i := 1; i < len(keys); i++ {
		k := keys[i]
		if k >= keys[i-1] {
			continue
		}
		j := i
		for ; j > 0 && keys[j-1] > k; j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = k
		if budget -= i - j; budget < 0 {
			return false
		}
	}
	return true
}

// sortAll sorts by all 64 bits: the low 33 first, then the high 33. The two bits
// that both rounds see do no harm.
func (s *Sorter) sortAll(keys []uint64) []uint64 {
	return s.passes(s.passes(keys, 0), 64-digits*digitBits)
}
