package reportpage_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// samples are reports of every kind, drawn from fixed random numbers.
var samples = sync.OnceValue(func() map[string]report.Report {
	return map[string]report.Report{
		"native": native(), "evidently": evidently(), "stable": stable(), "unknown": unknown(), "bad": bad(),
		"watch": watch(83, false), "watch-time": watch(64, true), "evaluate": evaluate(), "hostile": hostile(func(i int) string { return hostileNames()[i%len(hostileNames())] }), "hundred": hundred(100), "empty": {Compat: report.Native},
	}
})

func base(compat report.Compat, verdict report.Verdict) report.Report {
	return report.Report{
		Version: report.Version, Verdict: verdict, Compat: compat, Drifted: verdict == report.Drifted,
		DriftShare: report.None(), Columns: []report.Column{}, Quality: []report.Finding{},
		Inputs: report.Inputs{
			Reference: &report.Input{Name: "s3://market/elec-first.parquet", Rows: 4531, Columns: 7},
			Current:   &report.Input{Name: "s3://market/elec-last.parquet", Rows: 4532, Columns: 7},
		},
		Settings: report.Settings{FalseAlarmsPerYear: report.None(), WindowsPerYear: report.None(), MinEffect: report.None()},
	}
}

func native() report.Report {
	r := base(report.Native, report.Drifted)
	r.Settings = report.Settings{FalseAlarmsPerYear: 1, WindowsPerYear: 52, MinEffect: 0.1, Blocks: 13, BlockRows: 336}
	from := time.Date(1996, 5, 7, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 3, 0)
	r.Inputs.Reference.From, r.Inputs.Reference.To = &from, &to
	price := numeric("nswprice", 1, 0.067, 0.032, 0.037, 0.028, 30)
	price = judged(price, report.ColumnDrifted, "wasserstein", 0.92, 0.61, 1.23)
	demand := judged(numeric("nswdemand", 2, 0.43, 0.16, 0.45, 0.16, 30), report.ColumnStable, "wasserstein", 0.13, 0, 0.34)
	transfer := numeric("transfer", 3, 0.415, 0, 0.49, 0.17, 24)
	transfer = judged(transfer, report.ColumnDrifted, "wasserstein", 0.97, 0.97, 0.97)
	transfer.Reason, transfer.EffectUnit = "StartedToVary", report.ShareOfRows
	class := judged(categorical("class", []string{"0", "1"}, []int{2602, 1929}, []int{2750, 1782}), report.ColumnStable, "tv", 0.031, 0, 0.11)
	state := judged(categorical("state", []string{"NSW", "VIC", "QLD", "SA"}, []int{3000, 1000, 500, 31}, []int{1600, 1300, 700, 932}), report.ColumnDrifted, "tv", 0.31, 0.22, 0.4)
	state.Importance = 2
	day := report.Column{Name: "timestamp", Type: "datetime", State: report.ColumnSkipped, Score: report.None(), PValue: report.None(),
		Threshold: report.None(), Effect: report.None(), Lower: report.None(), Upper: report.None(), Importance: 1}
	r.Columns = []report.Column{demand, price, transfer, state, class, day}
	r.DriftShare = 0.6
	r.Multivariate = &report.Multivariate{AUC: 0.87, Lower: 0.81, Upper: 0.93, Threshold: 0.55, Drifted: true, Reference: 4000, Current: 4000,
		Columns: []string{"nswdemand", "nswprice", "transfer", "state", "class"}}
	r.Columns[1].Anchor = &report.Anchor{State: report.ColumnDrifted, Drifted: true, Effect: 1.1, Lower: 0.8, Upper: 1.4, Score: 1.1, PValue: report.None(), Threshold: 0.1}
	r.Actions = []report.Action{{Rule: "rules[0] OutOfRange", Column: "nswprice", Do: "QuarantineRows", Rows: 12}, {Rule: "rules[1] Missing", Column: "state", Do: "Repair", Rows: 3}}
	r.Snapshot = &report.Snapshot{Path: "snapshot-0f3a.parquet", SHA256: strings.Repeat("0f3a", 16), Rows: 4520, Quarantined: 12}
	return r
}

func evidently() report.Report {
	r := base(report.Evidently, report.NotDrifted)
	ks := judged(numeric("demand", 4, 0.4, 0.1, 0.43, 0.13, 18), report.ColumnDrifted, "ks", 0.31, math.NaN(), math.NaN())
	ks.Score, ks.PValue, ks.Threshold = 3e-12, 3e-12, 0.05
	psi := judged(numeric("price", 5, 120, 30, 121, 31, 18), report.ColumnStable, "psi", 0.03, math.NaN(), math.NaN())
	psi.Score, psi.Threshold = 0.021, 0.1
	chi := judged(categorical("state", []string{"NSW", "VIC"}, []int{500, 480}, []int{510, 490}), report.ColumnStable, "chisquare", 0.002, math.NaN(), math.NaN())
	chi.Score, chi.PValue, chi.Threshold = 0.71, 0.71, 0.05
	r.Columns = []report.Column{psi, chi, ks}
	return r
}

func stable() report.Report {
	r := native()
	r.Verdict, r.Drifted, r.Multivariate, r.Actions, r.Snapshot = report.NotDrifted, false, nil, nil, nil
	r.Columns = slices.Concat(r.Columns[:1], r.Columns[4:5])
	return r
}

func unknown() report.Report {
	r := base(report.Native, report.Unknown)
	c := judged(numeric("price", 6, 10, 2, 11, 2, 8), report.ColumnUnknown, "wasserstein", math.NaN(), math.NaN(), math.NaN())
	c.Reason = "TooFewBlocks"
	r.Columns = []report.Column{c}
	return r
}

func bad() report.Report {
	r := base(report.Native, report.BadData)
	for _, kind := range []string{"MissingColumn", "UnexpectedColumn", "TypeChanged", "MissingValues", "TypeErrors", "OutOfRange",
		"UnseenCategories", "UnitChanged", "RowCount", "Duplicates", "Stale", "Future"} {
		r.Quality = append(r.Quality, report.Finding{Kind: kind, Column: "nswprice", Side: "current", Value: 0.31, Limit: 0.05,
			Message: "nswprice: 31% of the values are missing, 5% are allowed"})
	}
	return r
}

func watch(n int, timed bool) report.Report {
	r := base(report.Native, report.Drifted)
	r.Settings = report.Settings{FalseAlarmsPerYear: 1, WindowsPerYear: 52, MinEffect: 0.1, Blocks: 12, BlockRows: 336, Window: "336rows"}
	random := rand.New(rand.NewPCG(7, 7))
	start := time.Date(1996, 7, 30, 0, 0, 0, 0, time.UTC)
	names := []string{"nswprice", "transfer", "vicprice", "vicdemand", "nswdemand", "class"}
	level := make([]float64, len(names))
	for i := range n {
		w := report.Window{Index: i, FirstRow: 4032 + 336*i, Rows: 336, Verdict: report.NotDrifted, DriftShare: 0}
		if timed {
			from, to := start.AddDate(0, 0, 7*i), start.AddDate(0, 0, 7*i+7)
			w.From, w.To = &from, &to
		}
		for j, name := range names {
			level[j] = 0.8*level[j] + 0.1*random.Float64()
			effect := level[j]
			if i > 40 && j < 4 {
				effect += 0.4 + 0.1*float64(j)
			}
			c := report.WindowColumn{Name: name, State: report.ColumnStable, Effect: report.Number(effect), Lower: report.Number(max(0, effect-0.25)),
				Upper: report.Number(effect + 0.25), Score: report.Number(effect), Threshold: 0.1}
			if c.Lower > 0.1 {
				c.State, c.Drifted, w.Verdict = report.ColumnDrifted, true, report.Drifted
			}
			if i >= 20 && i < 23 && j == 1 {
				c = report.WindowColumn{Name: name, State: report.ColumnUnknown, Effect: report.None(), Lower: report.None(), Upper: report.None(), Score: report.None(), Threshold: report.None()}
			}
			w.Columns = append(w.Columns, c)
		}
		accuracy := report.Number(0.82 - 0.001*float64(i) + 0.03*random.NormFloat64())
		w.Performance = []report.Figure{{Metric: "accuracy", Value: accuracy, Coverage: 1}, {Metric: "accuracy", Value: accuracy + 0.02, Estimated: true, Coverage: 1}}
		r.Windows = append(r.Windows, w)
	}
	r.Alarms = []report.Alarm{{Detector: "adwin", Signal: "error", Row: 4032 + 336*44, Time: &start}}
	return r
}

func evaluate() report.Report {
	r := base("", report.NotDrifted)
	r.Inputs = report.Inputs{Current: &report.Input{Name: "scored.parquet", Rows: 4032, Columns: 5}}
	outcome := func(metric string, champion, candidate, half float64, verdict string, lower bool) report.MetricOutcome {
		gain := candidate - champion
		if lower {
			gain = -gain
		}
		return report.MetricOutcome{Metric: metric, LowerIsBetter: lower, Champion: report.Number(champion), Candidate: report.Number(candidate),
			Difference: report.Number(gain), Lower: report.Number(gain - half), Upper: report.Number(gain + half), MinDetectable: report.Number(half * 1.4),
			Tolerance: 0.01, Interval: "bootstrap over blocks", Verdict: verdict}
	}
	r.Evaluation = &report.Evaluation{Task: "binary", Rows: 4032, Labelled: 3900, BlockBy: "24h", Blocks: 84, Confidence: 0.95, Decisive: "accuracy", Verdict: "NotWorse",
		Metrics: []report.MetricOutcome{outcome("accuracy", 0.744, 0.752, 0.015, "NotWorse", false), outcome("log loss", 0.52, 0.49, 0.02, "Better", true),
			outcome("cost", 12.1, 12.9, 0.4, "Worse", true), {Metric: "auc", Champion: 0.81, Candidate: 0.82, Difference: 0.01, Lower: report.None(), Upper: report.None(),
				MinDetectable: report.None(), Verdict: "Inconclusive"}},
		Segments: []report.SegmentOutcome{{Column: "state", Value: "SA", Rows: 200, Blocks: 20, Gap: 0.09, MetricOutcome: outcome("accuracy", 0.71, 0.65, 0.05, "Worse", false)},
			{Column: "state", Value: "NSW", Rows: 3000, Blocks: 84, Gap: -0.01, MetricOutcome: outcome("accuracy", 0.744, 0.76, 0.012, "Better", false)}},
		Tests: []report.IndependentTest{{Name: "mcnemar", Statistic: 31, PValue: 0.00001}},
	}
	return r
}

// hostile has names that try to leave their place in the page.
func hostile(name func(i int) string) report.Report {
	r, stream, model := native(), watch(12, false), evaluate()
	for i := range r.Columns {
		r.Columns[i].Name = name(i)
	}
	for i := range r.Columns[3].Labels {
		r.Columns[3].Labels[i] = name(i + 4)
	}
	r.Columns[0].Method, r.Columns[0].Reason, r.Columns[1].EffectUnit = name(2), name(3), name(4)
	r.Inputs.Reference.Name, r.Inputs.Reference.Profile, r.Settings.Window = name(1), name(5), name(6)
	r.Quality = []report.Finding{{Kind: name(0), Column: name(1), Side: "current", Message: name(9)}}
	r.Actions[0].Rule, r.Actions[0].Do, r.Snapshot.Path = name(0), name(1), name(2)
	r.Multivariate.Columns[0] = name(7)
	r.Windows, r.Evaluation, r.Version = stream.Windows, model.Evaluation, name(8)
	for i := range r.Windows {
		for j := range r.Windows[i].Columns {
			r.Windows[i].Columns[j].Name = fmt.Sprint(j) + name(j)
		}
		r.Windows[i].Performance[0].Metric = name(1)
	}
	r.Alarms = []report.Alarm{{Detector: name(1), Signal: name(2)}}
	e := r.Evaluation
	e.BlockBy, e.Decisive, e.Segments[0].Column, e.Segments[0].Value = name(0), name(4), name(2), name(3)
	e.Metrics[0].Metric, e.Tests[0].Name, e.Verdict = name(4), name(5), name(6)
	return r
}

func hostileNames() []string {
	return []string{
		`</style><script>alert(1)</script>`, `"><svg onload=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`, "{{.}}", "<!--", "]]>", "\x00\u202e\u2028",
		strings.Repeat("long", 200), `</title><script>alert(4)</script>`,
	}
}

func hundred(n int) report.Report {
	r := base(report.Evidently, report.Drifted)
	for i := range n {
		name := fmt.Sprintf("feature_%03d", i)
		if i%3 == 2 {
			labels := []string{"red", "green", "blue", "violet", "orange", "white", "black", "grey", "brown", "pink"}
			c := judged(categorical(name, labels, []int{100, 90, 80, 70, 60, 50, 40, 30, 20, 10}, []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}), report.ColumnDrifted, "jensenshannon", 0.4, math.NaN(), math.NaN())
			c.Score, c.Threshold = 0.33, 0.1
			r.Columns = append(r.Columns, c)
			continue
		}
		c := judged(numeric(name, uint64(i%7), 1234.5, 99, 1300, 80, 24), report.ColumnStable, "wasserstein", 0.66, math.NaN(), math.NaN())
		c.Score, c.Threshold = 0.66, 0.1
		r.Columns = append(r.Columns, c)
	}
	return r
}

func judged(c report.Column, state report.ColumnState, method string, effect, lower, upper float64) report.Column {
	c.State, c.Method, c.Drifted = state, method, state == report.ColumnDrifted
	c.Effect, c.Lower, c.Upper = report.Number(effect), report.Number(lower), report.Number(upper)
	c.Score, c.PValue, c.Threshold = report.Number(lower), report.None(), 0.1
	c.Reason = map[report.ColumnState]string{report.ColumnDrifted: "EffectExceeded", report.ColumnStable: "WithinMargin"}[state]
	return c
}

func numeric(name string, seed uint64, mean, deviation, mean2, deviation2 float64, bins int) report.Column {
	random := rand.New(rand.NewPCG(seed, 1))
	draw := func(m, d float64) []float64 {
		values := make([]float64, 4500)
		for i := range values {
			values[i] = m + d*(random.NormFloat64()+0.4*random.ExpFloat64())
		}
		slices.Sort(values)
		return values
	}
	before, after := draw(mean, deviation), draw(mean2, deviation2)
	low, high := min(before[22], after[22]), max(before[4477], after[4477])
	c := report.Column{Name: name, Type: "numerical", EffectUnit: report.StandardDeviations, Importance: 1}
	for i := range bins + 1 {
		c.Edges = append(c.Edges, report.Number(low+(high-low)*float64(i)/float64(bins)))
	}
	c.Reference, c.Current = side(before, low, high, bins), side(after, low, high, bins)
	return c
}

func side(sorted []float64, low, high float64, bins int) report.Side {
	s := report.Side{Rows: len(sorted) + 45, Missing: 45, Distinct: report.DistinctCap, Bins: make([]int, bins)}
	mean, square := 0.0, 0.0
	for _, v := range sorted {
		s.Bins[min(bins-1, max(0, int((v-low)/(high-low)*float64(bins))))]++
		mean += v / float64(len(sorted))
	}
	for _, v := range sorted {
		square += (v - mean) * (v - mean) / float64(len(sorted))
	}
	for _, p := range report.Levels {
		s.Quantiles = append(s.Quantiles, report.Number(sorted[int(p*float64(len(sorted)-1))]))
	}
	s.Mean, s.Std = report.Number(mean), report.Number(math.Sqrt(square))
	return s
}

func categorical(name string, labels []string, before, after []int) report.Column {
	total := func(counts []int) (n int) {
		for _, c := range counts {
			n += c
		}
		return n
	}
	return report.Column{Name: name, Type: "categorical", EffectUnit: report.ShareOfRows, Importance: 1, Labels: slices.Clone(labels),
		Reference: report.Side{Rows: total(before), Distinct: len(labels), Counts: before, Mean: report.None(), Std: report.None()},
		Current:   report.Side{Rows: total(after), Distinct: len(labels), Counts: after, Mean: report.None(), Std: report.None()}}
}
