package native

import "github.com/trainyard/trainyard/pkg/drift/stat"

// Sample is what one column holds in one block or window, cleaned. A numerical
// column has Numbers, any other Counts.
type Sample struct {
	Numbers stat.Sorted
	Counts  map[string]int
}

// rows is the number of values.
func (s Sample) rows() int {
	n := len(s.Numbers)
	for _, count := range s.Counts {
		n += count
	}
	return n
}

// Effect is the distance that a numerical column is judged by.
type Effect string

const (
	// Wasserstein is the first Wasserstein distance in standard deviations of the
	// reference: 0.1 is a shift of all values by a tenth of a deviation.
	Wasserstein Effect = "wasserstein"
	// KolmogorovSmirnov is the largest difference of the distribution functions:
	// 0.1 is a tenth of the rows on another side of some value. Take it where
	// rare, huge values make the standard deviation meaningless.
	KolmogorovSmirnov Effect = "ks"
	// TotalVariation is what categories are always judged by: 0.1 is a tenth of
	// the rows in another category.
	TotalVariation Effect = "tv"
)
