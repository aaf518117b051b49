package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/trainyard/trainyard/internal/profile"
)

const profileAbout = `profiler profile saves a reference, to compare with it often.

  profiler profile --data last-year.parquet --block 7d --time-column ts --out reference.profile
  profiler compare --reference reference.profile --current this-week.parquet --time-column ts

Exact keeps every value, sorted; binned keeps counts, so that distances become
intervals and there is no p-value. With --anchor an older profile stays beside a
reference that moves: what drifts too slowly for the reference is seen there.`

// profileFlags are those of profile.
type profileFlags struct {
	rule            ruleFlags
	source          sourceFlags
	data, out       string
	anchor          string
	exactness       string
	bins            int
	block           length
	referenceWindow window
}

func (f *profileFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.data, "data", "", "the `DATA` that is as it should be")
	flags.Var(&f.referenceWindow, "window", "which rows of the data: a `WINDOW`, as for compare")
	flags.StringVar(&f.out, "out", "", "the `FILE` to write")
	flags.StringVar(&f.exactness, "keep", "exact", "`WHAT` to keep of numbers: exact or binned")
	flags.IntVar(&f.bins, "bins", profile.DefaultBins, "the `NUMBER` of bins of a binned column")
	flags.StringVar(&f.anchor, "anchor", "", "carry the anchor of this older `PROFILE` along, or itself")
	flags.Var(&f.block, "block", "native: the `LENGTH` of the windows that will be compared: 7d, or 336rows")
	f.rule.register(flags)
	f.source.register(flags)
}

func runProfile(ctx context.Context, s streams, args []string) (int, error) {
	var f profileFlags
	flags := newFlags("profile", profileAbout, s.out)
	f.register(flags)
	words, err := parse(flags, args)
	if err != nil {
		return exitNothing, err
	}
	if err := errors.Join(noWords("profile", words), f.check()); err != nil {
		return exitError, err
	}
	o, err := f.options()
	if err != nil {
		return exitError, err
	}
	p := newProgress(s)
	defer p.done()
	o.Progress = p.column
	live, err := f.open(ctx, s, p, o)
	if err != nil {
		return exitError, err
	}
	if f.anchor != "" {
		if o.Anchor, err = profile.Load(f.anchor, o.HashKey); err != nil {
			return exitError, fmt.Errorf("--anchor: %w", err)
		}
		s.cleanup.add(func() { _ = o.Anchor.Close() })
	}
	if err := writeWhole(s, f.out, func(w io.Writer) error { return profile.Save(ctx, w, *live, o) }); err != nil {
		return exitError, err
	}
	p.done()
	fmt.Fprintf(s.out, "%s holds %s rows of %s.\n", f.out, thousands(live.Rows()), live.Name)
	return exitNothing, nil
}

func (f *profileFlags) check() error {
	switch {
	case f.data == "":
		return errors.New("--data is missing: name the data that is as it should be")
	case f.out == "":
		return errors.New("--out is missing: name the file to write, for example reference.profile")
	case f.exactness != "exact" && f.exactness != "binned":
		return fmt.Errorf("--keep is %q: take exact or binned", f.exactness)
	case f.bins < 1 || f.bins > 1_000_000:
		return fmt.Errorf("--bins is %d: take a number from 1 to 1000000", f.bins)
	}
	return nil
}

func (f *profileFlags) options() (profile.SaveOptions, error) {
	o := profile.SaveOptions{Exactness: profile.Exact, Bins: f.bins}
	if f.exactness == "binned" {
		o.Exactness = profile.Binned
	}
	var err error
	o.Options, err = f.rule.options()
	o.Block = f.block.Length
	return o, err
}

func (f *profileFlags) open(ctx context.Context, s streams, p *progress, o profile.SaveOptions) (*profile.Live, error) {
	view, err := f.source.open(ctx, s, p, f.data, o.Schema)
	if err != nil {
		return nil, err
	}
	if view, err = view.Cut(orElse(f.referenceWindow.Window, o.Schema.Windows.Reference), nil); err != nil {
		return nil, err
	}
	return &profile.Live{View: view}, nil
}
