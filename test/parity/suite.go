package main

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// method is one line of the table: its cases and our answer to them.
type method struct {
	suite, name string
	solve       solver
	cases       []testCase
	// floor is the absolute difference in a p-value that counts as none: what the
	// peer itself loses by computing it as one minus something.
	floor float64
}

// lostInSubtraction is a few units in the last place of one; a sum of several
// terms, as of Cramér-von Mises, loses a few more.
const (
	lostInSubtraction = 1e-15
	lostInSeries      = 4e-15
)

func suites(r *rand.Rand) []method {
	var all []method
	all = append(all, scipyMethods(r)...)
	all = append(all, evidentlyMethods(r)...)
	all = append(all, nannymlMethods(r)...)
	all = append(all, riverMethods(r)...)
	all = append(all, performanceMethods(r)...)
	return all
}

func scipyMethods(r *rand.Rand) []method {
	small := randomInputs(r, [][2]int{{5, 7}, {8, 8}, {12, 9}, {20, 15}, {6, 400}})
	medium := randomInputs(r, [][2]int{{60, 45}, {300, 200}, {1000, 700}, {2000, 2000}})
	large := randomInputs(r, [][2]int{{10000, 9000}, {12000, 3000}, {40000, 20000}})
	numeric := append(append(append(small, medium...), large...), adversarialInputs(r)...)
	var all []method
	for _, name := range []string{
		"ks_auto", "ks_asymptotic", "cvm", "anderson", "epps", "mannwhitney_two", "mannwhitney_less",
		"mannwhitney_greater", "welch", "student", "wasserstein", "energy",
	} {
		all = append(all, scipyMethod(name, toCases("scipy", name, "", numeric)))
	}
	all = append(all, scipyMethod("ks_exact", toCases("scipy", "ks_exact", "", append(small, medium...))))
	for _, name := range []string{"chisquare", "g", "contingency", "jensenshannon", "kl"} {
		all = append(all, scipyMethod(name, toCases("scipy", name, "", countInputs(r, name == "g"))))
	}
	all = append(all, scipyMethod("fisher", toCases("scipy", "fisher", "", tableInputs(r))))
	for _, name := range []string{"kstwo", "chi2", "student_t", "binomial"} {
		all = append(all, scipyMethod(name, toCases("scipy", name, "", tailInputs(r, name))))
	}
	for _, name := range sortedKeys(adjustments) {
		all = append(all, method{suite: "statsmodels", name: name, solve: adjusted, cases: toCases("statsmodels", name, "", pInputs(r))})
	}
	return all
}

func scipyMethod(name string, cases []testCase) method {
	m := method{suite: "scipy", name: name, solve: scipySolvers[name], cases: cases}
	switch name {
	case "cvm":
		m.floor = lostInSeries
	case "kstwo", "ks_auto", "ks_asymptotic", "mannwhitney_less", "mannwhitney_greater", "mannwhitney_two", "binomial":
		m.floor = lostInSubtraction
	}
	return m
}

func evidentlyMethods(r *rand.Rand) []method {
	sizes := [][2]int{{50, 40}, {300, 300}, {1000, 500}, {1001, 500}, {4000, 900}, {12000, 2000}}
	numeric := append(append(randomInputs(r, sizes), adversarialInputs(r)...), dirtyInputs(r)...)
	numeric = append(numeric, wholeInputs(r)...)
	tiny := ascending(append(randomInputs(r, [][2]int{{30, 20}, {61, 60}, {40, 45}, {16, 80}, {90, 33}}), adversarialInputs(r)...))
	categories := append(labelInputs(r), wholeInputs(r)...)
	var all []method
	add := func(name, as string, inputs []input) {
		m := method{suite: "evidently", name: name, solve: solveEvidently, cases: toCases("evidently", name, as, inputs)}
		switch evidently.Method(name) {
		case evidently.CramerVM:
			m.floor = lostInSeries
		case evidently.Z, evidently.KS, evidently.MannWhitney, "auto":
			m.floor = lostInSubtraction
		}
		all = append(all, m)
	}
	add("auto", string(drift.Numerical), numeric)
	add("auto", string(drift.Categorical), categories)
	for _, name := range []evidently.Method{
		evidently.KS, evidently.Wasserstein, evidently.Energy, evidently.Anderson, evidently.CramerVM, evidently.Epps,
		evidently.MannWhitney, evidently.T, evidently.PSI, evidently.KL, evidently.JensenShannon, evidently.Hellinger,
	} {
		add(string(name), string(drift.Numerical), numeric)
	}
	add(string(evidently.MMD), string(drift.Numerical), tiny)
	for _, name := range []evidently.Method{
		evidently.Z, evidently.ChiSquare, evidently.PSI, evidently.KL, evidently.JensenShannon, evidently.Hellinger,
	} {
		add(string(name), string(drift.Categorical), categories)
	}
	add(string(evidently.G), string(drift.Categorical), append(labelsOf(r, [][2]int{{50, 50}, {512, 512}, {3000, 3000}}), categories...))
	add(string(evidently.Fisher), string(drift.Categorical), binaryInputs(r))
	add(string(evidently.TVD), string(drift.Categorical), exactShares(r))
	preset := append(thinned(append(numeric, labelInputs(r)...), 3), textInputs(r)...)
	return append(all, method{suite: "preset", name: "DataDriftPreset", solve: solvePreset, cases: toCases("preset", "", "", preset), floor: lostInSubtraction})
}

func nannymlMethods(r *rand.Rand) []method {
	sizes := [][2]int{{50, 40}, {333, 100}, {1000, 250}, {9999, 1500}, {10007, 2000}, {25000, 3000}}
	numeric := append(append(randomInputs(r, sizes), adversarialInputs(r)...), missingInputs(r)...)
	var all []method
	for _, name := range nannyml.Methods(drift.Numerical) {
		all = append(all, method{suite: "nannyml", name: string(name), solve: solveNannyML,
			cases: toCases("nannyml", string(name), string(drift.Numerical), numeric)})
	}
	for _, name := range nannyml.Methods(drift.Categorical) {
		all = append(all, method{suite: "nannyml", name: string(name), solve: solveNannyML,
			cases: toCases("nannyml", string(name), string(drift.Categorical), labelInputs(r))})
	}
	return all
}

// ascending sorts both sides: a seeded permutation test depends on the order of
// the rows, and ours sees them sorted.
func ascending(inputs []input) []input {
	for i := range inputs {
		inputs[i].reference, inputs[i].current = stat.Sort(clone(inputs[i].reference)), stat.Sort(clone(inputs[i].current))
	}
	return inputs
}

// thinned keeps one input in every few: a whole report takes the peer a second.
func thinned(inputs []input, every int) []input {
	var out []input
	for i := 0; i < len(inputs); i += every {
		out = append(out, inputs[i])
	}
	return out
}

func riverMethods(r *rand.Rand) []method {
	var all []method
	for _, name := range []string{"adwin", "page_hinkley"} {
		all = append(all, method{suite: "river", name: name, solve: solveRiver, cases: toCases("river", name, "", levelInputs(r))})
	}
	return all
}

// levelInputs are streams whose level steps or creeps.
func levelInputs(r *rand.Rand) []input {
	var out []input
	for _, step := range []float64{0, 0.1, 0.5, 2, 10, -3} {
		for _, n := range []int{40, 1000, 6000} {
			jump, creep := fixed("step", nil, nil), fixed("creep", nil, nil)
			for i := range n {
				noise := r.NormFloat64()
				jump.reference = append(jump.reference, noise+step*float64(3*i/n))
				creep.reference = append(creep.reference, noise+step*float64(i)/float64(n))
			}
			out = append(out, jump, creep)
		}
	}
	coin := fixed("coin", nil, nil)
	for i := range 4000 {
		coin.reference = append(coin.reference, float64((r.IntN(10)+i/2000)/9))
	}
	return append(out, coin, fixed("constant", repeat(1, 500), nil))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func toCases(suite, name, as string, inputs []input) []testCase {
	var out []testCase
	for _, in := range inputs {
		out = append(out, testCase{
			Suite: suite, Method: name, As: as, Kind: in.kind,
			Reference: in.reference, Current: in.current, name: in.name,
		})
	}
	return out
}

// countInputs are counts by category, on request with equal totals.
func countInputs(r *rand.Rand, equal bool) []input {
	var out []input
	for i := range 60 {
		k := 2 + r.IntN(1+i)
		reference, current := make([]float64, k), make([]float64, k)
		for j := range reference {
			reference[j], current[j] = float64(1+r.IntN(500)), float64(r.IntN(500))
		}
		current[0]++
		if equal && i%5 != 0 {
			current = clone(reference)
			moved := math.Floor(current[0] / 2)
			current[0] -= moved
			current[1] += moved
		}
		out = append(out, fixed("counts", reference, current))
	}
	return append(out,
		fixed("unseen category", []float64{10, 20, 0}, []float64{10, 15, 5}),
		fixed("vanished category", []float64{10, 20, 5}, []float64{15, 20, 0}),
		fixed("same", []float64{10, 20, 5}, []float64{10, 20, 5}),
	)
}

func tableInputs(r *rand.Rand) []input {
	out := []input{
		fixed("empty row", []float64{0, 0}, []float64{3, 4}),
		fixed("symmetric", []float64{8, 8}, []float64{8, 8}),
		fixed("diagonal", []float64{50, 0}, []float64{0, 50}),
	}
	for _, top := range []int{5, 30, 400, 20000} {
		for range 25 {
			cell := func() float64 { return float64(r.IntN(top)) }
			out = append(out, fixed("table", []float64{cell(), cell()}, []float64{cell(), cell()}))
		}
	}
	return out
}

// tailInputs are arguments of a distribution's tail.
func tailInputs(r *rand.Rand, name string) []input {
	var out []input
	for range 300 {
		n := math.Floor(math.Exp(r.Float64() * 14))
		var arguments []float64
		switch name {
		case "kstwo":
			arguments = []float64{n, math.Min(1, 3*r.Float64()/math.Sqrt(n))}
		case "chi2":
			arguments = []float64{n * math.Exp(r.NormFloat64()*3/math.Sqrt(n)), n}
		case "student_t":
			arguments = []float64{r.NormFloat64() * 4, n}
		default:
			p := r.Float64()
			arguments = []float64{math.Max(0, math.Floor(n*p+3*r.NormFloat64()*math.Sqrt(n*p*(1-p)))), n, p}
		}
		out = append(out, fixed("tail", arguments, nil))
	}
	return out
}

func pInputs(r *rand.Rand) []input {
	var out []input
	for i := range 40 {
		p := make([]float64, 1+i)
		for j := range p {
			p[j] = math.Pow(r.Float64(), 4)
		}
		out = append(out, fixed("p-values", p, nil))
	}
	return append(out, fixed("ties", []float64{0.01, 0.01, 0.5, 0.5, 1, 0}, nil))
}

func binaryInputs(r *rand.Rand) []input {
	var out []input
	for i, n := range []int{1, 2, 7, 40, 300, 5000} {
		for range 5 {
			in := input{name: "binary", kind: "label"}
			for range n {
				in.reference = append(in.reference, float64(r.IntN(2)))
				in.current = append(in.current, float64(r.IntN(2+i)/(1+i)))
			}
			out = append(out, in)
		}
	}
	return append(out, input{name: "unequal", kind: "label", reference: []float64{0, 1}, current: []float64{1}})
}

// exactShares are samples whose sizes are powers of two, so that every share and
// every sum of shares is exact in a double and equal distances are equal: else
// the peer's own p-value hangs on the order in which it adds.
func exactShares(r *rand.Rand) []input {
	var out []input
	for _, categories := range []int{1, 2, 3, 5, 9} {
		for _, size := range [][2]int{{32, 32}, {64, 16}, {128, 128}} {
			in := input{name: "exact shares", kind: "label"}
			for range size[0] {
				in.reference = append(in.reference, skewed(r, categories))
			}
			for range size[1] {
				in.current = append(in.current, skewed(r, categories))
			}
			out = append(out, in)
		}
	}
	return out
}

// textInputs are columns of mostly distinct words, which only their kind is
// compared of.
func textInputs(r *rand.Rand) []input {
	var out []input
	for _, distinct := range []int{49, 50, 51, 52} {
		in := input{name: "half distinct", kind: "label", reference: sequence(0, 1, 100)}
		for i := range 100 {
			in.current = append(in.current, float64(min(i, distinct-1)))
		}
		r.Shuffle(100, func(i, j int) { in.current[i], in.current[j] = in.current[j], in.current[i] })
		out = append(out, in)
	}
	return out
}

// missingInputs have gaps but no infinities.
func missingInputs(r *rand.Rand) []input {
	in := fixed("missing", nil, nil)
	for range 900 {
		v := r.NormFloat64()
		if r.IntN(5) == 0 {
			v = math.NaN()
		}
		in.reference = append(in.reference, v)
		in.current = append(in.current, v*1.1)
	}
	return []input{in, fixed("all missing", repeat(math.NaN(), 50), repeat(1, 10)), fixed("nine rows", sequence(0, 1, 9), sequence(0, 1, 9))}
}
