package main

import (
	"math/rand/v2"

	"github.com/trainyard/trainyard/pkg/drift/gate"
	"github.com/trainyard/trainyard/pkg/drift/perf"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// metric adapts a figure on truth (reference) and score (current).
func metric(value func(truth, score []float64) float64) solver {
	return func(c testCase) (answer, error) { return statistic(value(c.Reference, c.Current)) }
}

// confusion adapts a figure on classes, positive from a score of one half on.
func confusion(value func(perf.Confusion) float64) solver {
	return metric(func(truth, score []float64) float64 {
		return value(perf.NewConfusion(positive(truth), positive(score)))
	})
}

func positive(values []float64) []bool {
	out := make([]bool, len(values))
	for i, v := range values {
		out[i] = v >= 0.5
	}
	return out
}

// ranked adapts a figure on classes and scores.
func ranked(value func(truth []bool, score []float64) float64) solver {
	return metric(func(truth, score []float64) float64 { return value(positive(truth), score) })
}

var classSolvers = map[string]solver{
	"accuracy":          confusion(perf.Confusion.Accuracy),
	"balanced_accuracy": confusion(perf.Confusion.BalancedAccuracy),
	"precision":         confusion(perf.Confusion.Precision),
	"recall":            confusion(perf.Confusion.Recall),
	"f1":                confusion(perf.Confusion.F1),
	"auc":               ranked(perf.AUC),
	"average_precision": ranked(perf.AveragePrecision),
	"log_loss":          ranked(perf.LogLoss),
	"brier":             ranked(perf.Brier),
	"isotonic": func(c testCase) (answer, error) {
		fit := perf.FitIsotonic(c.Current, c.Reference)
		var out answer
		for _, at := range stat.LinearEdges(-0.1, 1.1, 240) {
			out.List = append(out.List, double(fit.At(at)))
		}
		return out, nil
	},
}

var numberSolvers = map[string]solver{
	"mae":  metric(perf.MAE),
	"rmse": metric(perf.RMSE),
	"r2":   metric(perf.R2),
	"quantile_loss": metric(func(truth, predicted []float64) float64 {
		return perf.QuantileLoss(truth, predicted, 0.9)
	}),
}

// estimated adapts a figure that CBPE expects from the scores alone.
func estimated(value func(perf.Confusion) float64) solver {
	return metric(func(_, score []float64) float64 {
		return value(perf.CBPE{}.Estimate(positive(score), score))
	})
}

var estimateSolvers = map[string]solver{
	"accuracy":  estimated(perf.Confusion.Accuracy),
	"precision": estimated(perf.Confusion.Precision),
	"recall":    estimated(perf.Confusion.Recall),
	"f1":        estimated(perf.Confusion.F1),
}

func mcnemar(c testCase) (answer, error) {
	return both(gate.McNemar(positive(c.Reference), positive(c.Current)), nil)
}

func performanceMethods(r *rand.Rand) []method {
	var all []method
	add := func(suite string, solvers map[string]solver, inputs []input) {
		for _, name := range sortedKeys(solvers) {
			all = append(all, method{suite: suite, name: name, solve: solvers[name], cases: toCases(suite, name, "", inputs)})
		}
	}
	classes := scoreInputs(r)
	add("sklearn", classSolvers, classes)
	add("sklearn", numberSolvers, randomInputs(r, [][2]int{{40, 40}, {900, 900}}))
	add("cbpe", estimateSolvers, classes)
	add("scipy", map[string]solver{"mcnemar": mcnemar}, hitInputs(r))
	return all
}

// scoreInputs are labels of both classes and scores in [0, 1], with ties.
func scoreInputs(r *rand.Rand) []input {
	var out []input
	for _, n := range []int{10, 75, 800, 5000} {
		for _, rounded := range []bool{false, true} {
			in := input{name: "scores", kind: "float", reference: []float64{0, 1}, current: []float64{0.4, 0.6}}
			for len(in.reference) < n {
				p := r.Float64()
				in.reference = append(in.reference, float64(int(r.Float64()+p*p)))
				if rounded {
					p = float64(int(p*8)) / 8
				}
				in.current = append(in.current, p)
			}
			out = append(out, in)
		}
	}
	return append(out,
		fixed("certain", []float64{0, 1, 1, 0}, []float64{0, 1, 1, 0}),
		fixed("certainly wrong", []float64{0, 1}, []float64{1, 0}),
		fixed("all alike", []float64{0, 1, 1}, []float64{0.5, 0.5, 0.5}),
	)
}

// hitInputs are which rows either model gets right.
func hitInputs(r *rand.Rand) []input {
	var out []input
	for _, n := range []int{1, 5, 30, 400, 6000} {
		for _, gain := range []float64{0, 0.02, 0.3} {
			in := fixed("hits", nil, nil)
			for range n {
				in.reference = append(in.reference, float64(int(r.Float64()+0.6)))
				in.current = append(in.current, float64(int(r.Float64()+0.6+gain)))
			}
			out = append(out, in)
		}
	}
	return out
}
