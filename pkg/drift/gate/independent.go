package gate

import (
	"math"

	"github.com/trainyard/trainyard/pkg/drift/dist"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// McNemar is the exact test of equal accuracy on the same, independent rows
// (McNemar, 1947): of the rows that one model alone gets right, half should be
// either's. p = min(1, 2·P(X <= min(b, c))) for X binomial over b + c rows with
// probability one half; the statistic is b - c, the candidate's gain in rows.
//
// Rows that depend on each other make it reject far too often: take Compare.
func McNemar(championRight, candidateRight []bool) stat.Result {
	b, c := 0, 0
	for i, champion := range championRight {
		switch {
		case candidateRight[i] && !champion:
			b++
		case champion && !candidateRight[i]:
			c++
		}
	}
	p := math.Min(1, 2*dist.BinomialCDF(min(b, c), b+c, 0.5))
	return stat.Result{Statistic: float64(b - c), P: p}
}

// DeLong is the test of equal area under the curve of two scores on the same,
// independent rows (DeLong, DeLong and Clarke-Pearson, 1988). The statistic is z,
// positive where the candidate's area is larger; NaN where the scores order the
// rows alike or one class is missing.
func DeLong(truth []bool, champion, candidate []float64) stat.Result {
	hits, misses := split(truth, champion)
	moreHits, moreMisses := split(truth, candidate)
	first, second := placements(hits, misses), placements(moreHits, moreMisses)
	difference := stat.Mean(second.positives) - stat.Mean(first.positives)
	variance := gapVariance(first.positives, second.positives) + gapVariance(first.negatives, second.negatives)
	if !(variance > 0) {
		return stat.Result{Statistic: math.NaN(), P: math.NaN()}
	}
	z := difference / math.Sqrt(variance)
	return stat.Result{Statistic: z, P: 2 * dist.NormalSF(math.Abs(z))}
}

func split(truth []bool, score []float64) (positives, negatives []float64) {
	for i, positive := range truth {
		if positive {
			positives = append(positives, score[i])
		} else {
			negatives = append(negatives, score[i])
		}
	}
	return positives, negatives
}

// structure is the placement values of DeLong: for each positive the share of
// negatives below it, for each negative the share of positives above, ties half.
type structure struct{ positives, negatives []float64 }

func placements(positives, negatives []float64) structure {
	above := stat.Sort(append([]float64(nil), positives...))
	below := stat.Sort(append([]float64(nil), negatives...))
	s := structure{positives: make([]float64, len(positives)), negatives: make([]float64, len(negatives))}
	for i, v := range positives {
		s.positives[i] = midshare(below, v)
	}
	for i, v := range negatives {
		s.negatives[i] = 1 - midshare(above, v)
	}
	return s
}

// midshare is the share of values below v, those equal to it half.
func midshare(values stat.Sorted, v float64) float64 {
	return float64(values.Below(v)+values.UpTo(v)) / float64(2*len(values))
}

// gapVariance is the variance of the mean of y - x.
func gapVariance(x, y []float64) float64 {
	gaps := make([]float64, len(x))
	for i := range x {
		gaps[i] = y[i] - x[i]
	}
	return stat.Variance(gaps) / float64(len(gaps))
}
