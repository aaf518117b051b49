package report

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// Number is a float that may not exist: NaN and the infinities are null in JSON,
// and null is NaN when read back.
type Number float64

// None is the number that does not exist.
func None() Number { return Number(math.NaN()) }

// Exists says that there is a finite number.
func (n Number) Exists() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON implements json.Marshaler. The shortest text that reads back as
// the same bits is written.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Exists() {
		return []byte("null"), nil
	}
	format := byte('f')
	if size := math.Abs(float64(n)); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(nil, float64(n), format, -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		*n = None()
		return nil
	}
	value, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("a number or null is expected, not %.40q: %w", text, err)
	}
	*n = Number(value)
	return nil
}

// Numbers converts a slice.
func Numbers(values []float64) []Number {
	out := make([]Number, len(values))
	for i, v := range values {
		out[i] = Number(v)
	}
	return out
}
