package nannyml

import (
	"errors"
	"fmt"

	"github.com/trainyard/trainyard/pkg/drift"
)

// Method is a distance by NannyML's own name.
type Method string

// NannyML's univariate methods.
const (
	JensenShannon Method = "jensen_shannon"
	Hellinger     Method = "hellinger"
	KS            Method = "kolmogorov_smirnov"
	Wasserstein   Method = "wasserstein"
	Chi2          Method = "chi2"
	LInfinity     Method = "l_infinity"
)

// Default is the method that NannyML takes for every column.
const Default = JensenShannon

// Methods are the names that fit a kind of column.
func Methods(kind drift.Kind) []Method {
	if kind == drift.Categorical {
		return []Method{JensenShannon, Hellinger, Chi2, LInfinity}
	}
	return []Method{JensenShannon, Hellinger, KS, Wasserstein}
}

// MethodError reports a method that does not exist for a kind of column.
type MethodError struct {
	Method Method
	Kind   drift.Kind
}

func (e *MethodError) Error() string {
	return fmt.Sprintf("no method %q for %s columns: take one of %v", e.Method, e.Kind, Methods(e.Kind))
}

// ErrEmpty reports a reference or a chunk without a value.
var ErrEmpty = errors.New("no value that is not missing: leave the column out or widen the window")

// ErrTooFewRows reports a reference that cannot be cut into chunks.
var ErrTooFewRows = errors.New("a reference of fewer than ten rows cannot be cut into chunks: widen it")

// referenceChunks is the number of chunks that the reference is cut into.
const referenceChunks = 10

// chunks cuts rows into chunks of a tenth of them each; what is left over is one
// more chunk.
func chunks(rows int) [][2]int {
	size := rows / referenceChunks
	var out [][2]int
	for from := 0; from < rows; from += size {
		out = append(out, [2]int{from, min(from+size, rows)})
	}
	return out
}
