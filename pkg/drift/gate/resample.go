package gate

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// jackknife leaves out one block after the other. Its pseudo-values n·θ -
// (n-1)·θ₋ᵦ act like independent observations of the difference (Tukey, 1958):
// estimate is their mean, spread its standard error. Both are NaN where the
// difference does not exist without some block.
func jackknife(difference func([]float64) float64, blocks int) (estimate, spread float64) {
	weights := equalWeights(blocks)
	n := float64(blocks)
	whole := difference(weights)
	pseudo := make([]float64, blocks)
	for b := range blocks {
		weights[b] = 0
		pseudo[b] = n*whole - (n-1)*difference(weights)
		weights[b] = 1
	}
	return stat.Mean(pseudo), math.Sqrt(stat.Variance(pseudo) / n)
}

// bootstrap is the interval of differences of blocks drawn with replacement,
// percentile by percentile, widened about the difference by √(n/(n-1)): drawing n
// of n blocks spreads too little by that.
func bootstrap(difference func([]float64) float64, observed, spread float64, blocks int, options Options, tail float64) (lower, upper float64) {
	if spread == 0 {
		return observed, observed
	}
	source := rand.New(rand.NewPCG(options.Seed, uint64(blocks)))
	weights := make([]float64, blocks)
	drawn := make([]float64, 0, options.Replicates)
	for range options.Replicates {
		clear(weights)
		for range blocks {
			weights[source.IntN(blocks)]++
		}
		if d := difference(weights); !math.IsNaN(d) {
			drawn = append(drawn, d)
		}
	}
	slices.Sort(drawn)
	widen := math.Sqrt(float64(blocks) / float64(blocks-1))
	at := func(p float64) float64 { return observed + widen*(stat.Sorted(drawn).Quantile(p)-observed) }
	return at(tail), at(1 - tail)
}
