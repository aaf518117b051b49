package main

import (
	"fmt"
	"math"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/dist"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/stat"
	"github.com/trainyard/trainyard/pkg/drift/stream"
)

// solver is our side of one method.
type solver func(c testCase) (answer, error)

func clone(values []float64) []float64 { return append([]float64(nil), values...) }

func both(r stat.Result, err error) (answer, error) {
	return answer{Statistic: number(r.Statistic), P: number(r.P)}, err
}

func statistic(v float64) (answer, error) { return answer{Statistic: number(v)}, nil }

func probability(v float64) (answer, error) { return answer{P: number(v)}, nil }

// sorted adapts a test on sorted samples.
func sorted(test func(r, c stat.Sorted) (stat.Result, error)) solver {
	return func(c testCase) (answer, error) {
		return both(test(stat.Sort(clone(c.Reference)), stat.Sort(clone(c.Current))))
	}
}

func safe(test func(r, c stat.Sorted) stat.Result) solver {
	return sorted(func(r, c stat.Sorted) (stat.Result, error) { return test(r, c), nil })
}

func kolmogorov(how stat.Exactness) solver {
	return safe(func(r, c stat.Sorted) stat.Result { return stat.KolmogorovSmirnov(r, c, how) })
}

func mannWhitney(alternative stat.Alternative) solver {
	return safe(func(r, c stat.Sorted) stat.Result { return stat.MannWhitney(r, c, alternative, stat.Auto) })
}

var scipySolvers = map[string]solver{
	"ks_auto":             kolmogorov(stat.Auto),
	"ks_exact":            kolmogorov(stat.Exact),
	"ks_asymptotic":       kolmogorov(stat.Asymptotic),
	"cvm":                 sorted(func(r, c stat.Sorted) (stat.Result, error) { return stat.CramerVonMises(r, c, stat.Auto) }),
	"anderson":            sorted(stat.AndersonDarling),
	"epps":                sorted(stat.EppsSingleton),
	"mannwhitney_two":     mannWhitney(stat.TwoSided),
	"mannwhitney_less":    mannWhitney(stat.Less),
	"mannwhitney_greater": mannWhitney(stat.Greater),
	"welch":               func(c testCase) (answer, error) { return both(stat.Welch(c.Reference, c.Current), nil) },
	"student":             func(c testCase) (answer, error) { return both(stat.Student(c.Reference, c.Current), nil) },
	"wasserstein":         func(c testCase) (answer, error) { return statistic(distances(c).Wasserstein) },
	"energy":              func(c testCase) (answer, error) { return statistic(distances(c).Energy) },
	"kstwo": func(c testCase) (answer, error) {
		return probability(dist.KolmogorovSF(int(c.Reference[0]), c.Reference[1]))
	},
	"chi2": func(c testCase) (answer, error) { return probability(dist.ChiSquareSF(c.Reference[0], c.Reference[1])) },
	"student_t": func(c testCase) (answer, error) {
		return probability(dist.StudentTwoSided(c.Reference[0], c.Reference[1]))
	},
	"binomial": func(c testCase) (answer, error) {
		return probability(dist.BinomialCDF(int(c.Reference[0]), int(c.Reference[1]), c.Reference[2]))
	},
	"chisquare": func(c testCase) (answer, error) {
		return both(stat.ChiSquare(c.Current, scaledTo(c.Reference, c.Current)), nil)
	},
	"g":             func(c testCase) (answer, error) { return both(stat.G(c.Current, c.Reference)) },
	"contingency":   func(c testCase) (answer, error) { return both(stat.Contingency(c.Reference, c.Current)) },
	"jensenshannon": func(c testCase) (answer, error) { return statistic(stat.JensenShannon(c.Reference, c.Current)) },
	"kl":            func(c testCase) (answer, error) { return statistic(stat.KullbackLeibler(c.Reference, c.Current)) },
	"fisher": func(c testCase) (answer, error) {
		r, q := c.Reference, c.Current
		return both(stat.Fisher(int(r[0]), int(r[1]), int(q[0]), int(q[1])), nil)
	},
}

func distances(c testCase) stat.Distances {
	return stat.Compare(stat.Sort(clone(c.Reference)), stat.Sort(clone(c.Current)))
}

func scaledTo(counts, like []float64) []float64 {
	return scaled(counts, stat.Sum(like)/stat.Sum(counts))
}

var adjustments = map[string]func([]float64) []float64{
	"bonferroni":         stat.Bonferroni,
	"holm":               stat.Holm,
	"benjamini_hochberg": stat.BenjaminiHochberg,
}

func adjusted(c testCase) (answer, error) {
	var out answer
	for _, v := range adjustments[c.Method](c.Reference) {
		out.List = append(out.List, double(v))
	}
	return out, nil
}

// solveRiver lists the steps at which a detector sees a change.
func solveRiver(c testCase) (answer, error) {
	var detector stream.Detector = stream.NewADWIN()
	if c.Method == "page_hinkley" {
		detector = stream.NewPageHinkley()
	}
	var out answer
	for i, v := range c.Reference {
		if detector.Add(v) {
			out.List = append(out.List, double(i))
		}
	}
	return out, nil
}

// column builds what the profiler would hand to a comparison.
func column(c testCase, kind drift.Kind) drift.Column {
	col := drift.Column{Name: "x", Kind: kind}
	if c.Kind == "label" {
		reference, referenceRows := labels(c.Reference)
		current, currentRows := labels(c.Current)
		col.Counts = drift.CountLabels(reference, current)
		index := map[string]int32{}
		for i, label := range col.Counts.Labels {
			index[label] = int32(i)
		}
		col.Counts.ReferenceRows, col.Counts.CurrentRows = indexed(referenceRows, index), indexed(currentRows, index)
		return col
	}
	col.Numbers = drift.Numbers{
		Reference: stat.Sort(stat.Finite(clone(c.Reference))),
		Current:   stat.Sort(stat.Finite(clone(c.Current))),
		Whole:     c.Kind == "int",
	}
	if kind == drift.Categorical {
		col.Counts = col.Numbers.Counts()
	}
	return col
}

func labels(values []float64) (counts map[string]int, rows []string) {
	counts = map[string]int{}
	for _, v := range values {
		if !math.IsNaN(v) {
			label := fmt.Sprintf("c%d", int(v))
			counts[label]++
			rows = append(rows, label)
		}
	}
	return counts, rows
}

func indexed(rows []string, index map[string]int32) []int32 {
	out := make([]int32, len(rows))
	for i, row := range rows {
		out[i] = index[row]
	}
	return out
}

func solveEvidently(c testCase) (answer, error) {
	method := evidently.Method(c.Method)
	if c.Method == "auto" {
		method = ""
	}
	o, err := evidently.Compare(column(c, drift.Kind(c.As)), evidently.Options{Method: method})
	return answer{P: number(o.Score), Threshold: number(o.Threshold), Drifted: &o.Drifted, Method: o.Method}, err
}

// solvePreset infers the kind from the current data, as Evidently does.
func solvePreset(c testCase) (answer, error) {
	stored := map[string]evidently.Type{"float": evidently.Float, "int": evidently.Integer, "label": evidently.String}[c.Kind]
	distinct := map[float64]bool{}
	present := 0
	for _, v := range c.Current {
		if !math.IsNaN(v) {
			distinct[v] = true
			present++
		}
	}
	kind := evidently.InferKind(stored, len(distinct), present)
	out := answer{Kind: map[drift.Kind]string{drift.Numerical: "num", drift.Categorical: "cat", drift.Text: "text", drift.Unknown: "unknown"}[kind]}
	if kind != drift.Numerical && kind != drift.Categorical {
		return out, nil
	}
	o, err := evidently.Compare(column(c, kind), evidently.Options{})
	out.P, out.Drifted = number(o.Score), &o.Drifted
	return out, err
}

func solveNannyML(c testCase) (answer, error) {
	var o drift.Outcome
	if c.As == "numerical" {
		fitted, err := nannyml.FitContinuous(nannyml.Method(c.Method), c.Reference)
		if err != nil {
			return answer{}, err
		}
		o = fitted.Compare(stat.Sort(stat.Finite(clone(c.Current))))
	} else {
		known := column(c, drift.Categorical).Counts
		fitted, err := nannyml.FitCategories(nannyml.Method(c.Method), known.Labels, known.ReferenceRows)
		if err != nil {
			return answer{}, err
		}
		current, _ := labels(c.Current)
		o = fitted.Compare(current)
	}
	out := answer{Statistic: number(o.Statistic), Drifted: &o.Drifted}
	if c.Method == string(nannyml.Chi2) {
		out.P = number(o.P)
	} else {
		out.Threshold = number(o.Threshold)
	}
	return out, nil
}
