package nannyml_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// FuzzContinuous fits every method on any column and judges any chunk.
func FuzzContinuous(f *testing.F) {
	f.Add(make([]byte, 8*30), uint8(20))
	f.Add([]byte("a long enough text makes doubles of all magnitudes, which is what a fuzzer starts from: 0123456789 0123456789 0123456789"), uint8(12))
	f.Fuzz(func(t *testing.T, raw []byte, split uint8) {
		var values []float64
		for ; len(raw) >= 8 && len(values) < 300; raw = raw[8:] {
			values = append(values, math.Float64frombits(binary.BigEndian.Uint64(raw)))
		}
		cut := min(int(split), len(values))
		chunk := stat.Sort(stat.Finite(append([]float64(nil), values[cut:]...)))
		for _, method := range nannyml.Methods(drift.Numerical) {
			fitted, err := nannyml.FitContinuous(method, values[:cut])
			if err != nil {
				continue
			}
			if outcome := fitted.Compare(chunk); outcome.Score < 0 {
				t.Errorf("%s: %+v", method, outcome)
			}
		}
	})
}
