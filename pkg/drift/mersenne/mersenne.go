// Package mersenne is the Mersenne Twister as NumPy's legacy random state uses
// it, so that a peer's seeded permutation test can be repeated to the last digit.
package mersenne

const (
	size   = 624
	middle = 397
)

// Twister is MT19937 (Matsumoto and Nishimura, 1998).
type Twister struct {
	state [size]uint32
	next  int
}

// New seeds the generator as numpy.random.seed(seed) does.
func New(seed uint32) *Twister {
	t := &Twister{next: size}
	t.state[0] = seed
	for i := 1; i < size; i++ {
		previous := t.state[i-1]
		t.state[i] = 1812433253*(previous^previous>>30) + uint32(i)
	}
	return t
}

// Uint32 is the next 32 random bits.
func (t *Twister) Uint32() uint32 {
	if t.next == size {
		t.refill()
	}
	y := t.state[t.next]
	t.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (t *Twister) refill() {
	for i := range t.state {
		y := t.state[i]&0x80000000 | t.state[(i+1)%size]&0x7fffffff
		mixed := y >> 1
		if y&1 == 1 {
			mixed ^= 0x9908b0df
		}
		t.state[i] = t.state[(i+middle)%size] ^ mixed
	}
	t.next = 0
}

// Float64 is uniform on [0, 1) with 53 bits, as numpy.random.rand.
func (t *Twister) Float64() float64 {
	high, low := t.Uint32()>>5, t.Uint32()>>6
	return (float64(high)*67108864 + float64(low)) / 9007199254740992
}

// UpTo is uniform on 0..limit, by rejection under the smallest bit mask, as
// numpy.random.randint(limit + 1).
func (t *Twister) UpTo(limit uint32) uint32 {
	if limit == 0 {
		return 0
	}
	mask := limit
	for shift := 1; shift < 32; shift *= 2 {
		mask |= mask >> shift
	}
	for {
		if v := t.Uint32() & mask; v <= limit {
			return v
		}
	}
}

// Permute fills order with a permutation of 0..len(order)-1, as
// numpy.random.permutation.
func (t *Twister) Permute(order []int32) {
	for i := range order {
		order[i] = int32(i)
	}
	for i := len(order) - 1; i > 0; i-- {
		j := t.UpTo(uint32(i))
		order[i], order[j] = order[j], order[i]
	}
}
