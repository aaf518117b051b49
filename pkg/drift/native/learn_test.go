package native_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Columns that were learned apart judge as columns that were calibrated at once.
func TestLearnedApart(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	options := native.Options{FalseAlarmsPerYear: 1, WindowsPerYear: 52, MinEffect: 0.1}
	var columns []native.Column
	var window []native.Sample
	for i, kind := range []drift.Kind{drift.Numerical, drift.Categorical, drift.Numerical} {
		c := native.Column{Name: string(rune('a' + i)), Kind: kind}
		draw := func(shift float64) native.Sample {
			if kind == drift.Categorical {
				return native.Sample{Counts: map[string]int{"x": 40 + r.IntN(9), "y": 50 + int(30*shift)}}
			}
			values := independent(r, 100)
			for k := range values {
				values[k] += shift * float64(i)
			}
			return native.Sample{Numbers: stat.Sort(values)}
		}
		for range 12 {
			c.Blocks = append(c.Blocks, draw(0))
		}
		columns, window = append(columns, c), append(window, draw(1.5))
	}
	calibration, err := native.Calibrate(columns, options)
	if err != nil {
		t.Fatal(err)
	}
	state, verdicts, err := calibration.Judge(window)
	if err != nil {
		t.Fatal(err)
	}
	var learned []native.Learned
	var evidence []native.Evidence
	for i, c := range columns {
		l, pooled := native.Learn(c, options.MinEffect)
		learned, evidence = append(learned, l), append(evidence, l.Weigh(pooled, window[i]))
	}
	joined, err := native.Join(learned, options)
	if err != nil {
		t.Fatal(err)
	}
	apart, others, err := joined.Decide(evidence)
	if err != nil || apart != state || state != native.Drifted {
		t.Errorf("%s, %v; at once %s", apart, err, state)
	}
	if diff := cmp.Diff(verdicts, others, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if _, _, err := joined.Decide(evidence[1:]); err == nil {
		t.Error("evidence on two of three columns was taken")
	}
	learned[1].Distances = learned[1].Distances[1:]
	if _, err := native.Join(learned, options); err == nil {
		t.Error("columns of different blocks were joined")
	}
}
