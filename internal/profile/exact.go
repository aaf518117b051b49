package profile

import (
	"fmt"
	"math"
	"strconv"
)

// exact is a float that keeps every bit in JSON: what is not finite is a text.
type exact float64

// MarshalJSON implements json.Marshaler.
func (e exact) MarshalJSON() ([]byte, error) {
	v := float64(e)
	if v-v != 0 {
		return strconv.AppendQuote(nil, strconv.FormatFloat(v, 'g', -1, 64)), nil
	}
	return strconv.AppendFloat(nil, v, 'g', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *exact) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case `"NaN"`:
		*e = exact(math.NaN())
	case `"+Inf"`:
		*e = exact(math.Inf(1))
	case `"-Inf"`:
		*e = exact(math.Inf(-1))
	default:
		v, err := strconv.ParseFloat(string(raw), 64)
		if err != nil {
			return fmt.Errorf("a number is expected, not %.40q: %w", raw, err)
		}
		*e = exact(v)
	}
	return nil
}
