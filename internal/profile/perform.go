package profile

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/pkg/drift/perf"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stream"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// outcomes are the labels and predictions of rows, as far as they are there.
type outcomes struct {
	// class says that labels are classes; then truth and predicted are their
	// numbers, else they are values. NaN is missing.
	class            bool
	truth, predicted []float64
	// score is the probability of the positive class, where there are two.
	score    []float64
	classes  []string
	positive int
}

// readOutcomes reads what the schema names; nil where it names no label, or no
// prediction.
func readOutcomes(ctx context.Context, v *View, label, prediction, score, positive string) (*outcomes, error) {
	if label == "" || prediction == "" {
		return nil, nil
	}
	truth, err := v.Column(ctx, label)
	if err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	predicted, err := v.Column(ctx, prediction)
	if err != nil {
		return nil, fmt.Errorf("prediction: %w", err)
	}
	o := &outcomes{}
	o.encode(&truth, &predicted, positive)
	if score == "" || len(o.classes) > 2 {
		return o, nil
	}
	column, err := v.Column(ctx, score)
	if err != nil {
		return nil, fmt.Errorf("score: %w", err)
	}
	if column.Numbers == nil {
		return nil, fmt.Errorf("score: column %q holds %s values: name a column of numbers", score, column.Type)
	}
	o.score = column.Numbers
	return o, nil
}

// mostClasses is the number of distinct whole labels up to which they are classes.
const mostClasses = 20

// encode makes numbers of classes: of text and truth values, and of few whole
// numbers.
func (o *outcomes) encode(truth, predicted *table.Column, positive string) {
	o.class = isClass(truth)
	if !o.class {
		o.truth, o.predicted = truth.Numbers, predicted.Numbers
		return
	}
	index := map[string]int{}
	number := func(c *table.Column) []float64 {
		out := make([]float64, c.Rows())
		for row := range out {
			name, present := className(c, row)
			out[row] = math.NaN()
			if present {
				at, known := index[name]
				if !known {
					at = len(o.classes)
					index[name] = at
					o.classes = append(o.classes, name)
				}
				out[row] = float64(at)
			}
		}
		return out
	}
	o.truth, o.predicted = number(truth), number(predicted)
	o.positive = positiveOf(o.classes, positive)
}

func isClass(c *table.Column) bool {
	switch c.Type {
	case table.String, table.Boolean:
		return true
	case table.Integer:
		seen := map[float64]bool{}
		for _, v := range c.Numbers {
			if v == v {
				seen[v] = true
			}
			if len(seen) > mostClasses {
				return false
			}
		}
		return true
	}
	return false
}

func className(c *table.Column, row int) (string, bool) {
	if c.Codes != nil {
		if c.Codes[row] == table.Absent {
			return "", false
		}
		return c.Labels[c.Codes[row]], true
	}
	if v := c.Numbers[row]; v == v {
		return label(v, c.Type), true
	}
	return "", false
}

// positiveOf is the class that is looked for: the one named, else the usual names,
// else the last in order.
func positiveOf(classes []string, named string) int {
	last := 0
	for i, name := range classes {
		if named != "" && name == named {
			return i
		}
		switch strings.ToLower(name) {
		case "1", "true", "yes", "positive", "up":
			if named == "" {
				return i
			}
		}
		if compareNumbers(name, classes[last]) > 0 {
			last = i
		}
	}
	return last
}

// figures are the metrics of some rows.
func (o *outcomes) figures(from, to int) []report.Figure {
	var truth, predicted, score []float64
	for row := from; row < to; row++ {
		if o.truth[row] == o.truth[row] && o.predicted[row] == o.predicted[row] {
			truth, predicted = append(truth, o.truth[row]), append(predicted, o.predicted[row])
			if o.score != nil {
				score = append(score, o.score[row])
			}
		}
	}
	coverage := report.None()
	if to > from {
		coverage = report.Number(float64(len(truth)) / float64(to-from))
	}
	figure := func(metric string, value float64) report.Figure {
		return report.Figure{Metric: metric, Value: number(value), Coverage: coverage}
	}
	switch {
	case len(truth) == 0:
		return []report.Figure{figure(o.mainMetric(), math.NaN())}
	case !o.class:
		return []report.Figure{figure("mae", perf.MAE(truth, predicted)), figure("rmse", perf.RMSE(truth, predicted)), figure("r2", perf.R2(truth, predicted))}
	case len(o.classes) != 2:
		right := 0.0
		for i := range truth {
			if truth[i] == predicted[i] {
				right++
			}
		}
		return []report.Figure{figure("accuracy", right/float64(len(truth)))}
	}
	t, p := o.positives(truth), o.positives(predicted)
	c := perf.NewConfusion(t, p)
	out := []report.Figure{figure("accuracy", c.Accuracy()), figure("balanced_accuracy", c.BalancedAccuracy()), figure("f1", c.F1())}
	if score != nil {
		out = append(out, figure("auc", perf.AUC(t, score)))
	}
	return out
}

func (o *outcomes) mainMetric() string {
	if o.class {
		return "accuracy"
	}
	return "mae"
}

func (o *outcomes) positives(classes []float64) []bool {
	out := make([]bool, len(classes))
	for i, c := range classes {
		out[i] = int(c) == o.positive
	}
	return out
}

// perform adds the model's figures to the windows, and what detectors make of its
// error row by row.
func (w *watcher) perform(ctx context.Context, r *report.Report) error {
	s := w.Options.Schema
	o, err := readOutcomes(ctx, w.current, s.Label, s.Prediction, s.Score, "")
	if err != nil || o == nil {
		return err
	}
	estimate, err := w.estimator(ctx, o)
	if err != nil {
		return err
	}
	for i, view := range w.views {
		w.windows[i].Performance = o.figures(view.from, view.to)
		if estimate != nil {
			w.windows[i].Performance = append(w.windows[i].Performance, estimate(view.from, view.to)...)
		}
	}
	r.Alarms = w.alarms(o)
	return nil
}

// estimator is CBPE, fitted on the reference's labelled rows; nil where there are
// no probabilities, or no rows.
func (w *watcher) estimator(ctx context.Context, o *outcomes) (func(from, to int) []report.Figure, error) {
	s := w.Options.Schema
	live := w.reference.rows()
	if o.score == nil || live == nil {
		return nil, nil
	}
	past, err := readOutcomes(ctx, live, s.Label, s.Prediction, s.Score, o.classes[o.positive])
	if err != nil {
		return nil, err
	}
	var truth []bool
	var score []float64
	for row, t := range past.truth {
		if p := past.score[row]; t == t && p >= 0 && p <= 1 {
			truth, score = append(truth, int(t) == past.positive), append(score, p)
		}
	}
	fitted, err := perf.FitCBPE(truth, score)
	if err != nil {
		return nil, nil //nolint:nilerr // one class only: there is nothing to estimate
	}
	return func(from, to int) []report.Figure {
		var predicted []bool
		var probability []float64
		for row := from; row < to; row++ {
			if p := o.score[row]; o.predicted[row] == o.predicted[row] && p >= 0 && p <= 1 {
				predicted, probability = append(predicted, int(o.predicted[row]) == o.positive), append(probability, p)
			}
		}
		value := fitted.Estimate(predicted, probability).Accuracy()
		return []report.Figure{{Metric: "accuracy", Value: number(value), Estimated: true, Coverage: report.Number(float64(len(predicted)) / float64(max(1, to-from)))}}
	}, nil
}

// alarms are the changes of level of the model's error.
func (w *watcher) alarms(o *outcomes) []report.Alarm {
	var points []stream.Point
	var rows []int
	for row, t := range o.truth {
		if t != t || o.predicted[row] != o.predicted[row] {
			continue
		}
		e := math.Abs(t - o.predicted[row])
		if o.class && e > 0 {
			e = 1
		}
		at := time.Unix(int64(row), 0)
		if w.current.times != nil {
			at = window.Moment(w.current.times[row])
		}
		points, rows = append(points, stream.Point{Time: at, Value: e}), append(rows, row)
	}
	var out []report.Alarm
	for _, d := range []struct {
		name     string
		detector stream.Detector
	}{{"adwin", stream.NewADWIN()}, {"page-hinkley", stream.NewPageHinkley()}} {
		for _, a := range stream.Watch(points, d.detector) {
			alarm := report.Alarm{Detector: d.name, Signal: "error", Row: w.current.from + rows[a.Index]}
			if w.current.times != nil {
				alarm.Time = &a.Time
			}
			out = append(out, alarm)
		}
	}
	return out
}
