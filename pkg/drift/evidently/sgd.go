package evidently

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift/mersenne"
)

// The settings of scikit-learn's SGDClassifier(alpha=0.0001, max_iter=50,
// penalty="l1", loss="modified_huber") that Evidently asks for.
const (
	sgdAlpha     = 0.0001
	sgdEpochs    = 50
	sgdTolerance = 0.001
	// sgdPatience is the number of epochs without improvement after which it ends.
	sgdPatience = 5
	// interceptDecay slows the intercept down where rows are sparse.
	interceptDecay = 0.01
)

// sgd is a linear classifier trained row by row (Zhang, 2004), with the cumulative
// L1 penalty of Tsuruoka, Tsujii and Ananiadou (2009).
type sgd struct {
	weights   []float64
	intercept float64
	// charged is the penalty that each weight has had so far.
	charged []float64
	// shown is the sum of the weights' sizes as scikit-learn reckons it for its
	// stopping rule: of the words of the last row that changed anything.
	shown float64
}

func (m *sgd) score(row sparse) float64 {
	sum := 0.0
	for k, index := range row.index {
		sum += m.weights[index] * row.value[k]
	}
	return sum + m.intercept
}

// fitSGD trains on rows in the order in which a generator that is seeded anew each
// epoch shuffles them.
func fitSGD(rows []sparse, current []bool, features int) *sgd {
	m := &sgd{weights: make([]float64, features), charged: make([]float64, features)}
	seeds := mersenne.New(textSeed)
	seeds.UpTo(math.MaxInt32 - 2) // of a sampler that is not used
	seed := seeds.UpTo(math.MaxInt32 - 1)
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	typical := math.Sqrt(1 / math.Sqrt(sgdAlpha))
	start := 1 / (typical / math.Max(1, huberSlope(1, -typical)) * sgdAlpha)
	penalty, step := 0.0, 1.0
	best, waited := math.Inf(1), 0
	for range sgdEpochs {
		shuffle(order, seed)
		objective := 0.0
		for _, i := range order {
			y := -1.0
			if current[i] {
				y = 1
			}
			rate := 1 / (sgdAlpha * (start + step - 1))
			p := m.score(rows[i])
			objective += huberLoss(y, p) + sgdAlpha*m.shown
			m.learn(rows[i], -rate*huberSlope(y, p))
			penalty += rate * sgdAlpha
			m.shrink(rows[i], penalty)
			step++
		}
		objective /= float64(len(rows))
		if objective > best-sgdTolerance {
			waited++
		} else {
			waited = 0
		}
		if best = math.Min(best, objective); waited >= sgdPatience {
			break
		}
	}
	return m
}

func (m *sgd) learn(row sparse, update float64) {
	if update == 0 {
		return
	}
	m.shown = 0
	for k, index := range row.index {
		m.weights[index] += row.value[k] * update
		m.shown += math.Abs(m.weights[index])
	}
	m.intercept += update * interceptDecay
}

// shrink charges the row's weights what the penalty has become, but not past zero.
func (m *sgd) shrink(row sparse, penalty float64) {
	for _, index := range row.index {
		before := m.weights[index]
		switch {
		case before > 0:
			m.weights[index] = math.Max(0, before-(penalty+m.charged[index]))
		case before < 0:
			m.weights[index] = math.Min(0, before+(penalty-m.charged[index]))
		}
		m.charged[index] += m.weights[index] - before
	}
}

// huberLoss is Zhang's modified Huber loss of a score for a class of ±1.
func huberLoss(y, p float64) float64 {
	switch z := p * y; {
	case z >= 1:
		return 0
	case z >= -1:
		return (1 - z) * (1 - z)
	default:
		return -4 * z
	}
}

func huberSlope(y, p float64) float64 {
	switch z := p * y; {
	case z >= 1:
		return 0
	case z >= -1:
		return 2 * (1 - z) * -y
	default:
		return -4 * y
	}
}

// shuffle is Fisher and Yates' with a xorshift generator (Marsaglia, 2003), from
// the front, its numbers cut to 31 bits.
func shuffle(order []int, seed uint32) {
	if seed == 0 {
		seed = 1
	}
	for i := range len(order) - 1 {
		seed ^= seed << 13
		seed ^= seed >> 17
		seed ^= seed << 5
		j := i + int(seed&math.MaxInt32)%(len(order)-i)
		order[i], order[j] = order[j], order[i]
	}
}
