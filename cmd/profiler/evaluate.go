package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/trainyard/trainyard/internal/profile"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift/perf"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

const evaluateAbout = `profiler evaluate holds a candidate model against the champion, on the same rows.

  profiler evaluate --data heldout.parquet --label y --champion old --candidate new \
                    --block-by 1d --time-column ts --tolerance 0.01

Rows of one block, a day or a customer, succeed or fail together, so that the
interval is over blocks and not over rows. The answer is whether the candidate is
not worse by more than the tolerance; the smallest difference that the rows could
have shown stands beside it.`

// evaluateFlags are those of evaluate.
type evaluateFlags struct {
	source           sourceFlags
	output           outputFlags
	data, timeColumn string
	window           window
	segments         list
	costs            string
	o                profile.EvaluateOptions
}

func (f *evaluateFlags) register(flags *flag.FlagSet) {
	o := &f.o
	flags.StringVar(&f.data, "data", "", "the held-out `DATA`, with the label and both models' predictions")
	flags.Var(&f.window, "window", "which rows of it: a `WINDOW`, as for compare")
	flags.StringVar(&f.timeColumn, "time-column", "", "the `COLUMN` that holds each row's time")
	flags.StringVar(&o.Label, "label", "", "the `COLUMN` that holds what was true")
	flags.StringVar(&o.Champion, "champion", "", "the `COLUMN` that holds what the champion said")
	flags.StringVar(&o.Candidate, "candidate", "", "the `COLUMN` that holds what the candidate said")
	flags.StringVar(&o.ChampionScore, "champion-score", "", "the `COLUMN` of the champion's probability of the positive class")
	flags.StringVar(&o.CandidateScore, "candidate-score", "", "the `COLUMN` of the candidate's")
	flags.StringVar(&o.Positive, "positive", "", "the `CLASS` that is looked for; else 1, true, yes, up, or the last in order")
	flags.StringVar(&o.BlockBy, "block-by", "1d", "rows of one block depend on each other: a duration, a number of rows (336rows) or the `COLUMN` of an entity")
	flags.Var(&f.segments, "segments", "compare each value of these `COLUMNS` apart")
	flags.StringVar(&o.Metric, "metric", "", "the `METRIC` that decides; else accuracy, or mae of numbers")
	flags.Float64Var(&o.Tolerance, "tolerance", 0, "how much worse the candidate may be; a `NUMBER` in the metric's unit")
	flags.Float64Var(&o.Confidence, "confidence", 0.95, "of the interval: a `SHARE`")
	flags.BoolVar(&o.Independent, "independent-rows", false, "rows do not depend on each other: add McNemar's test and DeLong's")
	flags.StringVar(&f.costs, "costs", "", "what a row costs, for the metric cost: `TP,FP,FN,TN` in money, a gain being negative")
	flags.Float64Var(&o.Quantile, "quantile", 0, "the predictions are this quantile, a `SHARE`, for the metric quantile_loss")
	flags.IntVar(&o.Season, "season-rows", 0, "the `ROWS` of a season, for the metric mase; 1 is the last value")
	f.source.register(flags)
	f.output.register(flags)
}

func runEvaluate(ctx context.Context, s streams, args []string) (int, error) {
	var f evaluateFlags
	flags := newFlags("evaluate", evaluateAbout, s.out)
	f.register(flags)
	words, err := parse(flags, args)
	if err != nil {
		return exitNothing, err
	}
	if err := errors.Join(noWords("evaluate", words), f.output.check(), f.check()); err != nil {
		return exitError, err
	}
	p := newProgress(s)
	defer p.done()
	view, err := f.source.open(ctx, s, p, f.data, &schema.Schema{TimeColumn: f.timeColumn})
	if err != nil {
		return exitError, err
	}
	if view, err = view.Cut(f.window.Window, nil); err != nil {
		return exitError, err
	}
	f.o.Segments = f.segments
	r, err := profile.Evaluate(ctx, view, f.o)
	if err != nil {
		return exitError, err
	}
	p.done()
	return exitCode(r), f.output.write(s, r)
}

func (f *evaluateFlags) check() error {
	for _, required := range []struct{ name, value string }{
		{"data", f.data}, {"label", f.o.Label}, {"champion", f.o.Champion}, {"candidate", f.o.Candidate},
	} {
		if required.value == "" {
			return fmt.Errorf("--%s is missing; profiler evaluate -h shows an example", required.name)
		}
	}
	switch o := f.o; {
	case !(o.Quantile >= 0 && o.Quantile < 1):
		return fmt.Errorf("--quantile is %g: give a share between 0 and 1", o.Quantile)
	case o.Season < 0:
		return fmt.Errorf("--season-rows is %d: give a number of rows", o.Season)
	case f.costs == "":
		return nil
	}
	parts := strings.Split(f.costs, ",")
	var values [4]float64
	if len(parts) != len(values) {
		return fmt.Errorf("--costs is %q: write four numbers, TP,FP,FN,TN", f.costs)
	}
	for i, part := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || v-v != 0 {
			return fmt.Errorf("--costs: %q is no number", part)
		}
		values[i] = v
	}
	f.o.Costs = &perf.Costs{TP: values[0], FP: values[1], FN: values[2], TN: values[3]}
	return nil
}

// evaluation lists the metrics, the one that decides first, and the segments.
func (p *page) evaluation(e *report.Evaluation) {
	p.wrapped("", fmt.Sprintf("%s rows of %s with a label, in %s blocks by %s; intervals at %g %%; a difference above zero is better, whichever way the metric counts",
		thousands(e.Labelled), thousands(e.Rows), thousands(e.Blocks), e.BlockBy, 100*e.Confidence))
	p.line("")
	p.line("%-18s %9s %9s %10s %-22s %9s  %s", "METRIC", "CHAMPION", "CANDIDATE", "DIFFERENCE", "INTERVAL", "CAN SHOW", "VERDICT")
	for _, m := range e.Metrics {
		p.outcome(m.Metric, m)
	}
	p.line("")
	if len(e.Segments) > 0 {
		p.line("%-18s %9s %9s %10s %-22s %9s  %s", "SEGMENT", "CHAMPION", "CANDIDATE", "DIFFERENCE", "INTERVAL", "CAN SHOW", "VERDICT")
		for _, s := range e.Segments {
			p.outcome(s.Column+"="+s.Value, s.MetricOutcome)
		}
		p.line("")
	}
	for _, t := range e.Tests {
		p.line("%s: statistic %s, p = %s; for independent rows only", t.Name, figure(t.Statistic), figure(t.PValue))
	}
	p.wrapped("", "CAN SHOW is the smallest difference that these rows show in four of five cases. Only the first metric decides; the others have no tolerance.")
}

func (p *page) outcome(name string, m report.MetricOutcome) {
	interval := "-"
	if m.Lower.Exists() {
		interval = strings.TrimSpace(figure(m.Lower)) + " to " + strings.TrimSpace(figure(m.Upper))
	}
	p.line("%-18s %9s %9s %10s %-22s %9s  %s", clip(name, 18), figure(m.Champion), figure(m.Candidate), figure(m.Difference), interval, figure(m.MinDetectable), m.Verdict)
}
