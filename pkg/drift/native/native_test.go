package native_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/dist"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// process draws rows of a series that may depend on the past and on the season.
type process func(r *rand.Rand, rows int) []float64

func independent(r *rand.Rand, rows int) []float64 {
	out := make([]float64, rows)
	for i := range out {
		out[i] = r.NormFloat64()
	}
	return out
}

func autoregressive(r *rand.Rand, rows int) []float64 {
	const phi = 0.9
	out := make([]float64, rows)
	v := r.NormFloat64()
	for i := range out {
		v = phi*v + math.Sqrt(1-phi*phi)*r.NormFloat64()
		out[i] = v
	}
	return out
}

// weekly repeats every 336 rows: half hours of a week.
func weekly(r *rand.Rand, rows int) []float64 {
	out := autoregressive(r, rows)
	for i := range out {
		out[i] += 2 * math.Sin(2*math.Pi*float64(i)/336)
	}
	return out
}

// heavy has tails in which a row or two decide a window's mean.
func heavy(r *rand.Rand, rows int) []float64 {
	out := independent(r, rows)
	for i, v := range out {
		out[i] = math.Exp(2 * v)
	}
	return out
}

// trial makes a reference of some blocks and one window of a number of columns.
func trial(r *rand.Rand, draw process, columns, blocks, rows int, shift float64) ([]native.Column, []native.Sample) {
	var reference []native.Column
	var window []native.Sample
	for c := range columns {
		series := draw(r, rows*(blocks+1))
		column := native.Column{Name: fmt.Sprint(c), Kind: drift.Numerical}
		for _, span := range native.RowBlocks(rows*blocks, rows*blocks, rows, 336) {
			column.Blocks = append(column.Blocks, native.Sample{Numbers: stat.Sort(append([]float64(nil), series[span.From:span.To]...))})
		}
		last := append([]float64(nil), series[rows*blocks:]...)
		for i := range last {
			last[i] += shift
		}
		reference = append(reference, column)
		window = append(window, native.Sample{Numbers: stat.Sort(last)})
	}
	return reference, window
}

// alarms counts the windows that drift at one false alarm in twenty.
func alarms(t *testing.T, draw process, columns, blocks, windows int, shift, minEffect float64) int {
	t.Helper()
	count := 0
	for seed := range uint64(windows) {
		reference, window := trial(rand.New(rand.NewPCG(seed, 5)), draw, columns, blocks, 336, shift)
		calibration, err := native.Calibrate(reference, native.Options{FalseAlarmsPerYear: 2.6, WindowsPerYear: 52, MinEffect: minEffect})
		if err != nil {
			t.Fatal(err)
		}
		state, _, err := calibration.Judge(window)
		if err != nil {
			t.Fatal(err)
		}
		if state == native.Drifted {
			count++
		}
	}
	return count
}

// With minEffect zero every alarm is false, and the stated rate must hold, under
// whatever dependence, and with whatever tails where blocks are many enough to say.
func TestFalseAlarmsAreAsStated(t *testing.T) {
	t.Parallel()
	const windows = 100
	limit := dist.BinomialQuantile(0.999, windows, 0.05)
	for name, null := range map[string]struct {
		draw   process
		blocks []int
	}{
		"independent": {independent, []int{10, 20}},
		"AR(1) 0.9":   {autoregressive, []int{10, 20}},
		"weekly":      {weekly, []int{10, 20}},
		"heavy tails": {heavy, []int{20}},
	} {
		for _, columns := range []int{1, 6} {
			for _, blocks := range null.blocks {
				if got := alarms(t, null.draw, columns, blocks, windows, 0, 0); got > limit {
					t.Errorf("%s, %d columns, %d blocks: %d of %d windows alarm at a stated 5 %%, at most %d may", name, columns, blocks, got, windows, limit)
				}
			}
		}
	}
}

func TestPower(t *testing.T) {
	t.Parallel()
	const windows = 100
	for name, c := range map[string]struct {
		draw  process
		shift float64
		least int
	}{
		"independent, half a deviation": {independent, 0.5, 99},
		"AR(1), one deviation":          {autoregressive, 1, 90},
		"weekly, one and a half":        {weekly, 1.5, 90},
	} {
		if got := alarms(t, c.draw, 3, 20, windows, c.shift, native.DefaultMinEffect); got < c.least {
			t.Errorf("%s: %d of %d windows alarm, want %d", name, got, windows, c.least)
		}
	}
}

// A shift below minEffect is real, and in a large sample certain, but never drift.
func TestSmallEffectIsNoDrift(t *testing.T) {
	t.Parallel()
	if got := alarms(t, independent, 1, 20, 100, 0.05, native.DefaultMinEffect); got > 0 {
		t.Errorf("%d of 100 windows alarm on half of minEffect", got)
	}
}

// constants makes blocks of one repeated value.
func constants(value float64, blocks, rows int) []native.Sample {
	out := make([]native.Sample, blocks)
	for i := range out {
		out[i].Numbers = stat.Sorted(repeated(value, rows))
	}
	return out
}

func repeated(value float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = value
	}
	return out
}

func TestStates(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	varying := func(blocks int) []native.Sample {
		reference, _ := trial(r, independent, 1, blocks, 336, 0)
		return reference[0].Blocks
	}
	labels := func(n int) []native.Sample {
		out := make([]native.Sample, n)
		for i := range out {
			out[i].Counts = map[string]int{"a": 200 + r.IntN(20), "b": 100 + r.IntN(20)}
		}
		return out
	}
	for _, c := range []struct {
		name   string
		kind   drift.Kind
		blocks []native.Sample
		window native.Sample
		state  native.State
		reason native.Reason
	}{
		{"constant stays", drift.Numerical, constants(3, 12, 50), native.Sample{Numbers: repeated(3, 50)}, native.Stable, native.Constant},
		{"constant varies", drift.Numerical, constants(3, 12, 50), native.Sample{Numbers: append(repeated(3, 25), repeated(4, 25)...)}, native.Drifted, native.StartedToVary},
		{"constant varies a little", drift.Numerical, constants(3, 12, 50), native.Sample{Numbers: append(repeated(3, 49), 4)}, native.Stable, native.Constant},
		{"constant needs no blocks", drift.Numerical, constants(3, 1, 50), native.Sample{Numbers: repeated(5, 50)}, native.Drifted, native.StartedToVary},
		{"one category stays", drift.Categorical, []native.Sample{{Counts: map[string]int{"a": 9}}}, native.Sample{Counts: map[string]int{"a": 7}}, native.Stable, native.Constant},
		{"nine blocks", drift.Numerical, varying(9), native.Sample{Numbers: varying(1)[0].Numbers}, native.Unknown, native.TooFewBlocks},
		{"empty window", drift.Numerical, varying(12), native.Sample{}, native.Unknown, native.TooFewRows},
		{"few rows", drift.Numerical, varying(12), native.Sample{Numbers: stat.Sorted{1, 2, 3}}, native.Unknown, native.TooFewRows},
		{"empty reference", drift.Numerical, make([]native.Sample, 12), native.Sample{Numbers: repeated(1, 40)}, native.Unknown, native.EmptyReference},
		{"far away", drift.Numerical, varying(12), native.Sample{Numbers: repeated(50, 40)}, native.Drifted, native.EffectExceeded},
		{"same categories", drift.Categorical, labels(12), labels(1)[0], native.Stable, native.WithinMargin},
		{"new category", drift.Categorical, labels(12), native.Sample{Counts: map[string]int{"a": 10, "c": 90}}, native.Drifted, native.EffectExceeded},
	} {
		calibration, err := native.Calibrate([]native.Column{{Name: "x", Kind: c.kind, Blocks: c.blocks}},
			native.Options{FalseAlarmsPerYear: 1, WindowsPerYear: 52, MinEffect: native.DefaultMinEffect, MinRows: 5})
		if err != nil {
			t.Fatal(err)
		}
		state, verdicts, err := calibration.Judge([]native.Sample{c.window})
		if err != nil || state != c.state || verdicts[0].Reason != c.reason {
			t.Errorf("%s: %s %+v %v, want %s %s", c.name, state, verdicts, err, c.state, c.reason)
		}
	}
}

// The interval must hold the true effect: a shift of one deviation.
func TestInterval(t *testing.T) {
	reference, window := trial(rand.New(rand.NewPCG(8, 8)), independent, 1, 20, 336, 1)
	calibration, err := native.Calibrate(reference, native.Options{FalseAlarmsPerYear: 1, WindowsPerYear: 52})
	if err != nil {
		t.Fatal(err)
	}
	_, verdicts, err := calibration.Judge(window)
	if err != nil || verdicts[0].Lower > 1 || verdicts[0].Upper < 1 || verdicts[0].Lower < 0.6 {
		t.Errorf("%+v %v", verdicts, err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []native.Options{
		{},
		{WindowsPerYear: 52},
		{WindowsPerYear: 52, FalseAlarmsPerYear: 30},
		{WindowsPerYear: 52, FalseAlarmsPerYear: 1, MinEffect: -1},
		{WindowsPerYear: math.NaN(), FalseAlarmsPerYear: 1},
	} {
		var bad *native.OptionError
		if _, err := native.Calibrate(nil, o); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	ragged := []native.Column{{Name: "a", Blocks: make([]native.Sample, 3)}, {Name: "b", Blocks: make([]native.Sample, 4)}}
	if _, err := native.Calibrate(ragged, native.Options{FalseAlarmsPerYear: 1, WindowsPerYear: 52}); err == nil {
		t.Error("columns cut differently: no error")
	}
}
