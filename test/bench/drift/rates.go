package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/dist"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

const (
	// statedRate is the false alarms that the rule is asked for, a window.
	statedRate = 0.05
	// referenceBlocks is the length of every reference, in windows.
	referenceBlocks = 12
	// weekRows is the season of the weekly process, in rows.
	weekRows = 336
)

// process draws consecutive rows; nothing about it ever changes.
type process struct {
	name string
	draw func(r *rand.Rand) func() float64
}

var processes = []process{
	{"independent", func(r *rand.Rand) func() float64 { return r.NormFloat64 }},
	{"ar1", autoregressive},
	{"weekly", func(r *rand.Rand) func() float64 {
		noise, row := autoregressive(r), 0
		return func() float64 {
			row++
			return noise() + 2*math.Sin(2*math.Pi*float64(row%weekRows)/weekRows)
		}
	}},
}

// autoregressive is a stationary AR(1) with φ = 0.9 and unit variance.
func autoregressive(r *rand.Rand) func() float64 {
	const phi = 0.9
	v, innovation := r.NormFloat64(), math.Sqrt(1-phi*phi)
	return func() float64 {
		v = phi*v + innovation*r.NormFloat64()
		return v
	}
}

// study is windows of one length: how many, and how many share a reference.
type study struct {
	rows, windows, perReference int
}

// nulls are the windows without drift that are judged; the longest need 7 GiB.
var nulls = []study{
	{weekRows, 1000, 1},
	{10_000 / weekRows * weekRows, 1000, 5},
	{100_000 / weekRows * weekRows, 1000, 20},
	{1_000_000 / weekRows * weekRows, 100, 20},
	{10_000_000 / weekRows * weekRows, 10, 10},
}

// rates prints false alarms and power. Windows that share a reference alarm
// together more often than apart, so the binomial limit is met with more
// difficulty, not less.
func rates() error {
	for _, p := range processes {
		for _, s := range nulls {
			fmt.Fprintf(os.Stderr, "judging %d windows of %d rows without drift, %s …\n", s.windows, s.rows, p.name)
			alarms, err := judge(p, s, 0, 0)
			if err != nil {
				return err
			}
			debug.FreeOSMemory() // the next reference is as large
			limit := dist.BinomialQuantile(0.999, s.windows, statedRate)
			figure(fmt.Sprintf("drift_false_alarms_%s_%d", p.name, s.rows), float64(alarms["native"]), "windows", float64(limit), alarms["native"] <= limit)
		}
	}
	return power()
}

// power prints, for known shifts, how often each rule alarms. A rule that also
// alarms without a shift has no power but noise: zero is printed first.
func power() error {
	s := study{weekRows, 200, 1}
	for _, p := range processes {
		for _, shift := range []float64{0, 0.25, 0.5, 1} {
			alarms, err := judge(p, s, shift, 0)
			if err != nil {
				return err
			}
			for _, rule := range []string{"native", "evidently_ks", "evidently_wasserstein", "nannyml_jensen_shannon"} {
				name := fmt.Sprintf("drift_alarm_share_%s_%s_shift_%s", rule, p.name, strings.ReplaceAll(fmt.Sprint(shift), ".", "_"))
				figure(name, float64(alarms[rule])/float64(s.windows), "of windows", 0, true)
			}
		}
	}
	return nil
}

// judge counts the windows in which each rule alarms.
func judge(p process, s study, shift, minEffect float64) (map[string]int, error) {
	alarms := map[string]int{}
	for first := 0; first < s.windows; first += s.perReference {
		next := p.draw(rand.New(rand.NewPCG(uint64(first), uint64(s.rows))))
		raw, blocks := history(next, s.rows)
		calibration, err := native.Calibrate([]native.Column{{Name: "x", Kind: drift.Numerical, Blocks: blocks}},
			native.Options{FalseAlarmsPerYear: 52 * statedRate, WindowsPerYear: 52, MinEffect: minEffect})
		if err != nil {
			return nil, err
		}
		var peers func(stat.Sorted) (map[string]bool, error)
		if s.perReference == 1 {
			if peers, err = peerRules(raw); err != nil {
				return nil, err
			}
		}
		for range s.perReference {
			window := stat.Sort(take(next, s.rows, shift))
			state, _, err := calibration.Judge([]native.Sample{{Numbers: window}})
			if err != nil {
				return nil, err
			}
			if state == native.Drifted {
				alarms["native"]++
			}
			if peers == nil {
				continue
			}
			said, err := peers(window)
			if err != nil {
				return nil, err
			}
			for rule, drifted := range said {
				if drifted {
					alarms[rule]++
				}
			}
		}
	}
	return alarms, nil
}

// history draws a reference, in the order of the rows and in sorted blocks.
func history(next func() float64, rows int) (raw []float64, blocks []native.Sample) {
	raw = take(next, rows*referenceBlocks, 0)
	for b := range referenceBlocks {
		block := append([]float64(nil), raw[b*rows:(b+1)*rows]...)
		blocks = append(blocks, native.Sample{Numbers: stat.Sort(block)})
	}
	return raw, blocks
}

func take(next func() float64, n int, shift float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = next() + shift
	}
	return out
}

// peerRules are what users of other tools would be told of a window.
func peerRules(reference []float64) (func(stat.Sorted) (map[string]bool, error), error) {
	// A reference that ten does not divide leaves a tiny chunk over, which lifts
	// NannyML's threshold out of reach; it gets one that ten divides.
	fitted, err := nannyml.FitContinuous(nannyml.JensenShannon, reference[:len(reference)/10*10])
	if err != nil {
		return nil, err
	}
	sorted := stat.Sort(append([]float64(nil), reference...))
	return func(window stat.Sorted) (map[string]bool, error) {
		said := map[string]bool{"nannyml_jensen_shannon": fitted.Compare(window).Drifted}
		column := drift.Column{Name: "x", Kind: drift.Numerical, Numbers: drift.Numbers{Reference: sorted, Current: window}}
		for rule, method := range map[string]evidently.Method{"evidently_ks": evidently.KS, "evidently_wasserstein": evidently.Wasserstein} {
			outcome, err := evidently.Compare(column, evidently.Options{Method: method})
			if err != nil {
				return nil, err
			}
			said[rule] = outcome.Drifted
		}
		return said, nil
	}, nil
}
