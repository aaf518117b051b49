package domain

import "math"

const (
	// steps of accelerated gradient descent; the penalty makes the problem well
	// conditioned, and a classifier that is a little short of its optimum ranks
	// rows alike.
	steps = 150
	// ridge is the penalty on the weights, per row.
	ridge = 0.01
)

// logistic is a fitted rule.
type logistic struct {
	weights   []float64
	intercept float64
}

// fit minimises the mean logistic loss, both classes weighing the same, plus the
// ridge, by Nesterov's method with the step that the rows' lengths allow.
func fit(rows []Row, current []bool, features int) logistic {
	positives, longest := 0.0, 0.0
	for i, row := range rows {
		if current[i] {
			positives++
		}
		longest = math.Max(longest, squaredLength(row))
	}
	share := [2]float64{0.5 / (float64(len(rows)) - positives), 0.5 / positives}
	rate := 1 / (0.25*(longest+1) + ridge)
	model, ahead := logistic{weights: make([]float64, features)}, logistic{weights: make([]float64, features)}
	gradient := make([]float64, features)
	momentum := 1.0
	for range steps {
		slope := lossGradient(ahead, rows, current, share, gradient)
		next := (1 + math.Sqrt(1+4*momentum*momentum)) / 2
		carry := (momentum - 1) / next
		momentum = next
		for k, g := range gradient {
			stepped := ahead.weights[k] - rate*(g+ridge*ahead.weights[k])
			ahead.weights[k] = stepped + carry*(stepped-model.weights[k])
			model.weights[k] = stepped
		}
		stepped := ahead.intercept - rate*slope
		ahead.intercept = stepped + carry*(stepped-model.intercept)
		model.intercept = stepped
	}
	return model
}

// lossGradient fills gradient and returns the intercept's.
func lossGradient(m logistic, rows []Row, current []bool, share [2]float64, gradient []float64) float64 {
	clear(gradient)
	intercept := 0.0
	for i, row := range rows {
		p := 1 / (1 + math.Exp(-m.score(row)))
		residual := p * share[0]
		if current[i] {
			residual = (p - 1) * share[1]
		}
		intercept += residual
		for k, index := range row.Index {
			gradient[index] += residual * row.Value[k]
		}
	}
	return intercept
}

func (m logistic) score(row Row) float64 {
	sum := m.intercept
	for k, index := range row.Index {
		sum += m.weights[index] * row.Value[k]
	}
	return sum
}

func squaredLength(row Row) float64 {
	sum := 0.0
	for _, v := range row.Value {
		sum += v * v
	}
	return sum
}
