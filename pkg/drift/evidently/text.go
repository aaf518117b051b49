package evidently

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/mersenne"
	"github.com/trainyard/trainyard/pkg/drift/perf"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Evidently's methods for text. The score of both is the area under the curve of
// a classifier that tells current texts from reference texts.
const (
	// TextPercentile drifts above the area that 95 % of a thousand random scores
	// stay below; it is the choice up to 1000 reference rows.
	TextPercentile Method = "perc_text_content_drift"
	// TextAbsolute drifts above an area of 0.55.
	TextAbsolute Method = "abs_text_content_drift"
)

const (
	// textSeed is what Evidently seeds every generator with.
	textSeed = 42
	// randomScores is the number of random areas, and randomSeeds one more than
	// the largest of their seeds.
	randomScores, randomSeeds = 1000, 10_000
)

// CompareTexts is the outcome that Evidently would print for a column of text: half
// of the rows, drawn as scikit-learn's train_test_split draws them, train a
// modified-Huber classifier on words weighed by how rare they are, the other half
// is scored. Texts are those that are not missing, in the order of the rows.
func CompareTexts(name string, reference, current []string, options Options) (drift.Outcome, error) {
	if len(reference) == 0 || len(current) == 0 {
		return drift.Outcome{}, &EmptyError{Column: name, Reference: len(reference) == 0}
	}
	method := options.Method
	if method == "" {
		method = TextAbsolute
		if len(reference) <= smallReference {
			method = TextPercentile
		}
	}
	threshold := map[Method]float64{TextPercentile: 0.95, TextAbsolute: 0.55}[method]
	if threshold == 0 {
		return drift.Outcome{}, &MethodError{Method: method, Column: name, Kind: drift.Text}
	}
	if options.Threshold != nil {
		threshold = *options.Threshold
	}
	train, test := splitTexts(reference, current)
	words, err := fitWords(train.texts)
	if err != nil {
		return drift.Outcome{}, err
	}
	model := fitSGD(words.training(train.texts), train.current, len(words.rarity))
	scores := make([]float64, len(test.texts))
	for i, row := range words.scored(test.texts) {
		scores[i] = (math.Min(1, math.Max(-1, model.score(row))) + 1) / 2
	}
	area := perf.AUC(test.current, scores)
	limit := threshold
	if method == TextPercentile {
		limit = randomArea(test.current, threshold)
	}
	return drift.Outcome{
		Method: string(method), Score: area, Statistic: area, P: math.NaN(), Threshold: threshold, Drifted: area > limit,
	}, nil
}

// labelled are texts of both sides.
type labelled struct {
	texts   []string
	current []bool
}

// splitTexts draws the halves: the first of a permutation is scored, the rest
// trains.
func splitTexts(reference, current []string) (train, test labelled) {
	n := len(reference) + len(current)
	order := make([]int32, n)
	mersenne.New(textSeed).Permute(order)
	for i, row := range order {
		part := &train
		if i < (n+1)/2 {
			part = &test
		}
		if int(row) < len(reference) {
			part.texts, part.current = append(part.texts, reference[row]), append(part.current, false)
		} else {
			part.texts, part.current = append(part.texts, current[int(row)-len(reference)]), append(part.current, true)
		}
	}
	return train, test
}

// randomArea is the area that a share of random scores stays below.
func randomArea(truth []bool, share float64) float64 {
	seeds := mersenne.New(textSeed)
	areas, scores := make([]float64, randomScores), make([]float64, len(truth))
	for i := range areas {
		r := mersenne.New(seeds.UpTo(randomSeeds - 1))
		for k := range scores {
			scores[k] = r.Float64()
		}
		areas[i] = perf.AUC(truth, scores)
	}
	return stat.Sort(areas).Quantile(share)
}
