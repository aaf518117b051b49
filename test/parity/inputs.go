package main

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// input is a named pair of samples.
type input struct {
	name               string
	kind               string
	reference, current []float64
}

// draw makes n values.
type draw func(r *rand.Rand) float64

var shapes = []struct {
	name string
	draw draw
}{
	{"normal", func(r *rand.Rand) float64 { return r.NormFloat64() }},
	{"uniform", func(r *rand.Rand) float64 { return r.Float64()*20 - 5 }},
	{"lognormal", func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) }},
	{"cauchy", func(r *rand.Rand) float64 { return math.Tan(math.Pi * (r.Float64() - 0.5)) }},
	{"rounded", func(r *rand.Rand) float64 { return math.Round(r.NormFloat64()*10) / 10 }},
	{"small whole", func(r *rand.Rand) float64 { return float64(r.IntN(7)) }},
	{"large whole", func(r *rand.Rand) float64 { return float64(r.IntN(100000)) }},
	{"two values", func(r *rand.Rand) float64 { return float64(r.IntN(2)) }},
	{"far from zero", func(r *rand.Rand) float64 { return 1e6 + r.NormFloat64() }},
	{"bimodal", func(r *rand.Rand) float64 { return r.NormFloat64() + 8*float64(r.IntN(2)) }},
}

// changes are what may happen to the current side.
var changes = []struct {
	name   string
	change func(v float64, r *rand.Rand) float64
}{
	{"same", func(v float64, _ *rand.Rand) float64 { return v }},
	{"shifted", func(v float64, _ *rand.Rand) float64 { return v + 0.5 }},
	{"far", func(v float64, _ *rand.Rand) float64 { return v + 1e3 }},
	{"stretched", func(v float64, _ *rand.Rand) float64 { return v * 1.7 }},
	{"mixed", func(v float64, r *rand.Rand) float64 {
		if r.IntN(10) == 0 {
			return v + 3
		}
		return v
	}},
}

// randomInputs draws pairs of the given sizes from every shape.
func randomInputs(r *rand.Rand, sizes [][2]int) []input {
	var out []input
	for i, size := range sizes {
		for _, shape := range shapes {
			change := changes[r.IntN(len(changes))]
			in := input{name: fmt.Sprintf("%s %s %d/%d #%d", shape.name, change.name, size[0], size[1], i), kind: "float"}
			for range size[0] {
				in.reference = append(in.reference, shape.draw(r))
			}
			for range size[1] {
				in.current = append(in.current, change.change(shape.draw(r), r))
			}
			out = append(out, in)
		}
	}
	return out
}

func fixed(name string, reference, current []float64) input {
	return input{name: name, kind: "float", reference: reference, current: current}
}

func repeat(v float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func sequence(from, step float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = from + step*float64(i)
	}
	return out
}

func scaled(values []float64, by float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v * by
	}
	return out
}

// adversarialInputs are what breaks formulas: no spread, one value, no overlap,
// the ends of the double range.
func adversarialInputs(r *rand.Rand) []input {
	normal := make([]float64, 300)
	for i := range normal {
		normal[i] = r.NormFloat64()
	}
	inputs := []input{
		fixed("all equal", repeat(3, 40), repeat(3, 30)),
		fixed("two constants", repeat(3, 40), repeat(4, 30)),
		fixed("constant reference", repeat(0, 40), normal[:30]),
		fixed("constant current", normal[:40], repeat(0, 30)),
		fixed("identical", normal, normal),
		fixed("no overlap", sequence(0, 1, 50), sequence(100, 1, 60)),
		fixed("one against many", normal[:1], normal[1:]),
		fixed("many against one", normal[1:], normal[:1]),
		fixed("one against one", []float64{1}, []float64{2}),
		fixed("two against two", []float64{1, 2}, []float64{2, 3}),
		fixed("interleaved", sequence(0, 2, 64), sequence(1, 2, 64)),
		fixed("huge", scaled(normal[:100], 1e300), scaled(normal[100:200], 1e300)),
		fixed("denormal", scaled(normal[:100], 1e-310), scaled(normal[100:200], 1e-310)),
		fixed("one step apart", sequence(1, 0x1p-52, 80), sequence(1, 0x1p-51, 70)),
		fixed("signed zeros", append(repeat(0, 20), repeat(math.Copysign(0, -1), 20)...), append(repeat(math.Copysign(0, -1), 30), 1)),
		fixed("outlier", append(sequence(0, 0.01, 200), 1e12), sequence(0, 0.01, 150)),
		fixed("power of two", sequence(0, 1, 256), sequence(0, 1, 256)),
		fixed("21 distinct", sequence(0, 1, 21), sequence(0, 1, 21)),
		fixed("heavy tie", append(repeat(0, 500), normal[:50]...), append(repeat(0, 300), normal[50:100]...)),
		fixed("tiny spread", sequence(5, 1e-9, 400), sequence(5, 1e-9, 350)),
		fixed("three values", []float64{1, 2, 3}, []float64{1, 2, 3}),
		fixed("six values", []float64{1, 2, 3, 4, 5, 6}, []float64{2, 3, 4, 5, 6, 7}),
		fixed("rank extremes", sequence(0, 1, 8), sequence(1000, 1, 500)),
	}
	return inputs
}

// dirtyInputs carry what cleaning must take out.
func dirtyInputs(r *rand.Rand) []input {
	dirty := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			switch out[i] = r.NormFloat64(); r.IntN(6) {
			case 0:
				out[i] = math.NaN()
			case 1:
				out[i] = math.Inf(1 - 2*r.IntN(2))
			}
		}
		return out
	}
	return []input{
		fixed("missing and infinite", dirty(400), dirty(300)),
		fixed("large, missing and infinite", dirty(2500), dirty(700)),
		fixed("nothing but missing", repeat(math.NaN(), 50), dirty(50)),
		fixed("nothing but infinite", dirty(50), repeat(math.Inf(1), 50)),
	}
}

// wholeInputs are columns that pandas stores as int64.
func wholeInputs(r *rand.Rand) []input {
	var out []input
	for _, spread := range []int{1, 2, 3, 5, 6, 10, 12, 21, 30, 200, 5000} {
		for _, size := range [][2]int{{90, 70}, {900, 400}, {2500, 1200}} {
			in := input{name: fmt.Sprintf("whole below %d, %d/%d", spread, size[0], size[1]), kind: "int"}
			for range size[0] {
				in.reference = append(in.reference, float64(r.IntN(spread)))
			}
			for range size[1] {
				in.current = append(in.current, float64(r.IntN(spread)+r.IntN(2)))
			}
			out = append(out, in)
		}
	}
	return out
}

// labelInputs are columns of text categories.
func labelInputs(r *rand.Rand) []input {
	return labelsOf(r, [][2]int{{64, 64}, {256, 128}, {800, 1024}, {2048, 512}, {3000, 700}})
}

func labelsOf(r *rand.Rand, sizes [][2]int) []input {
	var out []input
	for _, categories := range []int{1, 2, 3, 5, 9, 40, 300} {
		for _, size := range sizes {
			for _, unseen := range []int{0, 1} {
				in := input{name: fmt.Sprintf("%d categories, %d unseen, %d/%d", categories, unseen, size[0], size[1]), kind: "label"}
				for range size[0] {
					in.reference = append(in.reference, skewed(r, categories))
				}
				for range size[1] {
					in.current = append(in.current, skewed(r, categories+unseen))
				}
				out = append(out, in)
			}
		}
	}
	return out
}

// skewed favours the first categories.
func skewed(r *rand.Rand, categories int) float64 {
	return math.Floor(float64(categories) * r.Float64() * r.Float64())
}
