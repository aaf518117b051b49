package native_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// FuzzJudge calibrates on any blocks, empty ones included, and judges any window:
// no panic, and a verdict that does not contradict its own figures.
func FuzzJudge(f *testing.F) {
	f.Add(make([]byte, 8*60), uint8(4))
	f.Add([]byte("0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 0123456789 0123456789 012345678"), uint8(1))
	f.Fuzz(func(t *testing.T, raw []byte, rows uint8) {
		var values []float64
		for ; len(raw) >= 8; raw = raw[8:] {
			values = append(values, math.Float64frombits(binary.BigEndian.Uint64(raw)))
		}
		take := func() native.Sample {
			n := min(int(rows), len(values))
			sample := native.Sample{Numbers: stat.Sort(stat.Finite(append([]float64(nil), values[:n]...)))}
			values = values[n:]
			return sample
		}
		column := native.Column{Name: "x", Kind: drift.Numerical}
		for range 12 {
			column.Blocks = append(column.Blocks, take())
		}
		calibration, err := native.Calibrate([]native.Column{column}, native.Options{FalseAlarmsPerYear: 1, WindowsPerYear: 52})
		if err != nil {
			t.Fatal(err)
		}
		state, verdicts, err := calibration.Judge([]native.Sample{take()})
		if err != nil {
			t.Fatal(err)
		}
		v := verdicts[0]
		if v.State != state || v.Lower > v.Upper || v.Lower > v.Distance {
			t.Errorf("%s %+v", state, v)
		}
		if (v.State == native.Drifted) != (v.Lower > v.MinEffect) && v.State != native.Unknown {
			t.Errorf("drifted if and only if the lower bound exceeds minEffect: %+v", v)
		}
	})
}
