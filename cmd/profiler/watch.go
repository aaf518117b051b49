package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/trainyard/trainyard/internal/profile"
	"github.com/trainyard/trainyard/internal/profile/schema"
)

const watchAbout = `profiler watch replays a stream in windows, each held against a reference.

  profiler watch --stream stream.csv --window 336rows --reference-window rows=:25%
  profiler watch --stream stream.parquet --time-column ts --window 7d --season 7d \
                 --reference last-year.parquet --label y --prediction p

Without --reference the stream's own beginning is the reference, and the windows
follow on it. Where the stream has labels and predictions the model's figures are
shown beside the drift, and two detectors watch its error row by row.`

// watchFlags are those of watch.
type watchFlags struct {
	rule                          ruleFlags
	source                        sourceFlags
	output                        outputFlags
	stream, reference             string
	streamWindow, referenceWindow window
	window, step                  length
	label, prediction, score      string
}

func (f *watchFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.stream, "stream", "", "the `DATA` to replay")
	flags.Var(&f.streamWindow, "stream-window", "which rows of the stream: a `WINDOW`; without --reference, those after the reference")
	flags.StringVar(&f.reference, "reference", "", "the `DATA` that is as it should be, or a saved profile; else the stream's own beginning")
	flags.Var(&f.referenceWindow, "reference-window", "which rows of the reference: a `WINDOW`; of the stream's own, the first quarter")
	flags.Var(&f.window, "window", "the `LENGTH` of a window: 7d, or 336rows")
	flags.Var(&f.step, "step", "how far apart two windows begin, a `LENGTH`; else the window's own")
	flags.StringVar(&f.label, "label", "", "the `COLUMN` that holds what was true")
	flags.StringVar(&f.prediction, "prediction", "", "the `COLUMN` that holds what the model said")
	flags.StringVar(&f.score, "score", "", "the `COLUMN` that holds the probability that the model gave")
	f.rule.register(flags)
	f.source.register(flags)
	f.output.register(flags)
}

func runWatch(ctx context.Context, s streams, args []string) (int, error) {
	var f watchFlags
	flags := newFlags("watch", watchAbout, s.out)
	f.register(flags)
	words, err := parse(flags, args)
	if err != nil {
		return exitNothing, err
	}
	if f.stream == "" {
		err = errors.New("--stream is missing: name the data to replay")
	}
	if err := errors.Join(noWords("watch", words), f.output.check(), err); err != nil {
		return exitError, err
	}
	o, err := f.options()
	if err != nil {
		return exitError, err
	}
	p := newProgress(s)
	defer p.done()
	o.Progress = p.column
	reference, stream, err := f.open(ctx, s, p, &o)
	if err != nil {
		return exitError, err
	}
	r, err := profile.Watch(ctx, reference, stream, o)
	if err != nil {
		return exitError, err
	}
	p.done()
	return exitCode(r), f.output.write(s, r)
}

func (f *watchFlags) options() (profile.StreamOptions, error) {
	var o profile.StreamOptions
	var err error
	if o.Options, err = f.rule.options(); err != nil {
		return o, err
	}
	for flag, to := range map[*string]*string{&f.label: &o.Schema.Label, &f.prediction: &o.Schema.Prediction, &f.score: &o.Schema.Score} {
		if *flag != "" {
			*to = *flag
		}
	}
	o.Window, o.Step = orElse(f.window.Length, o.Schema.Windows.Length), f.step.Length
	return o, nil
}

// ownReference is the part of a stream that is its own reference.
var ownReference = schema.Window{Rows: &schema.RowRange{From: schema.Bound{Absent: true}, To: schema.Bound{Share: 0.25, IsShare: true}}}

func (f *watchFlags) open(ctx context.Context, s streams, p *progress, o *profile.StreamOptions) (profile.Reference, *profile.View, error) {
	stream, err := f.source.open(ctx, s, p, f.stream, o.Schema)
	if err != nil {
		return nil, nil, fmt.Errorf("stream: %w", err)
	}
	c := compareFlags{source: f.source, reference: f.reference, referenceWindow: f.referenceWindow, rule: f.rule}
	if f.reference != "" && f.reference != f.stream {
		cut, err := stream.Cut(f.streamWindow.Window, nil)
		if err != nil {
			return nil, nil, fmt.Errorf("stream: %w", err)
		}
		reference, err := c.openReference(ctx, s, p, o.Options, cut)
		return reference, cut, err
	}
	own := orElse(orElse(f.referenceWindow.Window, o.Schema.Windows.Reference), ownReference)
	reference, err := stream.Cut(own, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("reference: %w", err)
	}
	rest := stream.After(reference)
	if !f.streamWindow.IsZero() {
		if rest, err = stream.Cut(f.streamWindow.Window, nil); err != nil {
			return nil, nil, fmt.Errorf("stream: %w", err)
		}
	}
	return profile.Live{View: reference}, rest, nil
}
