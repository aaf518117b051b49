package profile

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift/gate"
	"github.com/trainyard/trainyard/pkg/drift/perf"
)

// metric is a figure of a model that can be compared over blocks.
type metric struct {
	name          string
	lowerIsBetter bool
	// build takes rows of the table and their blocks.
	build func(o *outcomes, rows, block []int, blocks int) gate.Metric
}

// choose lists the metrics that fit the task and the columns, the one that decides
// first.
func (e *evaluation) choose() ([]metric, error) {
	var all []metric
	switch e.task() {
	case "regression":
		all = e.regression()
	case "binary":
		all = e.binary()
	default:
		all = e.multiclass()
	}
	if e.options.Metric == "" {
		return all, nil
	}
	at := slices.IndexFunc(all, func(m metric) bool { return m.name == e.options.Metric })
	if at < 0 {
		names := make([]string, len(all))
		for i, m := range all {
			names[i] = m.name
		}
		return nil, fmt.Errorf("--metric is %q: of these columns take one of %s", e.options.Metric, strings.Join(names, ", "))
	}
	return append([]metric{all[at]}, slices.Delete(slices.Clone(all), at, at+1)...), nil
}

// binary metrics are of two classes.
func (e *evaluation) binary() []metric {
	all := []metric{
		confusion("accuracy", perf.Confusion.Accuracy), confusion("balanced_accuracy", perf.Confusion.BalancedAccuracy),
		confusion("precision", perf.Confusion.Precision), confusion("recall", perf.Confusion.Recall), confusion("f1", perf.Confusion.F1),
	}
	if e.champion.score != nil {
		all = append(all,
			metric{"auc", false, ranked(func(b []int, t []bool, s []float64) gate.Metric { return gate.NewArea(b, t, s) })},
			metric{"average_precision", false, ranked(func(b []int, t []bool, s []float64) gate.Metric { return gate.NewFound(b, t, s) })})
	}
	if e.probabilities() {
		all = append(all, mean("log_loss", logLoss), mean("brier", brier))
	}
	if costs := e.options.Costs; costs != nil {
		m := confusion("cost", func(c perf.Confusion) float64 { return c.Cost(*costs) })
		m.lowerIsBetter = true
		all = append(all, m)
	}
	return all
}

// probabilities says that both models' scores are some, and not only an order.
func (e *evaluation) probabilities() bool {
	for _, o := range []*outcomes{&e.champion, &e.candidate} {
		if o.score == nil {
			return false
		}
		for _, row := range e.rows {
			if p := o.score[row]; !(p >= 0 && p <= 1) {
				return false
			}
		}
	}
	return true
}

func confusion(name string, finish func(perf.Confusion) float64) metric {
	return metric{name, false, func(o *outcomes, rows, block []int, blocks int) gate.Metric {
		return gate.NewSums(block, blocks, func(i int) []float64 {
			truth, said := int(o.truth[rows[i]]) == o.positive, int(o.predicted[rows[i]]) == o.positive
			return []float64{indicator(truth && said), indicator(!truth && said), indicator(truth && !said), indicator(!truth && !said)}
		}, func(s []float64) float64 { return finish(perf.Confusion{TP: s[0], FP: s[1], FN: s[2], TN: s[3]}) })
	}}
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func ranked(build func(block []int, truth []bool, score []float64) gate.Metric) func(*outcomes, []int, []int, int) gate.Metric {
	return func(o *outcomes, rows, block []int, _ int) gate.Metric {
		truth, score := make([]bool, len(rows)), make([]float64, len(rows))
		for i, row := range rows {
			truth[i], score[i] = int(o.truth[row]) == o.positive, o.score[row]
		}
		return build(block, truth, score)
	}
}

// mean is a metric that is the mean of a loss a row.
func mean(name string, loss func(o *outcomes, row int) float64) metric {
	return metric{name, true, func(o *outcomes, rows, block []int, blocks int) gate.Metric {
		values := make([]float64, len(rows))
		for i, row := range rows {
			values[i] = loss(o, row)
		}
		return gate.NewMean(block, blocks, values)
	}}
}

// logLoss and brier of one row are those of a data set of one row.
func logLoss(o *outcomes, row int) float64 {
	return perf.LogLoss([]bool{int(o.truth[row]) == o.positive}, []float64{o.score[row]})
}

func brier(o *outcomes, row int) float64 {
	return perf.Brier([]bool{int(o.truth[row]) == o.positive}, []float64{o.score[row]})
}

func (e *evaluation) multiclass() []metric {
	classes := len(e.champion.classes)
	sums := func(name string, finish func(perf.Multiclass) float64) metric {
		return metric{name, false, func(o *outcomes, rows, block []int, blocks int) gate.Metric {
			return gate.NewSums(block, blocks, func(i int) []float64 {
				cell := make([]float64, classes*classes)
				cell[int(o.truth[rows[i]])*classes+int(o.predicted[rows[i]])] = 1
				return cell
			}, func(s []float64) float64 { return finish(perf.WeightedMulticlass(classes, s)) })
		}}
	}
	return []metric{
		sums("accuracy", perf.Multiclass.Accuracy),
		sums("balanced_accuracy", func(m perf.Multiclass) float64 { return m.Macro(perf.Confusion.Recall) }),
		sums("macro_f1", func(m perf.Multiclass) float64 { return m.Macro(perf.Confusion.F1) }),
	}
}

func (e *evaluation) regression() []metric {
	absolute := func(o *outcomes, row int) float64 { return math.Abs(o.truth[row] - o.predicted[row]) }
	all := []metric{mean("mae", absolute), {"rmse", true, func(o *outcomes, rows, block []int, blocks int) gate.Metric {
		return gate.NewSums(block, blocks, func(i int) []float64 {
			d := o.truth[rows[i]] - o.predicted[rows[i]]
			return []float64{d * d, 1}
		}, func(s []float64) float64 { return math.Sqrt(s[0] / s[1]) })
	}}, {"r2", false, explained}}
	if e.options.Season > 0 {
		var series []float64
		for _, row := range e.rows {
			series = append(series, e.champion.truth[row])
		}
		naive := perf.NaiveError(series, e.options.Season)
		all = append(all, mean("mase", func(o *outcomes, row int) float64 { return absolute(o, row) / naive }))
	}
	if q := e.options.Quantile; q > 0 {
		all = append(all, mean("quantile_loss", func(o *outcomes, row int) float64 {
			return perf.QuantileLoss([]float64{o.truth[row]}, []float64{o.predicted[row]}, q)
		}))
	}
	return all
}

// explained is R², about the mean of the rows that count.
func explained(o *outcomes, rows, block []int, blocks int) gate.Metric {
	// Taken about one value of the truth, so that large values do not cancel.
	origin := o.truth[rows[0]]
	return gate.NewSums(block, blocks, func(i int) []float64 {
		y, d := o.truth[rows[i]]-origin, o.truth[rows[i]]-o.predicted[rows[i]]
		return []float64{1, y, y * y, d * d}
	}, func(s []float64) float64 { return 1 - s[3]/(s[2]-s[1]*s[1]/s[0]) })
}
