// Command drift measures how fast a column is compared, beside NumPy, SciPy and
// Evidently in the same run, and prints one figure a line:
// name, value, unit, target, pass or fail, separated by tabs.
//
// It then times the profiler end to end on two Parquet files of a hundred columns,
// with its memory, its shards and a saved reference. Last it judges windows without
// any drift, and windows with a known one, by Trainyard's own rule and by the
// peers': how often each alarms.
//
// Both sides are timed in processor seconds, user and system, of the whole
// process: that is the rate of one core, whatever else the machine does.
//
//	go run ./test/bench/drift -python VENV/bin/python
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

const (
	referenceRows = 1_000_000
	currentRows   = 100_000
)

func main() {
	python := flag.String("python", "python3", "interpreter that has NumPy, SciPy and Evidently")
	script := flag.String("peers", "test/bench/drift/peers.py", "script that times the peers")
	only := flag.String("only", "", "run one part only: columns, files or rates")
	repeats := flag.Int("repeats", 15, "runs of each way; the median counts")
	flag.Parse()
	parts := []struct {
		name string
		run  func() error
	}{
		{"columns", func() error { return run(context.Background(), *python, *script, *repeats) }},
		{"files", func() error { return endToEnd(context.Background()) }},
		{"rates", rates},
	}
	for _, part := range parts {
		if *only != "" && *only != part.name {
			continue
		}
		if err := part.run(); err != nil {
			fmt.Fprintln(os.Stderr, "bench-drift:", err)
			os.Exit(1)
		}
	}
}

func run(ctx context.Context, python, script string, repeats int) error {
	reference, current := columns()
	fmt.Fprintln(os.Stderr, "timing ours, then the peers, on one column of 1 000 000 and 100 000 values …")
	ours := measure(reference, current, repeats)
	peers, err := askPeers(ctx, python, script, reference, current, repeats)
	if err != nil {
		return err
	}
	again := measure(reference, current, repeats)
	cold := median(append(ours.cold, again.cold...))
	saved := median(append(ours.saved, again.saved...))
	rate := func(seconds float64) float64 { return (referenceRows + currentRows) / seconds / 1e6 }
	figure("drift_cold_rate", rate(cold), "M values/s", 25, rate(cold) >= 25)
	figure("drift_saved_reference_rate", rate(saved), "M values/s", 100, rate(saved) >= 100)
	targets := map[string]float64{"sorted_once": 5, "as_written": 5, "evidently": 5}
	for _, p := range peers {
		if p.Skip != "" {
			fmt.Fprintf(os.Stderr, "%s skipped: %s\n", p.Name, p.Skip)
			continue
		}
		if err := ours.agrees(p); err != nil {
			return err
		}
		seconds := median(p.Seconds)
		figure("drift_"+p.Name+"_rate", rate(seconds), "M values/s", 0, true)
		figure("drift_cold_over_"+p.Name, seconds/cold, "times", targets[p.Name], seconds/cold >= targets[p.Name])
	}
	return nil
}

func figure(name string, value float64, unit string, target float64, pass bool) {
	verdict := "pass"
	if !pass {
		verdict = "fail"
	}
	fmt.Printf("%s\t%.2f\t%s\t%g\t%s\n", name, value, unit, target, verdict)
}

func median(seconds []float64) float64 {
	sorted := slices.Sorted(slices.Values(seconds))
	return sorted[len(sorted)/2]
}

// columns draws a skewed column and a slightly shifted window of it.
func columns() (reference, current []float64) {
	r := rand.New(rand.NewPCG(1, 2))
	reference, current = make([]float64, referenceRows), make([]float64, currentRows)
	for i := range reference {
		reference[i] = math.Exp(0.5*r.NormFloat64()) * 20
	}
	for i := range current {
		current[i] = math.Exp(0.5*r.NormFloat64()+0.01) * 20
	}
	return reference, current
}

// peer is what peers.py prints of one way.
type peer struct {
	Name        string
	Skip        string
	Seconds     []float64
	KS          *float64
	Wasserstein float64
	PSI         float64
	JS          float64
}

func askPeers(ctx context.Context, python, script string, reference, current []float64, repeats int) ([]peer, error) {
	folder, err := os.MkdirTemp("", "bench-drift-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	paths := []string{filepath.Join(folder, "reference"), filepath.Join(folder, "current")}
	for i, values := range [][]float64{reference, current} {
		var raw bytes.Buffer
		if err := binary.Write(&raw, binary.LittleEndian, values); err != nil {
			return nil, err
		}
		if err := os.WriteFile(paths[i], raw.Bytes(), 0o600); err != nil {
			return nil, err
		}
	}
	command := exec.CommandContext(ctx, python, script, paths[0], paths[1], fmt.Sprint(repeats))
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", python, script, err)
	}
	var peers []peer
	decoder := json.NewDecoder(bytes.NewReader(out))
	for decoder.More() {
		var p peer
		if err := decoder.Decode(&p); err != nil {
			return nil, fmt.Errorf("what %s printed: %w", script, err)
		}
		peers = append(peers, p)
	}
	return peers, nil
}

// timings are our runs and the numbers they gave.
type timings struct {
	cold, saved              []float64
	ks, wasserstein, psi, js float64
}

// agrees refuses to compare the speed of different numbers.
func (t timings) agrees(p peer) error {
	pairs := [][2]float64{{t.wasserstein, p.Wasserstein}, {t.psi, p.PSI}, {t.js, p.JS}}
	if p.KS != nil {
		pairs = append(pairs, [2]float64{t.ks, *p.KS})
	}
	for _, pair := range pairs {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			return fmt.Errorf("%s gives %v where we give %v", p.Name, pair[1], pair[0])
		}
	}
	return nil
}

func measure(reference, current []float64, repeats int) timings {
	var t timings
	var c comparer
	for range repeats {
		begin := processorSeconds()
		c.cold(reference, current)
		t.cold = append(t.cold, processorSeconds()-begin)
	}
	for range repeats {
		begin := processorSeconds()
		c.warm(current)
		t.saved = append(t.saved, processorSeconds()-begin)
	}
	t.ks, t.wasserstein, t.psi, t.js = c.ks.Statistic, c.wasserstein, c.psi, c.js
	return t
}

// processorSeconds is the processor time that this process has used.
func processorSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // only a wrong argument fails
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}
