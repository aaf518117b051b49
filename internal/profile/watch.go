package profile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// mostWindows bounds a report's size.
const mostWindows = 20_000

// StreamOptions say how a stream is replayed.
type StreamOptions struct {
	Options
	// Window is the length of a window, Step how far apart two begin; zero is the
	// window's length, so that windows neither overlap nor leave gaps.
	Window, Step schema.Length
}

// watcher replays one stream.
type watcher struct {
	*Plan
	windows []report.Window
	views   []span
	// weighed is the native evidence, by column and window.
	weighed [][]*Weighed
}

// span is a window's rows in the stream.
type span struct{ from, to int }

// Watch replays a stream in windows, each held against the reference, one column
// in memory at a time.
func Watch(ctx context.Context, reference Reference, stream *View, o StreamOptions) (*report.Report, error) {
	if err := o.checkStream(); err != nil {
		return nil, err
	}
	windows, spans, err := cutStream(stream, o.Window, o.Step)
	if err != nil {
		return nil, err
	}
	o.Block = o.Window
	p := &Plan{Options: o.Options, reference: reference, current: stream}
	if err := p.Options.check(); err != nil {
		return nil, err
	}
	if live := reference.rows(); live != nil && overlap(live, stream) > 0 {
		return nil, fmt.Errorf("the reference and the stream share rows: begin the stream after the reference, with --stream-window")
	}
	if p.columns, err = planColumns(reference.Schema(), &p.Options); err != nil {
		return nil, err
	}
	if p.Options.Compat == report.Native {
		if p.blocks, err = reference.blocks(&p.Options, stream.slice(spans[0].from, spans[0].to)); err != nil {
			return nil, err
		}
	}
	w := &watcher{Plan: p, windows: windows, views: spans}
	return w.run(ctx, &o)
}

func (o *StreamOptions) checkStream() error {
	season := o.season()
	step := orLength(o.Step, o.Window)
	switch {
	case o.Window.IsZero():
		return fmt.Errorf("the window's length is missing: give --window, for example 7d or 336rows")
	case (o.Window.Rows > 0) != (step.Rows > 0):
		return fmt.Errorf("the step %s and the window %s must both be durations, or both numbers of rows", step, o.Window)
	case season.Rows > 0 && step.Rows%season.Rows != 0 || season.Time > 0 && step.Time%season.Time != 0:
		return fmt.Errorf("windows that begin every %s are not at one phase of the season %s: take a step that is a multiple of it", step, season)
	}
	return nil
}

func orLength(given, other schema.Length) schema.Length {
	if given.IsZero() {
		return other
	}
	return given
}

// cutStream is the windows of a stream, whole ones only.
func cutStream(stream *View, length, step schema.Length) ([]report.Window, []span, error) {
	step = orLength(step, length)
	var windows []report.Window
	var spans []span
	add := func(w report.Window, from, to int) {
		w.Index, w.FirstRow, w.Rows = len(windows), stream.from+from, to-from
		w.Columns, w.DriftShare = []report.WindowColumn{}, report.None()
		windows, spans = append(windows, w), append(spans, span{from, to})
	}
	switch {
	case length.Rows > 0:
		for from := 0; from+length.Rows <= stream.Rows() && len(windows) <= mostWindows; from += step.Rows {
			add(report.Window{}, from, from+length.Rows)
		}
	case stream.times == nil:
		return nil, nil, fmt.Errorf("%s: windows of %s are cut by time: name the time column, or give a number of rows", stream.Name, length)
	case stream.Rows() > 0:
		p := stream.period0()
		for from := p.From; len(windows) <= mostWindows; from = from.Add(time.Duration(step.Time)) {
			to := from.Add(time.Duration(length.Time))
			if to.After(p.To.Add(time.Second)) {
				break
			}
			add(report.Window{From: &from, To: &to}, stream.firstAt(from), stream.firstAt(to))
		}
	}
	switch {
	case len(windows) == 0:
		return nil, nil, fmt.Errorf("%s: the stream's %d rows hold no whole window of %s: shorten the window", stream.Name, stream.Rows(), length)
	case len(windows) > mostWindows:
		return nil, nil, fmt.Errorf("%s: more than %d windows: lengthen the window or the step", stream.Name, mostWindows)
	}
	return windows, spans, nil
}

func (w *watcher) run(ctx context.Context, o *StreamOptions) (*report.Report, error) {
	r := w.header()
	r.Settings.Window, r.Settings.Step = o.Window.String(), orLength(o.Step, o.Window).String()
	var sorter stat.Sorter
	for i, c := range w.columns {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("stopped after %d of %d columns: %w", i, len(w.columns), err)
		}
		column, err := w.follow(ctx, c, &sorter)
		if err != nil {
			return nil, err
		}
		r.Columns = append(r.Columns, *column)
		if w.Options.Progress != nil {
			w.Options.Progress(i+1, len(w.columns), c.name)
		}
	}
	if err := w.decide(&r); err != nil {
		return nil, err
	}
	if err := w.perform(ctx, &r); err != nil {
		return nil, err
	}
	r.Windows = w.windows
	w.conclude(&r)
	return &r, nil
}

// follow compares one column in every window. What it returns shows the window
// that is farthest from the reference.
func (w *watcher) follow(ctx context.Context, c planned, sorter *stat.Sorter) (*report.Column, error) {
	shown := blank(c)
	weighed := make([]*Weighed, len(w.windows))
	w.weighed = append(w.weighed, weighed)
	read, absent, err := w.read(ctx, c.name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("stream: %w", err)
	case c.members != nil || absent:
		v := skipped("an embedding is compared by profiler compare, not in a stream")
		if absent && c.members == nil {
			v = unknown(reasonMissing, "the stream has no such column: was it renamed?")
		}
		v.write(&shown)
		w.everywhere(shown)
		return &shown, nil
	}
	reference, kind, err := w.referenceOf(ctx, c, &read, sorter)
	if err != nil {
		return nil, err
	}
	shown.Type = kind
	if reference == nil || !native.Comparable(kind) {
		skipped("its kind is compared by profiler compare, not in a stream").write(&shown)
		w.everywhere(shown)
		return &shown, nil
	}
	rule := w.Options.ruleFor(c.said, kind)
	for i, s := range w.views {
		current, err := summarise(shape(rowsOfColumn(read, s), kind).hidden(w.Options.relabel(c.said)), need{}, sorter)
		if err != nil {
			return nil, err
		}
		v := rule.judge(reference, current)
		weighed[i] = weigh(reference.Native, v.evidence, v.slack)
		next := blank(c)
		next.Type = kind
		v.write(&next)
		w.windows[i].Columns = append(w.windows[i].Columns, point(next))
		w.windows[i].Quality = append(w.windows[i].Quality, w.columnQuality(c, reference, current)...)
		if i == 0 || next.Effect.Exists() && !(next.Effect <= shown.Effect) {
			next.Reference, next.Current = reference.side(), current.side()
			w.draw(&next, c.said, reference, current)
			shown = next
		}
	}
	return &shown, nil
}

// referenceOf is a column's reference; nil where its values are of no use.
func (w *watcher) referenceOf(ctx context.Context, c planned, read *table.Column, sorter *stat.Sorter) (*Summary, drift.Kind, error) {
	kind, err := w.reference.kind(ctx, &w.Options, c.said, read)
	if err != nil {
		return nil, kind, fmt.Errorf("reference: %w", err)
	}
	stored, _ := w.reference.Schema().Lookup(c.name)
	if !parsed(c.said) && !comparableTypes(stored.Type, read.Type) {
		return nil, kind, nil
	}
	reference, err := w.reference.summary(ctx, c.name, kind, w.needOf(c.said, kind), sorter)
	if err != nil && !unfit(err) {
		return nil, kind, fmt.Errorf("reference: %w", err)
	}
	return reference, kind, nil
}

// rowsOfColumn copies some rows of a column.
func rowsOfColumn(c table.Column, s span) table.Column {
	out := table.Column{Field: c.Field, Labels: c.Labels, Hashed: c.Hashed}
	if c.Codes != nil {
		out.Codes = slices.Clone(c.Codes[s.from:s.to])
	} else {
		out.Numbers = slices.Clone(c.Numbers[s.from:s.to])
	}
	out.Missing = missing(&out)
	return out
}

// everywhere gives a column that is not followed its place in every window.
func (w *watcher) everywhere(c report.Column) {
	for i := range w.windows {
		w.windows[i].Columns = append(w.windows[i].Columns, point(c))
	}
}

func point(c report.Column) report.WindowColumn {
	return report.WindowColumn{
		Name: c.Name, State: c.State, Score: c.Score, Threshold: c.Threshold, Effect: c.Effect,
		Lower: c.Lower, Upper: c.Upper, Drifted: c.Drifted, Reason: c.Reason,
	}
}

// decide gives the native rule's verdicts, window by window, and each window's.
func (w *watcher) decide(r *report.Report) error {
	for i := range w.windows {
		window := &w.windows[i]
		columns := make([]PartColumn, len(window.Columns))
		for k, c := range window.Columns {
			columns[k] = PartColumn{Index: k, Native: w.weighed[k][i], Column: report.Column{
				Name: c.Name, State: c.State, Effect: c.Effect, Score: c.Score, Threshold: c.Threshold,
				Lower: c.Lower, Upper: c.Upper, Drifted: c.Drifted, Reason: c.Reason,
			}}
		}
		if err := decide(columns, w.native()); err != nil {
			return err
		}
		for k := range columns {
			window.Columns[k] = point(columns[k].Column)
			mirror(&r.Columns[k], window.Columns[k])
		}
		w.judgeWindow(window)
	}
	return nil
}

// mirror lets a column's entry in the report say what its farthest window says,
// and that it drifted if it did in any.
func mirror(c *report.Column, point report.WindowColumn) {
	farthest := point.Effect == c.Effect || !c.Effect.Exists()
	if c.Reason == "" && farthest {
		c.Lower, c.Upper = point.Lower, point.Upper
	}
	if c.Reason == "" && farthest || point.Drifted && !c.Drifted {
		c.State, c.Reason, c.Drifted = point.State, point.Reason, point.Drifted
		c.Message = explain(c)
	}
}

func (w *watcher) judgeWindow(window *report.Window) {
	compared, drifted := 0, 0
	for _, c := range window.Columns {
		if c.State == report.ColumnDrifted || c.State == report.ColumnStable {
			compared++
		}
		if c.Drifted {
			drifted++
		}
	}
	isDrift := drifted > 0
	if w.Options.Compat == report.Evidently {
		isDrift = evidently.DatasetDrifted(drifted, compared)
	}
	if compared > 0 {
		window.DriftShare = report.Number(float64(drifted) / float64(compared))
	}
	switch {
	case len(window.Quality) > 0:
		window.Verdict = report.BadData
	case isDrift:
		window.Verdict = report.Drifted
	case compared == 0:
		window.Verdict = report.Unknown
	default:
		window.Verdict = report.NotDrifted
	}
}
