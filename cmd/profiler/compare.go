package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/trainyard/trainyard/internal/profile"
	"github.com/trainyard/trainyard/internal/profile/snapshot"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

const compareAbout = `profiler compare holds current data against a reference, column by column.

  profiler compare --reference last-year.parquet --current this-week.parquet
  profiler compare --reference stream.csv --reference-window rows=:10% \
                   --current stream.csv --current-window rows=90%: --compat evidently

` + dataHelp + `
The reference may also be what profiler profile saved. A window is one of rows=0:1000,
rows=90%:, time=2026-01-01/2026-02-01, last=7d,offset=1d and, for the reference,
before=30d,gap=1d: the thirty days that end a day before the current window.`

// compareFlags are those of compare.
type compareFlags struct {
	rule                           ruleFlags
	source                         sourceFlags
	output                         outputFlags
	reference, current, shard      string
	referenceWindow, currentWindow window
	block                          length
	snapshot                       string
	multivariate                   bool
}

func (f *compareFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.reference, "reference", "", "the `DATA` that is as it should be, or a saved profile of it")
	flags.StringVar(&f.current, "current", "", "the `DATA` to judge")
	flags.Var(&f.referenceWindow, "reference-window", "which rows of the reference: a `WINDOW`")
	flags.Var(&f.currentWindow, "current-window", "which rows of the current data: a `WINDOW`")
	flags.Var(&f.block, "block", "native: cut the reference into blocks of this `LENGTH` (7d, 336rows); else as long as the current data")
	flags.StringVar(&f.snapshot, "snapshot", "", "write the current rows, as the schema's rules leave them, into this `FOLDER` as a Parquet file named by its SHA-256")
	flags.BoolVar(&f.multivariate, "multivariate", false, "also let a classifier compare all columns together")
	flags.StringVar(&f.shard, "shard", "", "compare only the `i/n`-th part of the columns and write what profiler merge joins")
	f.rule.register(flags)
	f.source.register(flags)
	f.output.register(flags)
}

func runCompare(ctx context.Context, s streams, args []string) (int, error) {
	var f compareFlags
	flags := newFlags("compare", compareAbout, s.out)
	f.register(flags)
	words, err := parse(flags, args)
	if err != nil {
		return exitNothing, err
	}
	if err := errors.Join(noWords("compare", words), f.output.check(), f.required()); err != nil {
		return exitError, err
	}
	shard, of, err := parseShard(f.shard)
	if err != nil {
		return exitError, err
	}
	p := newProgress(s)
	defer p.done()
	plan, err := f.plan(ctx, s, p)
	if err != nil {
		return exitError, err
	}
	part, err := plan.Compare(ctx, shard, of)
	if err != nil {
		return exitError, err
	}
	if part.Header.Snapshot, err = f.writeSnapshot(ctx, s, plan, shard); err != nil {
		return exitError, err
	}
	p.done()
	if f.shard != "" {
		return exitNothing, writePart(s, f.output.file, part)
	}
	return finish(s, &f.output, []*profile.Part{part})
}

func (f *compareFlags) required() error {
	switch {
	case f.reference == "":
		return errors.New("--reference is missing: name the data that is as it should be")
	case f.current == "":
		return errors.New("--current is missing: name the data to judge")
	}
	return nil
}

// plan opens both sides.
func (f *compareFlags) plan(ctx context.Context, s streams, p *progress) (*profile.Plan, error) {
	o, err := f.rule.options()
	if err != nil {
		return nil, err
	}
	o.Block, o.Multivariate, o.Progress = f.block.Length, f.multivariate, p.column
	if o.Schema.Rows.MaxAge > 0 {
		o.Now = s.clock.Now()
	}
	current, err := f.source.open(ctx, s, p, f.current, o.Schema)
	if err != nil {
		return nil, fmt.Errorf("current data: %w", err)
	}
	if current, err = current.Cut(orElse(f.currentWindow.Window, o.Schema.Windows.Current), nil); err != nil {
		return nil, fmt.Errorf("current data: %w", err)
	}
	if current, o.Acted, err = current.Apply(ctx, o.Schema); err != nil {
		return nil, fmt.Errorf("current data: %w", err)
	}
	reference, err := f.openReference(ctx, s, p, o, current)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	return profile.NewPlan(reference, current, o)
}

// writeSnapshot writes what a training may read; the first shard does.
func (f *compareFlags) writeSnapshot(ctx context.Context, s streams, plan *profile.Plan, shard int) (*report.Snapshot, error) {
	if f.snapshot == "" || shard > 1 {
		return nil, nil
	}
	if err := os.MkdirAll(f.snapshot, 0o755); err != nil {
		return nil, fmt.Errorf("--snapshot: %w", err)
	}
	scratch, err := os.MkdirTemp(f.snapshot, ".unfinished-*")
	if err != nil {
		return nil, fmt.Errorf("--snapshot: %w", err)
	}
	s.cleanup.add(func() { _ = os.RemoveAll(scratch) })
	file, err := snapshot.Write(ctx, plan.Current(), f.snapshot, scratch)
	if err != nil {
		return nil, err
	}
	return &report.Snapshot{Path: file.Path, SHA256: file.SHA256, Rows: file.Rows, Quarantined: plan.Options.Acted.Quarantined}, nil
}

func (f *compareFlags) openReference(ctx context.Context, s streams, p *progress, o profile.Options, current *profile.View) (profile.Reference, error) {
	if profile.IsFile(f.reference) {
		return f.loadReference(s, o)
	}
	view, err := f.source.open(ctx, s, p, f.reference, o.Schema)
	if err != nil {
		return nil, err
	}
	if view, err = view.Cut(orElse(f.referenceWindow.Window, o.Schema.Windows.Reference), current); err != nil {
		return nil, err
	}
	return profile.Live{View: view}, nil
}

// loadReference opens a saved profile, which is what it is.
func (f *compareFlags) loadReference(s streams, o profile.Options) (profile.Reference, error) {
	if !f.referenceWindow.IsZero() || !f.block.IsZero() || !f.rule.season.IsZero() {
		return nil, errors.New("a saved profile has its rows and blocks: leave out --reference-window, --block and --season")
	}
	file, err := profile.Load(f.reference, o.HashKey)
	if err != nil {
		return nil, err
	}
	s.cleanup.add(func() { _ = file.Close() })
	return file, nil
}

func orElse[T interface{ IsZero() bool }](given, other T) T {
	if given.IsZero() {
		return other
	}
	return given
}

func parseShard(text string) (shard, of int, err error) {
	if text == "" {
		return 1, 1, nil
	}
	first, second, found := strings.Cut(text, "/")
	shard, errFirst := strconv.Atoi(first)
	of, errSecond := strconv.Atoi(second)
	if !found || errFirst != nil || errSecond != nil || shard < 1 || shard > of {
		return 0, 0, fmt.Errorf("--shard is %q: write i/n, from 1/n to n/n", text)
	}
	return shard, of, nil
}

// finish merges, writes the report and gives its exit code.
func finish(s streams, o *outputFlags, parts []*profile.Part) (int, error) {
	r, err := profile.Merge(parts)
	if err != nil {
		return exitError, err
	}
	return exitCode(r), o.write(s, r)
}

const mergeAbout = `profiler merge joins the parts of one comparison.

  profiler compare … --shard 1/2 --out part-1.json
  profiler compare … --shard 2/2 --out part-2.json
  profiler merge part-1.json part-2.json

However the columns were split, the report is the same. A shard that died is run
again alone.`

func runMerge(_ context.Context, s streams, args []string) (int, error) {
	var output outputFlags
	flags := newFlags("merge", mergeAbout, s.out)
	output.register(flags)
	files, err := parse(flags, args)
	if err != nil {
		return exitNothing, err
	}
	if err := output.check(); err != nil {
		return exitError, err
	}
	if len(files) == 0 {
		return exitError, errors.New("merge: name the files that compare --shard wrote")
	}
	var parts []*profile.Part
	for _, name := range files {
		part, err := readPart(name)
		if err != nil {
			return exitError, fmt.Errorf("%s: %w", name, err)
		}
		parts = append(parts, part)
	}
	return finish(s, &output, parts)
}

func readPart(name string) (*profile.Part, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the part: %w", err)
	}
	defer func() { _ = file.Close() }()
	return profile.ReadPart(file)
}
