package perf

import "math"

// Multiclass counts rows by true class and predicted class, both indexes.
type Multiclass struct {
	classes int
	counts  []float64
}

// NewMulticlass counts predictions of a problem with the given number of classes.
func NewMulticlass(classes int, truth, predicted []int) Multiclass {
	m := Multiclass{classes: classes, counts: make([]float64, classes*classes)}
	for i, actual := range truth {
		m.counts[actual*classes+predicted[i]]++
	}
	return m
}

// WeightedMulticlass takes the counts themselves, which need not be whole: those of
// true class a and predicted class p at a·classes + p.
func WeightedMulticlass(classes int, counts []float64) Multiclass {
	return Multiclass{classes: classes, counts: counts}
}

// Class is the problem "this class or another".
func (m Multiclass) Class(class int) Confusion {
	var c Confusion
	for actual := range m.classes {
		for predicted := range m.classes {
			n := m.counts[actual*m.classes+predicted]
			switch {
			case actual == class && predicted == class:
				c.TP += n
			case actual == class:
				c.FN += n
			case predicted == class:
				c.FP += n
			default:
				c.TN += n
			}
		}
	}
	return c
}

// Accuracy is the share of right predictions.
func (m Multiclass) Accuracy() float64 {
	right, rows := 0.0, 0.0
	for i, n := range m.counts {
		rows += n
		if i/m.classes == i%m.classes {
			right += n
		}
	}
	return right / rows
}

// Macro is the plain mean of a binary metric over the classes for which it
// exists. Macro(Confusion.Recall) is the balanced accuracy.
func (m Multiclass) Macro(metric func(Confusion) float64) float64 {
	sum, known := 0.0, 0.0
	for class := range m.classes {
		if v := metric(m.Class(class)); !math.IsNaN(v) {
			sum += v
			known++
		}
	}
	return sum / known
}
