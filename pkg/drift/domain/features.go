package domain

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"unicode"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Row is a sparse row of features: values at ascending or repeated indexes.
type Row struct {
	Index []int32
	Value []float64
}

// Fourier maps rows of numbers to cosines in random directions (Rahimi and Recht,
// "Random Features for Large-Scale Kernel Machines", 2007), in which a linear
// rule is a smooth one of the numbers: it sees spread, shape and correlation.
type Fourier struct {
	mean, scale []float64
	direction   [][]float64
	phase       []float64
}

// fourierFeatures is the number of random directions.
const fourierFeatures = 128

// NewFourier fixes the scale, by the reference, and the directions, by the seed.
// Columns that are constant in the reference are only centred.
func NewFourier(reference stat.Matrix, seed uint64) Fourier {
	r := rand.New(rand.NewPCG(seed, 0x646f6d))
	f := Fourier{mean: make([]float64, reference.Columns), scale: make([]float64, reference.Columns)}
	column := make([]float64, reference.Rows())
	for k := range reference.Columns {
		for i := range column {
			column[i] = reference.Row(i)[k]
		}
		f.mean[k], f.scale[k] = stat.Mean(column), stat.Std(column)
		if f.scale[k] == 0 {
			f.scale[k] = 1
		}
	}
	// A bandwidth that grows with the dimension keeps distances comparable.
	width := 1 / math.Sqrt(float64(reference.Columns))
	for range fourierFeatures {
		direction := make([]float64, reference.Columns)
		for k := range direction {
			direction[k] = r.NormFloat64() * width
		}
		f.direction = append(f.direction, direction)
		f.phase = append(f.phase, 2*math.Pi*r.Float64())
	}
	return f
}

// Row is the features of one row of numbers.
func (f Fourier) Row(values []float64) Row {
	row := Row{Index: make([]int32, len(f.direction)), Value: make([]float64, len(f.direction))}
	for j, direction := range f.direction {
		angle := f.phase[j]
		for k, v := range values {
			angle += direction[k] * (v - f.mean[k]) / f.scale[k]
		}
		row.Index[j], row.Value[j] = int32(j), math.Cos(angle)*math.Sqrt2
	}
	return row
}

// Vocabulary is the number of buckets that words are hashed into.
const Vocabulary = 1 << 14

// Words is a text as its words: lower case, at least two letters or digits,
// hashed, each counted as 1 + ln n, the whole scaled to length one.
func Words(text string) Row {
	counts := map[int32]float64{}
	var order []int32
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
	}) {
		if len(word) < 2 {
			continue
		}
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(word)) // a hash never fails to write
		bucket := int32(hash.Sum32() % Vocabulary)
		if counts[bucket] == 0 {
			order = append(order, bucket)
		}
		counts[bucket]++
	}
	row := Row{Index: order, Value: make([]float64, len(order))}
	length := 0.0
	for i, bucket := range order {
		row.Value[i] = 1 + math.Log(counts[bucket])
		length += row.Value[i] * row.Value[i]
	}
	for i := range row.Value {
		row.Value[i] /= math.Sqrt(length)
	}
	return row
}

// Features is the number of features of a row.
func (f Fourier) Features() int { return len(f.direction) }
