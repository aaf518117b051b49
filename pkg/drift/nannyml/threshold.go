package nannyml

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// upperLimit is what a threshold is cut to.
func upperLimit(method Method) float64 {
	if method == KS {
		return 1
	}
	return math.Inf(1)
}

// threshold is mean + 3·std over the reference chunks that have a value.
func threshold(method Method, distances []float64) float64 {
	kept := distances[:0]
	for _, d := range distances {
		if !math.IsNaN(d) {
			kept = append(kept, d)
		}
	}
	return math.Min(stat.Mean(kept)+3*stat.Std(kept), upperLimit(method))
}
