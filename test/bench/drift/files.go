package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/snapshot"
)

// fileColumns is the width of the files that are compared end to end.
const fileColumns = 100

// synthetic is a table of numbers that are drawn when a column is read, and of a
// category every tenth column.
type synthetic struct {
	rows  int
	shift float64
}

func (s synthetic) Schema() table.Schema {
	var out table.Schema
	for i := range fileColumns {
		t := table.Float
		if i%10 == 9 {
			t = table.String
		}
		out = append(out, table.Field{Name: fmt.Sprintf("c%03d", i), Type: t})
	}
	return out
}

func (s synthetic) Rows() int { return s.rows }

func (s synthetic) Close() error { return nil }

func (s synthetic) Column(_ context.Context, name string) (table.Column, error) {
	field, _ := s.Schema().Lookup(name)
	c := table.Column{Field: field}
	r := rand.New(rand.NewPCG(uint64(s.rows), uint64(name[3])+256*uint64(name[2])))
	if field.Type == table.String {
		c.Labels = []string{"north", "east", "south", "west", "none"}
		c.Codes = make([]int32, s.rows)
		for i := range c.Codes {
			c.Codes[i] = int32(float64(len(c.Labels)) * r.Float64() * r.Float64())
		}
		return c, nil
	}
	c.Numbers = make([]float64, s.rows)
	for i := range c.Numbers {
		c.Numbers[i] = math.Exp(0.5*r.NormFloat64()+s.shift) * 20
	}
	return c, nil
}

// endToEnd times the profiler on two Parquet files: decoding alone, all of it, its
// memory, and two shards beside one.
func endToEnd(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "bench-profiler-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	fmt.Fprintf(os.Stderr, "writing %d columns of %d and %d rows, about a gigabyte …\n", fileColumns, referenceRows, currentRows)
	reference, err := writeFile(ctx, folder, synthetic{referenceRows, 0})
	if err != nil {
		return err
	}
	current, err := writeFile(ctx, folder, synthetic{currentRows, 0.01})
	if err != nil {
		return err
	}
	values := float64(fileColumns*(referenceRows+currentRows)) / 1e6
	fmt.Fprintln(os.Stderr, "decoding, then comparing …")
	decode, err := decodeSeconds(ctx, reference, current)
	if err != nil {
		return err
	}
	figure("profiler_parquet_decode_rate", values/decode, "M values/s a core", 0, true)
	p, err := newProgram(ctx, folder, reference, current)
	if err != nil {
		return err
	}
	for _, compat := range []string{"evidently", "native"} {
		all, err := p.run(ctx, "--compat", compat)
		if err != nil {
			return err
		}
		figure("profiler_"+compat+"_100_columns_rate", values/all.processor, "M values/s a core", 0, true)
		figure("profiler_"+compat+"_100_columns_peak_memory", all.mebibytes, "MiB", 500, all.mebibytes <= 500)
		if compat == "native" {
			continue
		}
		ten, err := p.run(ctx, "--compat", compat, "--columns", strings.Join(names(10), ","))
		if err != nil {
			return err
		}
		ratio := all.mebibytes / ten.mebibytes
		figure("profiler_peak_memory_100_over_10_columns", ratio, "times", 1.5, ratio <= 1.5)
		if err := p.shards(ctx, compat); err != nil {
			return err
		}
	}
	return p.saved(ctx)
}

func names(n int) []string {
	var out []string
	for _, field := range (synthetic{}).Schema()[:n] {
		out = append(out, field.Name)
	}
	return out
}

func writeFile(ctx context.Context, folder string, t synthetic) (string, error) {
	file, err := snapshot.Write(ctx, t, folder, folder)
	if err != nil {
		return "", err
	}
	return file.Path, nil
}

// decodeSeconds is the processor time that reading every column takes.
func decodeSeconds(ctx context.Context, paths ...string) (float64, error) {
	begin := processorSeconds()
	for _, path := range paths {
		t, err := datasource.Open(ctx, datasource.Spec{URL: path}, datasource.Options{})
		if err != nil {
			return 0, err
		}
		for _, field := range t.Schema() {
			if _, err := t.Column(ctx, field.Name); err != nil {
				return 0, errors.Join(err, t.Close())
			}
		}
		if err := t.Close(); err != nil {
			return 0, err
		}
	}
	return processorSeconds() - begin, nil
}

// program is the profiler, built, with its two files.
type program struct{ path, folder, reference, current string }

func newProgram(ctx context.Context, folder, reference, current string) (*program, error) {
	p := &program{filepath.Join(folder, "profiler"), folder, reference, current}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", p.path, "./cmd/profiler").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the profiler: %w: %s", err, out)
	}
	return p, nil
}

// cost is what one run took.
type cost struct{ processor, wall, mebibytes float64 }

func (p *program) run(ctx context.Context, args ...string) (cost, error) {
	return p.command(ctx, append([]string{"compare", "--reference", p.reference, "--current", p.current, "-o", "json", "--out", filepath.Join(p.folder, "report.json")}, args...)...)
}

// command runs the profiler, whose exit codes 0 to 2 are results.
func (p *program) command(ctx context.Context, args ...string) (cost, error) {
	command := exec.CommandContext(ctx, p.path, args...)
	var text bytes.Buffer
	command.Stderr = &text
	begin := time.Now()
	err := command.Run()
	wall := time.Since(begin).Seconds()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 2) {
		return cost{}, fmt.Errorf("profiler %s: %w: %s", args[0], err, text.String())
	}
	state := command.ProcessState
	return cost{
		processor: (state.UserTime() + state.SystemTime()).Seconds(), wall: wall,
		mebibytes: float64(state.SysUsage().(*syscall.Rusage).Maxrss) / 1024,
	}, nil
}

// shards times one process on one core against two on two, and the merge.
func (p *program) shards(ctx context.Context, compat string) error {
	fmt.Fprintln(os.Stderr, "one shard, then two at once …")
	part := func(i, n int) (cost, error) {
		return p.run(ctx, "--compat", compat, "--shard", fmt.Sprintf("%d/%d", i, n), "--out", filepath.Join(p.folder, fmt.Sprintf("part-%d-%d", i, n)))
	}
	one, err := part(1, 1)
	if err != nil {
		return err
	}
	var wait sync.WaitGroup
	var failures [2]error
	var two [2]cost
	begin := time.Now()
	for i := range two {
		wait.Go(func() { two[i], failures[i] = part(i+1, 2) })
	}
	wait.Wait()
	if err := errors.Join(failures[:]...); err != nil {
		return err
	}
	merged, err := p.command(ctx, "merge", "-o", "json", "--out", filepath.Join(p.folder, "merged.json"), filepath.Join(p.folder, "part-1-2"), filepath.Join(p.folder, "part-2-2"))
	if err != nil {
		return err
	}
	speedup := one.wall / time.Since(begin).Seconds()
	figure("profiler_one_shard_wall_over_two", speedup, "times", 1.6, speedup >= 1.6)
	work := (two[0].processor + two[1].processor + merged.processor) / one.processor
	figure("profiler_two_shards_processor_over_one", work, "times", 1.2, work <= 1.2)
	return nil
}

// saved times a comparison with a saved reference.
func (p *program) saved(ctx context.Context) error {
	fmt.Fprintln(os.Stderr, "saving the reference, then comparing with it …")
	file := filepath.Join(p.folder, "reference.profile")
	made, err := p.command(ctx, "profile", "--data", p.reference, "--compat", "evidently", "--out", file)
	if err != nil {
		return err
	}
	figure("profiler_save_rate", float64(fileColumns*referenceRows)/1e6/made.processor, "M values/s a core", 0, true)
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	figure("profiler_saved_bytes_a_value", float64(info.Size())/(fileColumns*referenceRows), "bytes", 8, info.Size() < 8*fileColumns*referenceRows)
	p.reference = file
	used, err := p.run(ctx, "--compat", "evidently")
	if err != nil {
		return err
	}
	figure("profiler_saved_reference_rate", float64(fileColumns*(referenceRows+currentRows))/1e6/used.processor, "M values/s a core", 0, true)
	return nil
}
