package evidently_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// isDistance are the methods whose score is not a p-value.
var isDistance = map[string]bool{
	"jensenshannon": true, "wasserstein": true, "kl_div": true, "psi": true, "hellinger": true, "ed": true,
}

// FuzzCompare gives every method any column, missing and infinite values
// included, as numbers and as categories: it answers or refuses, never panics,
// and a p-value is one.
func FuzzCompare(f *testing.F) {
	seed := func(values ...float64) []byte {
		var raw []byte
		for _, v := range values {
			raw = binary.BigEndian.AppendUint64(raw, math.Float64bits(v))
		}
		return raw
	}
	f.Add(seed(1, 2, 3, 4, 5, 6, 7, 8), uint8(4))
	f.Add(seed(math.NaN(), math.Inf(1), math.Inf(-1), 0, 1), uint8(2))
	f.Add(seed(3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3), uint8(6))
	f.Add(seed(math.MaxFloat64, -math.MaxFloat64, 5e-324, -5e-324, 1e300, 1e-300, 0, 1), uint8(4))
	f.Add(seed(), uint8(0))
	f.Fuzz(func(t *testing.T, raw []byte, split uint8) {
		var values []float64
		for ; len(raw) >= 8 && len(values) < 200; raw = raw[8:] {
			values = append(values, math.Float64frombits(binary.BigEndian.Uint64(raw)))
		}
		cut := min(int(split), len(values))
		numbers := drift.Numbers{
			Reference: stat.Sort(stat.Finite(append([]float64(nil), values[:cut]...))),
			Current:   stat.Sort(stat.Finite(append([]float64(nil), values[cut:]...))),
		}
		for _, column := range []drift.Column{
			{Name: "x", Kind: drift.Numerical, Numbers: numbers},
			{Name: "x", Kind: drift.Categorical, Counts: numbers.Counts()},
		} {
			for _, method := range append(evidently.Methods(), "") {
				outcome, err := evidently.Compare(column, evidently.Options{Method: evidently.Method(method)})
				if err != nil || math.IsNaN(outcome.Score) {
					continue
				}
				if outcome.Score < 0 || !isDistance[outcome.Method] && outcome.Score > 1 {
					t.Errorf("%s %s: score %v", column.Kind, outcome.Method, outcome.Score)
				}
			}
		}
	})
}
