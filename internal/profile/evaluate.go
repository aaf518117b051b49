package profile

import (
	"context"
	"fmt"
	"time"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift/gate"
	"github.com/trainyard/trainyard/pkg/drift/perf"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// EvaluateOptions say which columns hold what, and how two models are compared.
type EvaluateOptions struct {
	// Label is what was true; Champion and Candidate are what the models said.
	// The scores are the probabilities of the positive class, and may be empty.
	Label, Champion, Candidate    string
	ChampionScore, CandidateScore string
	Positive                      string
	// BlockBy is a duration, a number of rows, or the column of an entity: rows of
	// one block succeed or fail together.
	BlockBy string
	// Segments are columns whose values are compared apart.
	Segments []string
	// Metric is the one that decides; empty is accuracy, or MAE of numbers.
	Metric string
	// Tolerance is how much worse the candidate may be, in the metric's unit.
	Tolerance, Confidence float64
	// Independent says that rows do not depend on each other.
	Independent bool
	// Costs of a row by outcome, for the metric cost; nil for none.
	Costs *perf.Costs
	// Quantile is what is predicted, for the metric quantile_loss; zero for none.
	Quantile float64
	// Season is the number of rows of MASE's naive forecast; zero for none.
	Season int
}

// evaluation is the rows that have a label and both predictions.
type evaluation struct {
	options EvaluateOptions
	rows    []int
	block   []int
	blocks  int
	// champion and candidate share the truth and the classes.
	champion, candidate outcomes
	metrics             []metric
}

// Evaluate holds a candidate against the champion on the same rows.
func Evaluate(ctx context.Context, v *View, o EvaluateOptions) (*report.Report, error) {
	e, all, err := readEvaluation(ctx, v, o)
	if err != nil {
		return nil, err
	}
	if len(e.rows) == 0 {
		return nil, fmt.Errorf("%s: none of %d rows has a label and both predictions", v.Name, all)
	}
	if err := e.cutBlocks(ctx, v); err != nil {
		return nil, err
	}
	if e.metrics, err = e.choose(); err != nil {
		return nil, err
	}
	out := &report.Evaluation{
		Task: e.task(), Rows: all, Labelled: len(e.rows), BlockBy: o.BlockBy, Blocks: e.blocks,
		Confidence: o.Confidence, Decisive: e.metrics[0].name,
	}
	var decisive gate.Comparison
	for i, m := range e.metrics {
		c, err := e.compare(m, all2(len(e.rows)), e.block, e.blocks)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			decisive, out.Verdict = c, string(c.Verdict)
		}
		out.Metrics = append(out.Metrics, outcomeOf(m, c, e.tolerance(m)))
	}
	if out.Segments, err = e.segments(ctx, v, decisive); err != nil {
		return nil, err
	}
	out.Tests = e.tests()
	return e.report(v, out), nil
}

func readEvaluation(ctx context.Context, v *View, o EvaluateOptions) (*evaluation, int, error) {
	champion, err := readOutcomes(ctx, v, o.Label, o.Champion, o.ChampionScore, o.Positive)
	if err != nil {
		return nil, 0, fmt.Errorf("champion: %w", err)
	}
	candidate, err := readOutcomes(ctx, v, o.Label, o.Candidate, o.CandidateScore, o.Positive)
	if err != nil {
		return nil, 0, fmt.Errorf("candidate: %w", err)
	}
	if champion.class && !sameClasses(champion, candidate) {
		if err := align(champion, candidate); err != nil {
			return nil, 0, err
		}
	}
	if (champion.score == nil) != (candidate.score == nil) {
		return nil, 0, fmt.Errorf("one model has a score and the other has none: give --champion-score and --candidate-score, or neither")
	}
	e := &evaluation{options: o, champion: *champion, candidate: *candidate}
	for row := range champion.truth {
		if whole(champion, row) && whole(candidate, row) {
			e.rows = append(e.rows, row)
		}
	}
	return e, len(champion.truth), nil
}

// whole says that a row has a label, a prediction and, if any has, a score.
func whole(o *outcomes, row int) bool {
	return o.truth[row] == o.truth[row] && o.predicted[row] == o.predicted[row] && (o.score == nil || o.score[row]-o.score[row] == 0)
}

func sameClasses(a, b *outcomes) bool {
	if len(a.classes) != len(b.classes) {
		return false
	}
	for i := range a.classes {
		if a.classes[i] != b.classes[i] {
			return false
		}
	}
	return true
}

// align renumbers the classes of b like those of a, adding what a does not have.
func align(a, b *outcomes) error {
	number := map[string]int{}
	for i, name := range a.classes {
		number[name] = i
	}
	to := make([]float64, len(b.classes))
	for i, name := range b.classes {
		at, known := number[name]
		if !known {
			at = len(a.classes)
			number[name] = at
			a.classes = append(a.classes, name)
		}
		to[i] = float64(at)
	}
	for _, values := range [][]float64{b.truth, b.predicted} {
		for i, v := range values {
			if v == v {
				values[i] = to[int(v)]
			}
		}
	}
	if (len(a.classes) > 2) && (a.score != nil || b.score != nil) {
		return fmt.Errorf("the label and the predictions have %d classes, and scores are for two: leave the scores out", len(a.classes))
	}
	b.classes, b.positive = a.classes, positiveOf(a.classes, a.classes[a.positive])
	return nil
}

func (e *evaluation) task() string {
	switch {
	case !e.champion.class:
		return "regression"
	case len(e.champion.classes) <= 2:
		return "binary"
	}
	return "multiclass"
}

// cutBlocks numbers the blocks of the rows that are compared.
func (e *evaluation) cutBlocks(ctx context.Context, v *View) error {
	if length, err := schema.ParseLength(e.options.BlockBy); err == nil {
		return e.blocksByLength(v, length)
	}
	column, err := v.Column(ctx, e.options.BlockBy)
	if err != nil {
		return fmt.Errorf("--block-by is %q, neither a duration (1d), a number of rows (336rows) nor a column: %w", e.options.BlockBy, err)
	}
	entities := make([]string, len(e.rows))
	for i, row := range e.rows {
		entities[i], _ = className(&column, row)
	}
	e.block, e.blocks = gate.BlocksByEntity(entities)
	return nil
}

func (e *evaluation) blocksByLength(v *View, length schema.Length) error {
	if length.Rows > 0 {
		groups := make([]string, len(e.rows))
		for i, row := range e.rows {
			groups[i] = fmt.Sprint(row / length.Rows)
		}
		e.block, e.blocks = gate.BlocksByEntity(groups)
		return nil
	}
	if v.times == nil {
		return fmt.Errorf("blocks of %s are cut by time: name the time column with --time-column, or take blocks of rows or of a column", length)
	}
	times := make([]time.Time, len(e.rows))
	for i, row := range e.rows {
		times[i] = window.Moment(v.times[row])
	}
	e.block, e.blocks = gate.BlocksByTime(times, time.Duration(length.Time))
	return nil
}

func all2(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// tolerance is the user's for the metric that decides, none for the others.
func (e *evaluation) tolerance(m metric) float64 {
	if m.name == e.metrics[0].name {
		return e.options.Tolerance
	}
	return 0
}

func (e *evaluation) gate(m metric) gate.Options {
	return gate.Options{LowerIsBetter: m.lowerIsBetter, Tolerance: e.tolerance(m), Confidence: e.options.Confidence, Seed: 1}
}

// compare compares some of the rows, given by their place in e.rows.
func (e *evaluation) compare(m metric, rows, block []int, blocks int) (gate.Comparison, error) {
	c, err := gate.Compare(m.build(&e.champion, e.at(rows), block, blocks), m.build(&e.candidate, e.at(rows), block, blocks), blocks, e.gate(m))
	if err != nil {
		return c, fmt.Errorf("metric %s: %w", m.name, err)
	}
	return c, nil
}

// at are rows of the table.
func (e *evaluation) at(places []int) []int {
	out := make([]int, len(places))
	for i, p := range places {
		out[i] = e.rows[p]
	}
	return out
}

func outcomeOf(m metric, c gate.Comparison, tolerance float64) report.MetricOutcome {
	return report.MetricOutcome{
		Metric: m.name, LowerIsBetter: m.lowerIsBetter, Champion: number(c.Champion), Candidate: number(c.Candidate),
		Difference: number(c.Difference), Lower: number(c.Lower), Upper: number(c.Upper), MinDetectable: number(c.MinDetectable),
		Tolerance: number(tolerance), Interval: string(c.Method), Verdict: string(c.Verdict), Reason: c.Reason,
	}
}

// segments compares the metric that decides on each value of the segments' columns.
// Their confidence is raised, so that it holds for all of them together.
func (e *evaluation) segments(ctx context.Context, v *View, overall gate.Comparison) ([]report.SegmentOutcome, error) {
	var out []report.SegmentOutcome
	m := e.metrics[0]
	for _, name := range e.options.Segments {
		column, err := v.Column(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("segment: %w", err)
		}
		values, distinct := e.segmentValues(&column)
		if distinct > mostSegments {
			return nil, fmt.Errorf("segment: column %q has %d values, at most %d can be told apart: bin it first", name, distinct, mostSegments)
		}
		o := e.gate(m)
		o.Confidence = 1 - (1-e.options.Confidence)/float64(distinct)
		build := func(rows, block []int, blocks int) (gate.Metric, gate.Metric) {
			return m.build(&e.champion, e.at(rows), block, blocks), m.build(&e.candidate, e.at(rows), block, blocks)
		}
		segments, err := gate.BySegment(values, e.block, build, overall, o)
		if err != nil {
			return nil, fmt.Errorf("segment %s: %w", name, err)
		}
		for _, s := range segments {
			out = append(out, report.SegmentOutcome{
				Column: name, Value: s.Name, Rows: s.Rows, Blocks: s.Comparison.Blocks, Gap: number(s.Gap),
				MetricOutcome: outcomeOf(m, s.Comparison, e.tolerance(m)),
			})
		}
	}
	return out, nil
}

// mostSegments bounds the values of a segment's column.
const mostSegments = 200

func (e *evaluation) segmentValues(c *table.Column) (values []string, distinct int) {
	seen := map[string]bool{}
	for _, row := range e.rows {
		name, present := className(c, row)
		if !present {
			name = "(none)"
		}
		values = append(values, name)
		seen[name] = true
	}
	return values, len(seen)
}

// tests are for rows that the user says are independent.
func (e *evaluation) tests() []report.IndependentTest {
	if !e.options.Independent || !e.champion.class {
		return nil
	}
	var truth, right, wright []bool
	var score, other []float64
	for _, row := range e.rows {
		right = append(right, e.champion.predicted[row] == e.champion.truth[row])
		wright = append(wright, e.candidate.predicted[row] == e.candidate.truth[row])
		truth = append(truth, int(e.champion.truth[row]) == e.champion.positive)
		if e.champion.score != nil {
			score, other = append(score, e.champion.score[row]), append(other, e.candidate.score[row])
		}
	}
	mcnemar := gate.McNemar(right, wright)
	out := []report.IndependentTest{{Name: "mcnemar", Statistic: number(mcnemar.Statistic), PValue: number(mcnemar.P)}}
	if score != nil {
		delong := gate.DeLong(truth, score, other)
		out = append(out, report.IndependentTest{Name: "delong", Statistic: number(delong.Statistic), PValue: number(delong.P)})
	}
	return out
}

func (e *evaluation) report(v *View, out *report.Evaluation) *report.Report {
	input := inputOf(v)
	none := report.None()
	r := &report.Report{
		Version: report.Version, Compat: report.Native, Inputs: report.Inputs{Current: &input}, DriftShare: none,
		Settings: report.Settings{FalseAlarmsPerYear: none, WindowsPerYear: none, MinEffect: none},
		Columns:  []report.Column{}, Quality: []report.Finding{}, Evaluation: out,
	}
	m := out.Metrics[0]
	size := fmt.Sprintf("%s %s against %s", m.Metric, short(m.Candidate), short(m.Champion))
	switch gate.Verdict(out.Verdict) {
	case gate.Better:
		r.Verdict, r.Summary, r.Advice = report.NotDrifted, "The candidate is better: "+size+".", "Promote it, unless a segment below is worse."
	case gate.NotWorse:
		r.Verdict, r.Summary, r.Advice = report.NotDrifted, "The candidate is not worse than is tolerated: "+size+".", "It may replace the champion, unless a segment below is worse."
	case gate.Worse:
		r.Verdict, r.Drifted, r.Summary, r.Advice = report.Drifted, true, "The candidate is worse: "+size+".", "Keep the champion."
	default:
		r.Verdict, r.Summary, r.Advice = report.Unknown, "The rows do not tell which model is better: "+size+".", "Because "+m.Reason+"."
	}
	if worse := worst(out.Segments); worse != "" {
		r.Advice += " Worse in " + worse + "."
	}
	return r
}

func worst(segments []report.SegmentOutcome) string {
	for _, s := range segments {
		if gate.Verdict(s.Verdict) == gate.Worse {
			return s.Column + " = " + s.Value
		}
	}
	return ""
}
